"""A folder of reports, and a build, for GitHub: annotations of what went wrong, and a summary of the job."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from config.fpga_resources import LABELS, NAMES
from reports.project.ci import Annotation, gate_annotations, gate_summary, markdown, write_summary
from reports.project.failed import FailedRun
from reports.reading.errors import ReportError
from reports.reading.note import Note
from reports.reading.stand_in import MARK
from reports.summary.build_report import BlockRow, BuildReport, Cell, Rate, Total
from reports.summary.gates import cases
from reports.summary.hls_solutions import Solution
from reports.summary.rollup import RollUp


def annotation_lines(
    failed: Iterable[FailedRun], errors: Iterable[ReportError], notes: Iterable[Note], designs: Iterable[RollUp]
) -> list[Annotation]:
    """Return what went wrong in a folder of reports: failed runs and files, missed timing, remarks."""
    found = [
        Annotation("error", one.why, f"failed in {one.step}" if one.step else "failed", one.file, one.line)
        for one in failed
    ]
    found += [Annotation("error", f"{one.what}; {one.expected}", "unreadable", one.file, one.line) for one in errors]
    for one in designs:
        if one.timing is not None and one.timing.fails:
            message = f"{one.design}: timing fails ({', '.join(one.timing.fails)}), WNS {one.timing.wns_ns} ns"
            found.append(Annotation("warning", message, "timing", next(iter(one.sources), "")))
        found += [
            Annotation("notice", f"{one.design}: {note}", "note", next(iter(one.sources), "")) for note in one.notes
        ]
    found += [Annotation("notice", one.what, "note", one.file, one.line) for one in notes]
    return found


def summary(designs: Iterable[RollUp], solutions: Iterable[Solution], failed: Iterable[FailedRun]) -> str:
    """Return the designs, solutions and failed runs of a folder as Markdown."""
    rows = [
        [one.design, one.folder, one.device or "", one.state or "", *(_use(one, name) for name in NAMES), _timing(one)]
        for one in designs
    ]
    heads = ["design", "folder", "device", "state", *(LABELS[name] for name in NAMES), "timing"]
    text = markdown("Designs", heads, rows)
    rows = [[one.folder, one.top or "", one.device or "", _verdict(one.cosim_passed)] for one in solutions]
    text += markdown("HLS", ["folder", "top", "device", "co-simulation"], rows)
    rows = [[f"{one.file}:{one.line or ''}".rstrip(":"), one.step or "", one.why] for one in failed]
    return text + markdown("Failed runs", ["file", "step", "why"], rows)


def _use(item: RollUp, name: str) -> str:
    use = next((use for use in item.uses if use.resource == name), None)
    return "" if use is None or use.used is None else f"{use.used:,}"


def _timing(item: RollUp) -> str:
    return "" if item.timing is None else f"{item.timing.verdict}, WNS {item.timing.wns_ns}"


def _verdict(passed: bool | None) -> str:
    return {None: "", True: "passed", False: "failed"}[passed]


def tell_build(report: BuildReport) -> None:
    """Print an annotation for each gate that failed, and append the build to the summary of the job."""
    for one in gate_annotations(cases(report.gates)):
        sys.stdout.write(f"{one}\n")
    write_summary(build_summary(report))


def build_summary(report: BuildReport) -> str:
    """Return a build as Markdown: gates, rates, what it uses of the board, timing, blocks.

    Signs are those of `doit reports`: `~` before an estimate, `!` before a figure that a stand-in has invented, `-` for
    a value that no step has supplied.
    """
    estimate = report.estimate
    title = f"{estimate.network} with {estimate.toolchain} for {estimate.target}, {estimate.clock_mhz:g} MHz"
    rates = (
        ("slowest operator, by formula", report.estimated_rate, "~"),
        ("slowest core, simulated alone", report.cores_rate, ""),
        ("whole kernel, simulated", report.simulated_rate, ""),
    )
    rows = [[name, *_rate(rate, mark)] for name, rate, mark in rates if rate is not None]
    text = gate_summary(cases(report.gates))
    text += markdown(title, ["rate", "cycles an image", "images a second", "latency, cycles", "bottleneck"], rows)
    heads = ["", "by formula", "cores", "whole kernel", "budget"]
    text += markdown(f"Area on {estimate.platform}", heads, [_total(total) for total in report.totals])
    heads = ["SLR", *(LABELS[name] for name in NAMES)]
    rows = [
        [row.slr, *(_words({one.resource: one.cell for one in row.used}.get(name)) for name in NAMES)]
        for row in report.slrs
    ]
    text += markdown("SLRs", heads, rows)
    timing = [(name, cell) for name, cell in (*report.timing, ("reached, MHz", report.reached_mhz)) if _known(cell)]
    text += markdown("Timing", ["", "value"], [[name, _words(cell)] for name, cell in timing])
    heads = [
        "block",
        "core",
        "cycles, formula",
        "cycles",
        *(LABELS[name] for name in NAMES),
        "logic, ns",
        "C++ and model",
    ]
    text += markdown("Blocks", heads, [_block(row) for row in report.blocks])
    return text + markdown("Cannot be read", ["file"], [[str(error)] for error in report.errors])


def _known(cell: Cell | None) -> bool:
    return cell is not None and cell.value is not None


def _words(cell: Cell | None) -> str:
    if cell is None or cell.value is None:
        return "-"
    value = cell.value if isinstance(cell.value, str) else f"{cell.value:,.6g}"
    return f"{MARK if cell.stand_in else ''}{'~' if cell.is_estimate else ''}{value}"


def _rate(rate: Rate, mark: str) -> list[str]:
    mark = MARK if rate.stand_in else mark
    latency = "-" if rate.latency_cycles is None else f"{mark}{rate.latency_cycles:,}"
    return [f"{mark}{rate.interval_cycles:,}", f"{mark}{rate.fps:,.1f}", latency, rate.bottleneck]


def _total(total: Total) -> list[str]:
    formula = Cell(total.estimate, is_estimate=True)
    cells = [_words(cell) + _share(total, cell) for cell in (formula, total.synthesis, total.linked)]
    return [LABELS[total.resource], *cells, "-" if total.budget is None else f"{total.budget:,.0f}"]


def _share(total: Total, cell: Cell) -> str:
    share = None if isinstance(cell.value, str) else total.share_percent(cell.value)
    return "" if share is None else f" ({share:.1f} %)"


def _block(row: BlockRow) -> list[str]:
    area = [_words(row.resource(name)) for name in NAMES]
    cycles = [f"~{row.interval_estimate_cycles:,}", _words(row.interval_cycles)]
    return [row.block, row.core, *cycles, *area, _words(row.logic_ns), _words(row.checked)]
