"""Reports of FPGA tools as tables or JSON.

    python -m reports FILE|FOLDER… [--format table|json|github] [--depth N]

Files are recognised by their content. In a folder (a project of Vivado, Vitis HLS or Vitis) all reports are found and
summarised by design. `--format github` prints annotations of what went wrong and appends a summary to the job's, where
GitHub runs it. Exit status: 0 if everything was read, 1 if a file could not be read or a folder has no report,
2 if the command line is wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from config.output import clean_output
from reports import github, schema
from reports.folder import Report, Reports, read_paths
from reports.project import ci
from reports.project.failed import failed_runs
from reports.reading.errors import ReportError
from reports.reading.plain import plain
from reports.summary import show
from reports.summary.hls_solutions import Solution, solutions
from reports.summary.rollup import RollUp, roll_up
from reports.summary.terminal import console


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m reports", description="Reports of FPGA tools as tables or JSON.")
    parser.add_argument("paths", nargs="*", type=Path, metavar="FILE|FOLDER", help="reports, or projects with reports")
    forms = ("table", "json", "github")
    parser.add_argument("--format", choices=forms, default="table", help="a table, JSON, or annotations of GitHub")
    parser.add_argument("--json", dest="format", action="store_const", const="json", help="the same as --format json")
    parser.add_argument("--schema", action="store_true", help="print the JSON schema")
    parser.add_argument("--depth", type=int, default=2, help="levels of the hierarchy in a roll-up (default 2)")
    clean_output()
    options = parser.parse_args(arguments)
    if options.schema:
        sys.stdout.write(schema.text())
        return 0
    if not options.paths:
        parser.error("name a report or a folder with reports")
    found = read_paths(options.paths)
    designs = roll_up(found.reports, max(options.depth, 0))
    hls = solutions(found.reports)
    missing = _missing(options.paths, found)
    if options.format == "json":
        sys.stdout.write(json.dumps(_whole(found, designs, hls, missing), indent=1, allow_nan=False) + "\n")
    elif options.format == "github":
        _annotate(found, designs, hls, missing)
    else:
        _print(options.paths, found, designs, hls, missing)
    return 1 if found.errors or missing else 0


def _missing(paths: list[Path], found: Reports) -> list[str]:
    """Return one sentence for every folder without reports."""
    files = [report.file for report in found.reports] + [error.file for error in found.errors]
    return [
        f"{path.as_posix()}: contains no recognised report"
        for path in paths
        if path.is_dir() and not any(Path(file).is_relative_to(path) for file in files)
    ]


def _whole(
    found: Reports, designs: tuple[RollUp, ...], hls: tuple[Solution, ...], missing: list[str]
) -> dict[str, object]:
    return {
        "schema": schema.VERSION,
        "reports": [plain(report) for report in found.reports],
        "errors": [_error(error) for error in found.errors],
        "designs": plain(designs),
        "hls_solutions": plain(hls),
        "missing": missing,
        "notes": [plain(note) for note in found.notes],
    }


def _error(error: ReportError) -> dict[str, object]:
    kind = type(error).__name__
    return {"file": error.file, "line": error.line, "error": kind, "what": error.what, "expected": error.expected}


def _annotate(found: Reports, designs: tuple[RollUp, ...], hls: tuple[Solution, ...], missing: list[str]) -> None:
    """Print GitHub's commands for what went wrong, and write the summary of the job."""
    failed = failed_runs(found.reports)
    for one in github.annotation_lines(failed, found.errors, found.notes, designs):
        sys.stdout.write(f"{one}\n")
    for line in missing:
        sys.stdout.write(f"{ci.Annotation('error', line)}\n")
    ci.write_summary(github.summary(designs, hls, failed))


def _print(
    paths: list[Path], found: Reports, designs: tuple[RollUp, ...], hls: tuple[Solution, ...], missing: list[str]
) -> None:
    out = console()
    named = {path.as_posix() for path in paths}
    in_folders: list[Report] = []
    for report in found.reports:
        if report.file in named:
            out.print(show.report(report))
        else:
            in_folders.append(report)
    if in_folders:
        _print_project(in_folders, designs, hls)
    err = console(stderr=True)
    for error in found.errors:
        err.print(str(error), style="red")
    for line in missing:
        err.print(line, style="red")
    for line in show.notes(found.notes):
        err.print(line, style="yellow")


def _print_project(reports: list[Report], designs: tuple[RollUp, ...], hls: tuple[Solution, ...]) -> None:
    out = console()
    counts: dict[str, int] = {}
    for report in reports:
        counts[report.kind] = counts.get(report.kind, 0) + 1
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    out.print(f"{len(reports)} reports: {kinds}\n")
    if designs:
        out.print(show.design(designs[0]))
    if len(designs) > 1:
        out.print(show.other_designs(designs[1:], designs[0]))
    for solution in hls:
        out.print(show.solution(solution))
    out.print(show.failures(reports))


if __name__ == "__main__":
    try:
        status = main()
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has closed it
        sys.stderr.close()
        status = 0
    sys.exit(status)
