"""Vivado's results for an exported HLS function: `<top>_export.rpt`, `export_syn.rpt`, `export_impl.rpt`.

The older layout has lines `LUT:  48` under `#===` titles, the newer one has parts under banners and a table of periods.
Both say whether timing was met and give periods but no slacks; the XML form has both. Layouts from public reports of
2023.1 and 2025.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reports.hls.text import GridRow, Part, parts
from reports.reading.errors import TruncatedReportError, UnknownLayoutError
from reports.reading.expect import expect
from reports.reading.kind import Kind, Precedence
from reports.reading.number import number
from reports.vivado.table import Lines

RESOURCES = ("SLICE", "CLB", "LUT", "FF", "DSP", "BRAM", "URAM", "LATCH", "SRL")
"""Names of the resources. BRAM counts half tiles, as in HLS."""

_STAGES = {"Place & Route": "implementation", "Synthesis": "synthesis"}
_BANNER = re.compile(r"== Vivado (?P<stage>Place & Route|Synthesis) Results")
_OLD_HEAD = re.compile(r"Implementation tool: +\S.*?v?\.?(?P<version>[0-9]{4}\.[0-9.]{1,8})")
_OLD_FIELD = re.compile(r"(?P<key>[A-Z][A-Za-z -]{0,40}): +(?P<value>\S.*)")
_OLD_TITLE = re.compile(r"#=== (?P<title>.{1,60}?) ===")
_VERSION = re.compile(r"[0-9]{4}\.[0-9.]{1,8}")
_VERDICTS = {"timing met": True, "timing was met": True, "timing not met": False, "timing was not met": False}


@dataclass(frozen=True)
class ExportUse:
    """The used amount of a resource, and the amount in the device (in the XML only)."""

    resource: str
    used: int
    available: int | None = None


@dataclass(frozen=True)
class HlsExport:
    """The result of `export_design -flow syn` or `-flow impl`.

    `stage` is "synthesis" or "implementation". Periods are in ns. A function without registers has no periods, and its
    `timing_met` is None. Slacks (`wns_ns`, `wns_synthesis_ns`, `tns_ns`) come from the XML only.
    """

    version: str
    device: str | None
    stage: str
    top: str | None
    target_ns: float | None
    synthesis_ns: float | None
    route_ns: float | None
    timing_met: bool | None
    resources: tuple[ExportUse, ...]
    wns_ns: float | None = None
    wns_synthesis_ns: float | None = None
    wns_route_ns: float | None = None
    tns_ns: float | None = None


def matches(head: str) -> bool:
    """Whether a text begins like the result of an export, in either layout."""
    lines = [line.rstrip() for line in head[:4000].split("\n")[:12]]
    return any(_BANNER.fullmatch(line) or _OLD_HEAD.fullmatch(line) for line in lines)


def parse(text: str, file: str = "") -> HlsExport:
    """Return the value of an export report. Raises ReportError."""
    expect(text, file, matches, "the result of an HLS export")
    lines = Lines(text, file)
    banner = next((found for line in lines[:12] if (found := _BANNER.fullmatch(line.rstrip()))), None)
    return _new(lines, banner["stage"]) if banner else _old(lines)


def _new(lines: Lines, stage: str) -> HlsExport:
    found = {part.title: part for part in parts(lines)}
    head = found.get(f"Vivado {stage} Results")
    summary = found.get(f"{stage} Resource Summary")
    timing = found.get(f"{stage} Timing Summary")
    if head is None or summary is None or timing is None:
        what = f"no part '{stage} Resource Summary' or '{stage} Timing Summary'"
        raise TruncatedReportError(lines.file, len(lines), what, "the file was cut off")
    fields = head.fields()
    version = _VERSION.match(fields.get("Version", ""))
    if version is None:
        raise TruncatedReportError(lines.file, head.begin, "the head has no 'Version'", "expected it under the title")
    periods = _periods(timing)
    return HlsExport(
        version=version[0],
        device=fields.get("Target device") or None,
        stage=_STAGES[stage],
        top=None,
        target_ns=periods.get("Target"),
        synthesis_ns=periods.get("Post-Synthesis"),
        route_ns=periods.get("Post-Route"),
        timing_met=_verdict([lines[at] for at in range(timing.begin, timing.end)]),
        resources=_uses(lines, summary.begin, summary.end),
    )


def _periods(part: Part) -> dict[str, float | None]:
    at = part.begin
    while at < part.end and not part.lines[at].strip().startswith("+-"):
        at += 1
    grid = part.grid(at)
    rows: tuple[GridRow, ...] = grid.rows if grid else ()
    return {row.text("Timing") or "": row.nanoseconds("Period (ns)") for row in rows}


def _old(lines: Lines) -> HlsExport:
    fields: dict[str, str] = {}
    titles: dict[str, int] = {}
    version = ""
    for at, raw in enumerate(lines):
        line = raw.strip()
        title = _OLD_TITLE.fullmatch(line)
        head = _OLD_HEAD.fullmatch(line)
        field = _OLD_FIELD.fullmatch(line)
        if title:
            titles[title["title"]] = at + 1
        elif head:
            version = head["version"]
        elif field:
            fields.setdefault(field["key"], field["value"].strip())
    usage = next((title for title in titles if title.endswith("Resource usage")), None)
    if usage is None or "Final timing" not in titles:
        what = "no 'Resource usage' or no 'Final timing'"
        raise TruncatedReportError(lines.file, len(lines), what, "the file was cut off")
    implemented = "Implementation" in usage or "CP achieved post-implementation" in fields
    return HlsExport(
        version=version,
        device=fields.get("Device target"),
        stage="implementation" if implemented else "synthesis",
        top=None,
        target_ns=_period(lines, fields, "CP required"),
        synthesis_ns=_period(lines, fields, "CP achieved post-synthesis"),
        route_ns=_period(lines, fields, "CP achieved post-implementation"),
        timing_met=_verdict(lines[titles["Final timing"] :]),
        resources=_uses(lines, titles[usage], len(lines)),
    )


def _period(lines: Lines, fields: dict[str, str], key: str) -> float | None:
    text = fields.get(key)
    if text is None or text == "NA":
        return None
    value = number(text)
    if value is None:
        raise UnknownLayoutError(lines.file, None, f"'{key}' is '{text[:40]}'", "expected a period in ns")
    return float(value)


def _uses(lines: Lines, begin: int, end: int) -> tuple[ExportUse, ...]:
    found: list[ExportUse] = []
    for at in range(begin, end):
        name, colon, value = lines[at].strip().partition(":")
        if not colon or name not in RESOURCES:
            if found:
                break
            continue
        used = number(value.strip())
        if not isinstance(used, int):
            raise UnknownLayoutError(lines.file, at + 1, f"'{name}' is '{value.strip()[:40]}'", "expected a count")
        found.append(ExportUse(name, used))
    if not found:
        raise TruncatedReportError(lines.file, begin, "no resources", "expected 'LUT: …' and others")
    return tuple(found)


def _verdict(lines: list[str]) -> bool | None:
    """Return whether timing was met; None if no line says so."""
    for line in lines:
        verdict = _VERDICTS.get(line.strip().lstrip("* ").rstrip(".").lower())
        if verdict is not None:
            return verdict
    return None


KIND = Kind(
    "hls_export",
    Precedence.TITLE,
    matches,
    parse,
    heads=("== Vivado Place & Route Results", "== Vivado Synthesis Results", "Implementation tool: Xilinx Vivado"),
)
