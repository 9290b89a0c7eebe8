"""Show values on a terminal: a report field by field, or the summary of a project."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from config.fpga_resources import LABELS, NAMES
from reports.folder import Report
from reports.hls.csynth import Range
from reports.project.failed import failed_runs
from reports.reading.note import Note
from reports.reading.stand_in import MARK
from reports.summary.hls_solutions import Solution
from reports.summary.rollup import RollUp, Use
from reports.vivado.accelerator import AcceleratorUtilization
from reports.vivado.timing import Slacks

MAX_ROWS = 40
"""Lists are cut to this many rows; `--json` has all of them."""
MAX_NAME = 36
"""Netlist names in lists are shortened to this many characters."""

NO_VALUE = "no value"
INVENTED = f"STAND-IN: no tool has written this; all figures are invented ({MARK} marks them)"
_BRIEF: dict[type, tuple[str, ...]] = {
    Slacks: ("wns_ns", "tns_failing", "whs_ns", "ths_failing", "wpws_ns", "tpws_failing")
}
"""In lists only these fields of a type are shown; all fields would be wider than a terminal."""


def words(value: Any) -> str:
    """Return a scalar or a short tuple as text. An absent value becomes "no value", never blank or zero."""
    if value is None:
        return NO_VALUE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.6g}" if math.isfinite(value) else str(value)
    if isinstance(value, tuple):
        return ", ".join(words(item) for item in value) if value else "none"
    if is_dataclass(value) and _is_record(value):
        return ", ".join(f"{field.name} {words(getattr(value, field.name))}" for field in fields(value))
    return str(value)


def report(item: Report) -> RenderableType:
    """Return the display of one report: its fields, then a table for each list."""
    where = item.file if item.line == 1 else f"{item.file}:{item.line}"
    parts: list[RenderableType] = [Text(f"{where}: {item.kind}", style="bold")]
    if item.stand_in:
        parts.append(Text("  STAND-IN: no tool has written this; all figures are invented", style="bold red"))
    pairs = Table(box=None, show_header=False, pad_edge=False)
    lists: list[tuple[str, tuple[Any, ...]]] = []
    kernels = isinstance(item.value, AcceleratorUtilization)
    for name, value in _flat("", item.value):
        if kernels and isinstance(value, tuple):
            continue
        if isinstance(value, tuple) and value and is_dataclass(value[0]):
            lists.append((name, value))
        else:
            pairs.add_row(Text(name.replace("_", " "), style="dim"), Text(words(value)))
    parts.append(Padding(pairs, (0, 0, 0, 2)))
    parts.extend(Padding(_list(name, value), (0, 0, 0, 2)) for name, value in lists)
    if isinstance(item.value, AcceleratorUtilization):
        parts.append(Padding(_accelerator(item.value), (0, 0, 0, 2)))
    return Group(*parts, Text())


def _accelerator(value: AcceleratorUtilization) -> Table:
    """Return the table of a kernel utilization report; its lists become rows."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(Text("where"), overflow="fold")
    for name in value.resources:
        table.add_column(Text(name), justify="right", no_wrap=True)
    rows = [("platform", value.platform), ("budget", value.budget), ("used", value.used), ("unused", value.unused)]
    for kernel in value.kernels:
        rows.append((kernel.name, kernel.amounts))
        rows.extend((f"  {unit.name}", unit.amounts) for unit in kernel.compute_units)
    for name, amounts in rows:
        table.add_row(Text(name), *(Text(f"{amount.used:,}") for amount in amounts))
    return table


def _is_record(value: Any) -> bool:
    """Whether a dataclass has no text form of its own; a bound has one."""
    return "__str__" not in vars(type(value))


def _flat(prefix: str, value: Any, *, brief: bool = False) -> Iterator[tuple[str, Any]]:
    """Yield the fields of `value` and of the records in it; `brief` selects those for a row of a list."""
    chosen = _BRIEF.get(type(value)) if brief else None
    for field in fields(value):
        name = f"{prefix}{field.name}"
        item = getattr(value, field.name)
        if chosen is not None and field.name not in chosen:
            continue
        if is_dataclass(item) and _is_record(item):
            yield from _flat("" if brief or field.name == "header" else f"{name} ", item, brief=brief)
        else:
            yield name, item


def _list(name: str, values: tuple[Any, ...]) -> Table:
    title = f"{name.replace('_', ' ')} ({len(values)})"
    table = Table(title=title, title_justify="left", title_style="dim", box=None, pad_edge=False, header_style="dim")
    rows = [dict(_flat("", value, brief=True)) for value in values[:MAX_ROWS]]
    # Rows may lack a record that others have, so collect the names of all rows. Leave out columns without any value.
    names = [
        name for name in dict.fromkeys(name for row in rows for name in row) if any(_there(row, name) for row in rows)
    ]
    for name_of_column in names:
        numbers = all(isinstance(row.get(name_of_column), (int, float, type(None))) for row in rows)
        head = Text(name_of_column.replace("_", " "))
        # Names may be folded; folded numbers could not be read.
        table.add_column(head, overflow="fold", no_wrap=numbers, justify="right" if numbers else "left")
    for row in rows:
        table.add_row(*(Text(_cell(row.get(name_of_column))) for name_of_column in names))
    if len(values) > MAX_ROWS:
        table.add_row(Text(f"… {len(values) - MAX_ROWS} more", style="dim"))
    return table


def _there(row: dict[str, Any], name: str) -> bool:
    return row.get(name) is not None and row.get(name) != ()


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, tuple) and value and is_dataclass(value[0]):
        return f"({len(value)})"
    return _short(words(value))


def _short(text: str) -> str:
    """Shorten a long netlist name to its two ends; leave sentences as they are. `--json` has the full texts."""
    if len(text) <= MAX_NAME or " " in text:
        return text
    first, last = text.partition("/")[0][: MAX_NAME // 3], text[-(MAX_NAME - MAX_NAME // 3 - 3) :]
    return f"{first}/…{last[last.find('/') :] if '/' in last[:-1] else last}"


def design(item: RollUp) -> RenderableType:
    """Return the summary of a design: totals, SLRs, instances, timing, power, missing reports."""
    state = item.state or "state unknown"
    parts: list[RenderableType] = [
        Text(f"{item.design}{_where(item)}: {item.device or 'device unknown'}, {state}, {item.tool}", "bold")
    ]
    if item.stand_in:
        parts.append(Text(f"  {INVENTED}", "bold red"))
    table = Table(box=None, pad_edge=False, collapse_padding=True, header_style="dim")
    table.add_column(Text("where"), overflow="fold", min_width=12)
    for name in NAMES:
        table.add_column(Text(LABELS[name]), justify="right", no_wrap=True)
    if item.uses:
        table.add_row(Text("design"), *_uses(item.uses, invented=item.stand_in))
        table.add_row(Text("available"), *_available(item.uses), style="dim")
    for slr in item.slrs:
        table.add_row(Text(slr.slr), *_uses(slr.uses, invented=item.stand_in))
    for instance in item.instances[:MAX_ROWS]:
        name = "  " * instance.depth + instance.path.rpartition("/")[2]
        table.add_row(Text(name), *_uses(instance.uses, invented=item.stand_in))
    if len(item.instances) > MAX_ROWS:
        table.add_row(Text(f"… {len(item.instances) - MAX_ROWS} more", style="dim"))
    if table.row_count:
        parts.append(Padding(table, (0, 0, 0, 2)))
    parts.append(Text(f"  timing  {_timing(item)}"))
    if item.slls_used is not None:
        parts.append(Text(f"  between SLRs  {item.slls_used:,} lines"))
    if item.total_on_chip_w is not None:
        parts.append(Text(f"  power  {words(item.total_on_chip_w)} W on chip"))
    parts.extend(Text(f"  note  {line}", style="yellow") for line in item.notes)
    parts.extend(Text(f"  missing  {line}", style="yellow") for line in item.missing)
    return Group(*parts, Text())


def _where(item: RollUp) -> str:
    places = [place for place in (item.folder, item.variant) if place not in ("", ".")]
    return f" ({', '.join(places)})" if places else ""


def _uses(uses: tuple[Use, ...], *, invented: bool) -> list[Text]:
    found = {use.resource: use for use in uses}
    cells = []
    for name in NAMES:
        use = found.get(name)
        if use is None or use.used is None:
            cells.append(Text("-"))
        else:
            percent = use.util_percent
            share = "" if percent is None else f" {percent:.2f}%" if isinstance(percent, float) else f" {percent}%"
            cells.append(Text(f"{MARK if invented else ''}{use.used:,}{share}"))
    return cells


def _available(uses: tuple[Use, ...]) -> list[Text]:
    found = {use.resource: use.available for use in uses}
    return [Text("-" if found.get(name) is None else words(found[name])) for name in NAMES]


def _timing(item: RollUp) -> str:
    timing = item.timing
    if timing is None:
        return NO_VALUE
    numbers = f"WNS {words(timing.wns_ns)}, WHS {words(timing.whs_ns)}, WPWS {words(timing.wpws_ns)} (ns)"
    fails = f", fails {words(timing.fails)}" if timing.fails else ""
    return f"{MARK if item.stand_in else ''}{timing.verdict}: {numbers}{fails}"


def notes(items: tuple[Note, ...]) -> list[str]:
    """Return one line for each remark; remarks of the same words name the first file and the number of others."""
    files: dict[str, list[Note]] = {}
    for item in items:
        files.setdefault(item.what, []).append(item)
    return [f"{found[0]}{f' (and {len(found) - 1} more)' if len(found) > 1 else ''}" for found in files.values()]


def failures(items: list[Report]) -> RenderableType:
    """Return one line for each failed run, with its cause."""
    lines = [Text(str(one), style="red") for one in failed_runs(items)]
    return Group(*lines, Text()) if lines else Group()


def other_designs(items: tuple[RollUp, ...], first: RollUp) -> RenderableType:
    """Return one line for each further design of a project, e.g. those synthesised out of context.

    Designs of one name, `first` among them, are told apart by their folders.
    """
    names = [first.design, *(item.design for item in items)]
    twice = {name for name in names if names.count(name) > 1}
    note = f" ({MARK} marks a stand-in's figures, which are invented)" if any(item.stand_in for item in items) else ""
    table = Table(title=f"further designs{note}", title_justify="left", title_style="dim", box=None, pad_edge=False)
    for head in ("design", "device", "state", *(LABELS[name] for name in NAMES), "timing"):
        table.add_column(Text(head), overflow="fold", header_style="dim")
    for item in items[:MAX_ROWS]:
        verdict = NO_VALUE if item.timing is None else f"{MARK if item.stand_in else ''}{item.timing.verdict}"
        uses = _uses(item.uses, invented=item.stand_in)
        name = Text(f"{item.design}{_where(item) if item.design in twice else ''}")
        table.add_row(name, Text(item.device or "-"), Text(item.state or "-"), *uses, Text(verdict))
    if len(items) > MAX_ROWS:
        table.add_row(Text(f"… {len(items) - MAX_ROWS} more", style="dim"))
    return Group(table, Text())


def solution(item: Solution) -> RenderableType:
    """Return the summary of an HLS solution: its functions, the top first, and missing reports."""
    parts: list[RenderableType] = [
        Text(f"{item.folder}: HLS of {item.top or NO_VALUE}, {item.device or NO_VALUE}", "bold")
    ]
    if item.stand_in:
        parts.append(Text(f"  {INVENTED}", "bold red"))
    table = Table(box=None, pad_edge=False, collapse_padding=True, header_style="dim")
    table.add_column(Text("estimate of"), overflow="fold", min_width=11)
    for head in ("latency", "interval", "ns", *(LABELS[name] for name in NAMES)):
        table.add_column(Text(head), justify="right", no_wrap=True)
    for function in item.functions[:MAX_ROWS]:
        cycles = (_cycles(function.latency_cycles), _cycles(function.interval_cycles))
        uses = {use.resource: use.used for use in function.uses}
        cells = [*cycles, _cell(function.estimated_ns), *(_cell(uses.get(name)) for name in NAMES)]
        mark = MARK if item.stand_in else ""
        table.add_row(Text(function.name), *(Text(f"{mark}{cell}") for cell in cells))
    if len(item.functions) > MAX_ROWS:
        table.add_row(Text(f"… {len(item.functions) - MAX_ROWS} more", style="dim"))
    parts.append(Padding(table, (0, 0, 0, 2)))
    if item.cosim_passed is not None:
        cycles_seen = None if item.cosim_latency_cycles is None else _cycles(item.cosim_latency_cycles)
        latency = "" if cycles_seen in (None, "?") else f", latency {cycles_seen} cycles"
        parts.append(Text(f"  co-simulation  {'passed' if item.cosim_passed else 'failed'}{latency}"))
    if item.timing_met is not None:
        parts.append(Text(f"  timing in Vivado  {'met' if item.timing_met else 'failed'}"))
    parts.extend(Text(f"  copied to  {folder}", style="dim") for folder in item.copies)
    parts.extend(Text(f"  note  {line}", style="yellow") for line in item.notes)
    parts.extend(Text(f"  missing  {line}", style="yellow") for line in item.missing)
    return Group(*parts, Text())


def _cycles(value: Range) -> str:
    if value.min is None or value.max is None:
        return "?"
    return f"{value.min:,}" if value.min == value.max else f"{value.min:,}-{value.max:,}"
