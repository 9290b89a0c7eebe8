"""What terminals, CI systems and mails put in front of lines is removed; everything else stays."""

from __future__ import annotations

import pytest

from reports.reading.shown import shown

REPORT = """Copyright 1986-2022 Xilinx, Inc. All Rights Reserved.
| Tool Version : Vivado v.2022.2

| Design       : top
1. CLB Logic
> a line of the report that begins with a quote mark
12:00:00 and one with a time
"""
TIME = "2024-03-01T10:00:00.1234567Z"


@pytest.mark.parametrize(
    "front",
    [
        f"{TIME} ",
        "2024-03-01T10:00:00+01:00 ",
        "[2024-03-01T10:00:00.123Z] ",
        f"build\tRun make\t{TIME} ",
        "2024-03-01T10:00:00.123456Z 01O ",
        "Mar  1 10:00:00 ",
        "Mar 01 10:00:00 host vivado[123]: ",
        "10:00:00 ",
        "[10:00:00] ",
        "vivado_1  | ",
        "> ",
        "> > ",
        f"> {TIME} ",
    ],
)
def test_the_same_in_front_of_each_line(front: str) -> None:
    quoted = "\n".join(front + line if line else front.rstrip() for line in REPORT.split("\n")[:5])
    assert shown(quoted) == "\n".join(REPORT.split("\n")[:5])


def test_a_report_without_such_lines_stays() -> None:
    assert shown(REPORT) == REPORT
    finn = "[2024-01-01 10:00:00,000] Running step: step_tidy_up [1/9]\n" * 5
    assert shown(finn) == finn


def test_colours_and_links() -> None:
    assert shown("\x1b[1;31mERROR:\x1b[0m a\x1b[K\n\x1b]0;title\x07b\x1b(B\n") == "ERROR: a\nb\n"
    assert shown("one\rtwo\rthree") == "one\ntwo\nthree"


def test_the_number_of_lines_stays() -> None:
    text = "".join(f"\x1b[32m{TIME} line {number}\x1b[0m\n" for number in range(50))
    assert shown(text).split("\n") == [*(f"line {number}" for number in range(50)), ""]
