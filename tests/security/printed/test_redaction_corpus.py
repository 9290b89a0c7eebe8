"""Of real reports and logs the redaction changes the lines that are listed, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.logs.redaction import redact
from reports.reading.errors import ReportError
from reports.reading.source import read

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "reports_corpus"
LISTED = Path(__file__).with_name("redacted_lines.txt")


def listed() -> dict[str, set[int]]:
    """The lines by file, as they were read through: each names a person, a machine, a licence server or a session."""
    found: dict[str, set[int]] = {}
    for row in LISTED.read_text().splitlines():
        file, _, ranges = row.partition(": ")
        ends = [part.partition("-") for part in ranges.split()]
        found[file] = {line for first, _, last in ends for line in range(int(first), int(last or first) + 1)}
    return found


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of reports (../shared/reports_corpus) is not here")
def test_only_listed_lines_change() -> None:
    expected = listed()
    wrong: list[str] = []
    for file in sorted(file for file in CORPUS.rglob("*") if file.is_file()):
        try:
            text = read(file)
        except ReportError:
            continue
        name = file.relative_to(CORPUS).as_posix()
        lines = zip(text.split("\n"), redact(text).split("\n"), strict=True)
        changed = {number for number, (before, after) in enumerate(lines, 1) if before != after}
        wrong += [f"{name}:{number}" for number in sorted(changed ^ expected.pop(name, set()))]
    assert wrong == [] and expected == {}
