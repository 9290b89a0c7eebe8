"""Measures the parsers: on the corpus, on a timing report of 10 MB, and on hostile texts.

    python -m benchmarks.reports CORPUS_FOLDER

Prints the total seconds for all recognised files of the folder, the seconds for a timing summary of 10 MB (the largest
in the folder, with its path details repeated), and the seconds per megabyte of the slowest file and hostile text.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from reports.reading.errors import ReportError
from reports.reading.source import read
from reports.registry import KINDS, parse, recognise

MEGABYTE = 1_000_000
SMALL = 100_000
"""Smaller files, in bytes, are too short to give seconds per megabyte."""


def main(arguments: list[str]) -> int:
    """Run the benchmark on the folder that the command line names."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.stderr.write("usage: python -m benchmarks.reports CORPUS_FOLDER\n")
        return 2
    files = sorted(path for path in Path(arguments[0]).rglob("*") if path.is_file())
    began = time.perf_counter()
    known: list[tuple[str, Path, float, int]] = []
    for path in files:
        start = time.perf_counter()
        try:
            text = read(path)
            kind = recognise(text, path.name)
            parse(text, path.name)
        except ReportError:
            continue
        known.append((kind.name, path, time.perf_counter() - start, len(text)))
    total = time.perf_counter() - began
    size = sum(length for _, _, _, length in known)
    _say(f"corpus: {len(known)} of {len(files)} files, {size / MEGABYTE:.1f} MB, in {total:.2f} s")
    timing = [(length, path) for kind, path, _, length in known if kind == "vivado_timing_summary"]
    if timing:
        text = _large(read(max(timing)[1]))
        _say(f"timing summary of {len(text) / MEGABYTE:.1f} MB: {_seconds(text):.3f} s")
    slow = [(seconds / length * MEGABYTE, path.name) for _, path, seconds, length in known if length >= SMALL]
    if slow:
        _say(f"slowest file of at least 0.1 MB: {max(slow)[0]:.3f} s/MB ({max(slow)[1]})")
    hostile = max((max(_seconds(text, kind.parse) for kind in KINDS), name) for name, text in _hostile().items())
    _say(f"slowest hostile text of 1 MB, over all {len(KINDS)} parsers: {hostile[0]:.3f} s ({hostile[1]})")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _seconds(text: str, read_text: object = None) -> float:
    start = time.perf_counter()
    try:
        if callable(read_text):
            read_text(text, "text")
        else:
            parse(text, "text")
    except ReportError:
        pass
    return time.perf_counter() - start


def _large(text: str) -> str:
    """Return a timing summary with its path details repeated until it has 10 MB."""
    details = text.index("\nSlack (")
    body = text[details:]
    return text + body * max(0, (10 * MEGABYTE - len(text)) // len(body) + 1)


def _hostile() -> dict[str, str]:
    """Return texts of about 1 MB that make a careless parser read each character many times."""
    heads = {
        "utilization": "Utilization Design Information\n\n1. CLB Logic\n------------\n\n",
        "hierarchy": "Utilization Design Information\n\n1. Utilization by Hierarchy\n---------------------------\n\n",
        "timing": "Timing Summary Report\n\n| Design Timing Summary\n| ---------------------\n\n",
        "power": "Power Report\n\n1. Summary\n----------\n\n",
    }
    bodies = {
        "spaces": " " * MEGABYTE,
        "bars": "|" * MEGABYTE,
        "wide frame": "+-" * 250_000 + "+\n" + "| " * 250_000 + "|\n" + "+-" * 5_000,
        "many frames": "+-+\n|a|\n+-+\n" * 80_000,
        "words": "a  - " * 200_000,
        "rules": "a  b\n-  -\n" * 100_000,
        "dashes": "-\n" * 500_000,
        "headings": "".join(f"{n % 999}. a\n----\n" for n in range(80_000)),
        "contents": "Table of Contents\n" + "".join(f"{n % 999}. b{n}\n" for n in range(80_000)),
        "slacks": "\n| Timing Details\n" + "\nSlack (MET) :   0.1ns" * 45_000,
        "braces": "{" * MEGABYTE,
        "tags": "<a>" * 333_000,
    }
    block = "---\n| Tool Version : Vivado v.2030.1\n| Design : top\n---\n\n"
    texts = {f"{body} in {head}": block + heads[head] + bodies[body] for head in heads for body in bodies}
    texts.update({f"{body} alone": bodies[body] for body in bodies})
    return texts


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
