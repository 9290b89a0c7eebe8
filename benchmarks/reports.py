"""Measures the parsers: on the corpus, on a timing report of 10 MB, and on hostile texts.

    python -m benchmarks.reports CORPUS_FOLDER
    python -m benchmarks.reports --sizes

The first prints the total seconds for all recognised files of the folder, the seconds for a timing summary of 10 MB
(the largest in the folder, with its path details repeated), and the seconds per megabyte of the slowest file and
hostile text.

The second makes a utilization by hierarchy of 48 MB and a log of 12 MB, and reads each in a process of its own as
`python -m reports` does. It prints the seconds of the processor and the most memory, and fails above 5 s or 300 MB for
the hierarchy, and above 0.2 s a megabyte for the log with its redaction.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from reports.reading.errors import ReportError
from reports.reading.source import read
from reports.registry import KINDS, parse, recognise

MEGABYTE = 1_000_000
SMALL = 100_000
"""Smaller files, in bytes, are too short to give seconds per megabyte."""

MOST_S, MOST_MB, MOST_S_PER_MB = 5.0, 300.0, 0.2
_READ = """
import resource, sys
from pathlib import Path
from reports.folder import read_paths
before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
found = read_paths([Path(sys.argv[1])])
assert not found.errors, found.errors
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime - before + used.ru_stime, used.ru_maxrss / 1000, found.reports[0].kind)
"""
_COLUMNS = ("Total LUTs", "Logic LUTs", "LUTRAMs", "SRLs", "FFs", "RAMB36", "RAMB18", "URAM", "DSP Blocks")


def main(arguments: list[str]) -> int:
    """Run the benchmark on the folder that the command line names."""
    if arguments == ["--sizes"]:
        return _sizes()
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


def _sizes() -> int:
    """Read large files; returns 1 above a limit."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "hierarchy.rpt")
        _hierarchy(file, 48 * MEGABYTE)
        seconds, memory = _read(file, "hierarchy")
        too_much = seconds > MOST_S or memory > MOST_MB
        file = Path(folder, "run.log")
        _log(file, 12 * MEGABYTE)
        seconds, _ = _read(file, "log")
    return 1 if too_much or seconds > MOST_S_PER_MB * 12 else 0


def _read(file: Path, name: str) -> tuple[float, float]:
    words = [sys.executable, "-c", _READ, str(file)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=dict(os.environ))
    seconds, memory, kind = done.stdout.split()
    size = file.stat().st_size / MEGABYTE
    _say(
        f"{name} of {size:.1f} MB ({kind}): {float(seconds):.2f} s of processor ({float(seconds) / size:.3f} s/MB), "
        f"at most {float(memory):.0f} MB"
    )
    return float(seconds), float(memory)


def _hierarchy(file: Path, size: int) -> None:
    rule = f"+{'-' * 90}+{'-' * 40}+" + "+".join("-" * (len(name) + 2) for name in _COLUMNS) + "+\n"
    heads = f"| {'Instance':88} | {'Module':38} | " + " | ".join(_COLUMNS) + " |\n"
    with file.open("w") as stream:
        stream.write("Copyright 1986-2022 Xilinx, Inc. All Rights Reserved.\n" + "-" * 40 + "\n")
        stream.write("| Tool Version : Vivado v.2022.2 (lin64)\n| Design       : top\n| Device       : xcu250\n")
        stream.write("| Design State : Routed\n" + "-" * 40 + "\n\nUtilization Design Information\n\n")
        stream.write("1. Utilization by Hierarchy\n---------------------------\n\n" + rule + heads + rule)
        number = 0
        while stream.tell() < size:
            number += 1
            name = "  " * ((number - 1) % 9) + f"stage_{number % 97}_inst_{number}"
            # Most instances are small: leaves have some LUTs and registers, few have memories.
            scale = (20_000, 9_000, 4_000, 2_000, 900, 400, 200, 90, 40)[(number - 1) % 9]
            counts = (number * 7 % scale, number * 5 % scale, 0, number % 3, number * 11 % scale, 0, 0, 0, number % 2)
            cells = " | ".join(f"{count:{len(column)}}" for count, column in zip(counts, _COLUMNS, strict=True))
            stream.write(f"| {name:88} | {f'module_{number % 4001}':38} | {cells} |\n")
        stream.write(rule)


def _log(file: Path, size: int) -> None:
    with file.open("w") as stream:
        stream.write("\n****** Vivado v2022.2 (64-bit)\n  **** Start of session at: Mon Mar  3 10:00:00 2025\n\n")
        number = 0
        while stream.tell() < size:
            number += 1
            source = f"/home/ann/p/src/m_{number}.sv:{number % 999}"
            stream.write(f"INFO: [Synth 8-6157] synthesizing module 'm_{number}' [{source}]\n")
            stream.write(f"WARNING: [Synth 8-7080] Parallel synthesis criteria is not met for u_{number}\n")
            stream.write(f"Phase 1.{number % 9} Place Block | Checksum: {number:08x}\n\nTime (s): cpu = 00:00:01\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
