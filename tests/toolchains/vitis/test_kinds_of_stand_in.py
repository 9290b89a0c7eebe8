"""What the stand-ins of AMD's tools leave is recognised as one kind of report each."""

from __future__ import annotations

from collections import Counter

from reports.reading.errors import ReportError
from reports.reading.kind import HEAD_CHARACTERS
from reports.reading.source import read
from reports.registry import KINDS, parts


def test_no_report_is_of_two_kinds_with_the_same_precedence(built) -> None:
    seen: Counter[str] = Counter()
    for path in sorted((built.checkout / "build").rglob("*")):
        if path.suffix not in (".rpt", ".xml", ".log", ".json", ".txt", ".summary", ".info"):
            continue
        try:
            text = read(path)
        except ReportError:
            continue
        for part in parts(text):
            found = [kind for kind in KINDS if kind.matches(part.text[:HEAD_CHARACTERS])]
            assert len({kind.precedence for kind in found}) == len(found), (path, [kind.name for kind in found])
            seen.update(kind.name for kind in found[:1])
    assert {"vivado_utilization", "vivado_timing_summary", "xilinx_log"} <= set(seen)
