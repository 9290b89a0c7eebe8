"""Vivado's reports of a netlist, in the layouts of its releases; the figures are computed from the sources."""

from __future__ import annotations

from amd_stand_in.console import MARK, now
from amd_stand_in.devices import DEVICES, Platform
from amd_stand_in.hardware.netlist import STATES, Netlist
from amd_stand_in.hardware.verilog import Size
from amd_stand_in.release import order


def _head(release: str, command: str, netlist: Netlist, title: str, state: bool = True) -> list[str]:
    device = netlist.part.partition("-")
    rows = [
        ("Tool Version", f"Vivado v.{release} (lin64) Build 0 (stand-in)"),
        ("Date", now()),
        ("Host", "stand-in"),
        ("Command", command),
        ("Design", netlist.top),
        ("Device", f"{device[0].removeprefix('xc')}-{device[2]}" if state else device[0]),
    ]
    if not state:
        rows.append(("Speed File", "-2L"))
    if state:
        rows.append(("Design State", netlist.state if netlist.state != "Physopt postPlace" else "Physopt postPlace"))
    rule = "-" * 120
    return [
        f"Copyright 1986-{release[:4]} Xilinx, Inc. All Rights Reserved.",
        rule,
        *(f"| {k:<12} : {v}" for k, v in rows),
        rule,
        "",
        title,
        "",
    ]


def table(rows: list[list[str]]) -> list[str]:
    """A framed table; the first column is left-aligned, the others right-aligned."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rule = "+" + "+".join("-" * (w + 2) for w in widths) + "+"
    lines = [rule]
    for at, row in enumerate(rows):
        cells = [
            c.ljust(w) if i == 0 or at == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("| " + " | ".join(cells) + " |")
        if at == 0:
            lines.append(rule)
    return [*lines, rule]


def _share(used: float, available: int) -> str:
    if not used:
        return "0.00"
    percent = 100 * used / max(1, available)
    return "<0.01" if percent < 0.01 else f"{percent:.2f}"


def _section(number: str, title: str) -> list[str]:
    text = f"{number}. {title}"
    return [text, "-" * len(text), ""]


def utilization(release: str, command: str, netlist: Netlist) -> str:
    """`report_utilization`, flat."""
    size, (lut, ff, bram, uram, dsp) = netlist.size(), DEVICES[netlist.part].total
    star = "*" if netlist.state == "Synthesized" else ""
    prohibited = order(release) >= (2021, 1)
    columns = ["Site Type", "Used", "Fixed", *(["Prohibited"] if prohibited else []), "Available", "Util%"]

    def row(name: str, used: float, available: int) -> list[str]:
        shown = f"{used:g}" if isinstance(used, float) else str(used)
        return [name, shown, "0", *(["0"] if prohibited else []), str(available), _share(used, available)]

    def rows(*entries: tuple[str, float, int]) -> list[str]:
        return table([columns, *(row(*entry) for entry in entries)])

    lines = _head(release, command, netlist, "Utilization Design Information")
    lines += [
        "Table of Contents",
        "-----------------",
        "1. CLB Logic",
        "2. BLOCKRAM",
        "3. ARITHMETIC",
        "4. Black Boxes",
        "5. Instantiated Netlists",
        "",
    ]
    lines += _section("1", "CLB Logic")
    lines += rows(
        (f"CLB LUTs{star}", size.lut, lut),
        ("  LUT as Logic", size.lut - size.lut_memory, lut),
        ("  LUT as Memory", size.lut_memory, lut // 2),
        ("CLB Registers", size.ff, ff),
        ("  Register as Flip Flop", size.ff, ff),
        ("  Register as Latch", 0, ff),
    )
    if star:
        lines.append(
            "* Warning! The Final LUT count, after physical optimizations and full implementation, is typically lower. Run opt_design after synthesis, if not already completed, for a more realistic count."
        )
    lines += [
        "",
        *_section("2", "BLOCKRAM"),
        *rows(
            ("Block RAM Tile", size.bram18 / 2, bram),
            ("  RAMB36/FIFO*", size.bram18 // 2, bram),
            ("  RAMB18", size.bram18 % 2, bram * 2),
            ("URAM", size.uram, uram),
        ),
    ]
    lines += ["", *_section("3", "ARITHMETIC"), *rows(("DSPs", size.dsp, dsp))]
    lines += [
        "",
        *_section("4", "Black Boxes"),
        *table([["Ref Name", "Used"], *([name, "1"] for name in netlist.black_boxes)]),
    ]
    lines += ["", *_section("5", "Instantiated Netlists"), *table([["Ref Name", "Used"]]), "", MARK, ""]
    return "\n".join(lines)


def hierarchy(release: str, command: str, netlist: Netlist, depth: int) -> str:
    """`report_utilization -hierarchical`."""
    lines = _head(release, command, netlist, "Utilization Design Information")
    lines += [
        "Table of Contents",
        "-----------------",
        "1. Utilization by Hierarchy",
        "",
        *_section("1", "Utilization by Hierarchy"),
    ]
    rows = [
        [
            "Instance",
            "Module",
            "Total LUTs",
            "Logic LUTs",
            "LUTRAMs",
            "SRLs",
            "FFs",
            "RAMB36",
            "RAMB18",
            "URAM",
            "DSP Blocks" if order(release) >= (2020, 1) else "DSP48 Blocks",
        ]
    ]

    def numbers(size: Size) -> list[str]:
        return [
            str(v)
            for v in (
                size.lut,
                size.lut - size.lut_memory,
                size.lut_memory,
                0,
                size.ff,
                size.bram18 // 2,
                size.bram18 % 2,
                size.uram,
                size.dsp,
            )
        ]

    known: dict[str, Size] = {}

    def walk(name: str, module: str, level: int) -> None:
        size = netlist.size(module, known)
        rows.append([" " * (2 * level) + name, "(top)" if level == 0 else module, *numbers(size)])
        cell = netlist.modules.get(module)
        if cell is None or (depth and level >= depth):
            return
        if cell.instances:
            rows.append([" " * (2 * level + 2) + f"({name})", "(top)" if level == 0 else module, *numbers(cell.size)])
        for instance, inner in cell.instances:
            walk(instance, inner, level + 1)

    walk(netlist.top, netlist.top, 0)
    note = "* Note: The sum of lower-level cells may be larger than their parent cells total, due to cross-hierarchy LUT combining"
    return "\n".join([*lines, *table(rows), note, "", "", MARK, ""])


def slack(netlist: Netlist, forced: str | None) -> float | None:
    """Worst slack in ns; None if no clock constrains anything. The smaller the design, the larger the slack."""
    if not netlist.clocks:
        return None
    period = min(period for period, _ in netlist.clocks.values())
    if forced is not None:
        return float(forced or -0.137)
    size = netlist.size()
    path = 0.9 + 0.11 * max(1, (size.lut + 1).bit_length()) + (0.25 if STATES.index(netlist.state) >= 2 else 0)
    return round(period - path, 3)


def timing(release: str, command: str, netlist: Netlist, forced: str | None) -> str:
    """`report_timing_summary`."""
    lines = _head(release, command, netlist, "Timing Summary Report", state=False)
    long = "-" * 96

    def part(title: str) -> list[str]:
        return ["", "", long, f"| {title}", f"| {'-' * len(title)}", long, ""]

    worst = slack(netlist, forced)
    ends = netlist.size().ff
    lines += [
        *part("Timer Settings"),
        "  Enable Multi Corner Analysis               :  Yes",
        "",
        "check_timing report",
        "",
        "Table of Contents",
        "-----------------",
    ]
    free = 0 if netlist.clocks else ends
    lines += [
        f"1. checking no_clock ({free})",
        "",
        f"1. checking no_clock ({free})",
        "-" * 24,
        f" There are {free} register/latch pins with no clock.",
        "",
    ]
    heads = [
        "WNS(ns)",
        "TNS(ns)",
        "TNS Failing Endpoints",
        "TNS Total Endpoints",
        "WHS(ns)",
        "THS(ns)",
        "THS Failing Endpoints",
        "THS Total Endpoints",
        "WPWS(ns)",
        "TPWS(ns)",
        "TPWS Failing Endpoints",
        "TPWS Total Endpoints",
    ]
    if worst is None:
        values = (
            ["inf", "0.000", "0", str(ends), "inf", "0.000", "0", str(ends), "NA", "NA", "NA", "NA"]
            if ends
            else ["NA"] * 12
        )
    else:
        failing = max(1, ends // 50) if worst < 0 else 0
        values = [
            f"{worst:.3f}",
            f"{min(0.0, worst) * failing / 2 if failing > 1 else min(0.0, worst):.3f}",
            str(failing),
            str(ends),
            "0.024",
            "0.000",
            "0",
            str(ends),
            "1.200",
            "0.000",
            "0",
            str(ends),
        ]

    def ruled(first: list[tuple[str, str]], take: int = 12) -> list[str]:
        heads_ = [h for h, _ in first] + heads[:take]
        cells = [c for _, c in first] + values[:take]
        widths = [max(len(h), len(c)) for h, c in zip(heads_, cells, strict=True)]
        return [
            "  ".join(
                h.rjust(w) if i >= len(first) else h.ljust(w)
                for i, (h, w) in enumerate(zip(heads_, widths, strict=True))
            ),
            "  ".join(
                ("-" * len(h)).rjust(w) if i >= len(first) else ("-" * len(h)).ljust(w)
                for i, (h, w) in enumerate(zip(heads_, widths, strict=True))
            ),
            "  ".join(
                c.rjust(w) if i >= len(first) else c.ljust(w)
                for i, (c, w) in enumerate(zip(cells, widths, strict=True))
            ),
        ]

    lines += part("Design Timing Summary") + ["    " + line for line in ruled([])]
    verdict = (
        "There are no user specified timing constraints."
        if worst is None
        else "All user specified timing constraints are met."
        if worst >= 0
        else "Timing constraints are not met."
    )
    lines += ["", "", verdict, *part("Clock Summary")]
    if netlist.clocks:
        lines += [
            f"{'Clock':<10}  {'Waveform(ns)':<20}  {'Period(ns)':<12}  {'Frequency(MHz)':<14}",
            f"{'-----':<10}  {'------------':<20}  {'----------':<12}  {'--------------':<14}",
        ]
        lines += [
            f"{name:<10}  {f'{{0.000 {period / 2:.3f}}}':<20}  {f'{period:.3f}':<12}  {1000 / period:<14.3f}"
            for name, (period, _) in netlist.clocks.items()
        ]
    lines += part("Intra Clock Table")
    if netlist.clocks:
        lines += ruled([("Clock", next(iter(netlist.clocks)))])
    lines += part("Inter Clock Table") + part("Other Path Groups Table") + part("Timing Details") + ["", MARK, ""]
    return "\n".join(lines)


def accelerator(
    release: str, netlist: Netlist, platform: Platform, kernel: str, units: list[tuple[str, Size]], state: str
) -> str:
    """`report_accelerator_utilization`; v++ writes it as `kernel_util_*.rpt`."""
    command = f"report_accelerator_utilization -kernels {{ {kernel} }} -file kernel_util_{state.lower()}.rpt -name kernel_util_{state.lower()} -json"
    lines = _head(release, command, netlist, "Accelerator Utilization Design Information")
    lines = [line.replace(f"| Design State : {netlist.state}", f"| Design State : {state}") for line in lines]
    lut, ff, bram, uram, dsp = platform.budget
    budget = (lut, platform.lut_memory, ff, bram, uram, dsp)

    def amounts(size: Size) -> tuple[int, ...]:
        return size.lut, size.lut_memory, size.ff, -(-size.bram18 // 2), size.uram, size.dsp

    total = Size()
    for _, size in units:
        total = total + size
    used = amounts(total)
    device = DEVICES[platform.part].total
    whole = (device[0], device[0] // 2, device[1], device[2], device[3], device[4])

    def row(name: str, values: tuple[int, ...], of: tuple[int, ...]) -> list[str]:
        return [name, *(f"{v} [{100 * v / o if o else 0:6.2f}%]" for v, o in zip(values, of, strict=True))]

    rows = [
        ["Name", "LUT", "LUTAsMem", "REG", "BRAM", "URAM", "DSP"],
        row("Platform", platform.overhead, whole),
        row("User Budget", budget, budget),
        row("   Used Resources", used, budget),
        row("   Unused Resources", tuple(b - u for b, u in zip(budget, used, strict=True)), budget),
        row(kernel, used, budget),
    ]
    rows += [row(f"   {name}", amounts(size), budget) for name, size in units]
    return "\n".join(
        [
            *lines,
            "Table of Contents",
            "-----------------",
            "1. System Utilization",
            "",
            *_section("1", "System Utilization"),
            *table(rows),
            "",
            MARK,
            "",
        ]
    )


def slr(release: str, command: str, netlist: Netlist, use: list[Size]) -> str:
    """`report_utilization -slr`: one size per SLR."""
    device = DEVICES[netlist.part].slrs
    names = [f"SLR{at}" for at in range(len(device))]
    lines = _head(release, command, netlist, "Utilization Design Information")
    lines += [
        "Table of Contents",
        "-----------------",
        "1. SLR Connectivity",
        "2. SLR CLB Logic and Dedicated Block Utilization",
        "",
        *_section("1", "SLR Connectivity"),
    ]
    rows = [["", "Used", "Fixed", "Available", "Util%"]]
    rows += [[f"SLR{at + 1} <-> SLR{at}", "0", "", "23040", "0.00"] for at in reversed(range(len(device) - 1))]
    rows.append(["Total SLLs Used", "0", "", "", ""])
    lines += [*table(rows), "", *_section("2", "SLR CLB Logic and Dedicated Block Utilization")]
    heads = ["Site Type", *names, *(f"{name} %" for name in names)]

    def row(name: str, used: list[float], available: list[int]) -> list[str]:
        return [name, *(f"{u:g}" for u in used), *(_share(u, a) for u, a in zip(used, available, strict=True))]

    lines += table([
        heads,
        row("CLB LUTs", [s.lut for s in use], [d[0] for d in device]),
        row("CLB Registers", [s.ff for s in use], [d[1] for d in device]),
        row("Block RAM Tile", [s.bram18 / 2 for s in use], [d[2] for d in device]),
        row("URAM", [s.uram for s in use], [d[3] for d in device]),
        row("DSPs", [s.dsp for s in use], [d[4] for d in device]),
    ])  # fmt: skip
    return "\n".join([*lines, "", MARK, ""])
