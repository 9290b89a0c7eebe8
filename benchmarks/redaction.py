"""Measures the time to redact a large log, and the time if every line were tried against every rule.

    python -m benchmarks.redaction LOG_FOLDER [--megabytes N]

The log consists of the texts in the folder, repeated. It is redacted as after a failed step: the log itself, and ten
quoted lines of it, each with all the names that occur in the log. It prints CPU seconds and whether both ways give the
same texts.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import cycle
from pathlib import Path

from reports.logs import redaction
from reports.logs.redaction import HIDDEN, redact, redact_line, redact_part
from reports.reading.errors import ReportError
from reports.reading.source import read

MEGABYTE = 1_000_000


def line_by_line(text: str, words: Iterable[str] = ()) -> str:
    """Return the same text as `redact`, but try all rules on all lines."""
    lines = text.split("\n")
    found = redaction._any_of({word for line in lines for word in redaction._names(line)} | {*words})
    shown: list[str] = []
    in_key = False
    for line in lines:
        if in_key:
            in_key = not line.startswith("-----END")
        elif "-----BEGIN" in line and redaction._PRIVATE_KEY.search(line):
            in_key = True
            shown.append("<redacted private key>")
        else:
            clean = redact_line(line)
            shown.append(found[0].sub(HIDDEN, clean) if found else clean)
    return "\n".join(shown)


def large_log(folder: Path, size: int) -> str:
    """Return the texts below a folder, repeated until they have `size` characters."""
    texts = []
    for file in sorted(file for file in folder.rglob("*") if file.is_file()):
        try:
            texts.append(read(file))
        except ReportError:
            continue
    if not any(texts):
        raise SystemExit(f"{folder}: no texts below it")
    found: list[str] = []
    length = 0
    for text in cycle(texts):
        if length >= size:
            return "\n".join(found)[:size]
        found.append(text)
        length += len(text) + 1
    raise AssertionError


def main(arguments: list[str]) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.redaction", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="LOG_FOLDER")
    parser.add_argument("--megabytes", type=float, default=25.0)
    given = parser.parse_args(arguments)
    text = large_log(given.folder, int(given.megabytes * MEGABYTE))
    lines = redaction.suspicious_lines(text)
    _say(f"{len(text) / MEGABYTE:.1f} MB, {text.count(chr(10)) + 1:,} lines, {len(lines):,} of them tried")
    quoted = [line for line in text.split("\n") if line][:: max(1, len(lines) // 10)][:10]
    equal = True
    for what, now, before in (
        ("the log", redact, line_by_line),
        ("ten lines of it", partial(_quotes, quoted), partial(_quotes_line_by_line, quoted)),
    ):
        (after_s, new), (before_s, old) = _timed(now, text), _timed(before, text)
        equal = equal and new == old
        _say(f"{what}: {before_s:.2f} s CPU with every line tried, {after_s:.2f} now")
    _say("the same texts" if equal else "NOT the same texts")
    return 0 if equal else 1


def _quotes(quoted: list[str], log: str) -> str:
    return "\n".join(redact_part(line, log) for line in quoted)


def _quotes_line_by_line(quoted: list[str], log: str) -> str:
    def quote(line: str) -> str:
        return line_by_line(line, {word for each in log.split("\n") for word in redaction._names(each)})

    return "\n".join(quote(line) for line in quoted)


def _timed(work: Callable[[str], str], text: str) -> tuple[float, str]:
    began = time.process_time()
    found = work(text)
    return time.process_time() - began, found


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
