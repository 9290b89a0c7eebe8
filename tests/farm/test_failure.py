from __future__ import annotations

from pathlib import Path

import pytest

from farm.failure import Failure, matching_line, telling_lines
from farm.wording import duration_words, failure_words


def told(folder: Path, text: str, *patterns: str) -> tuple[str, ...]:
    log = folder / "log"
    log.write_text(text)
    return telling_lines(log, patterns)


def test_compiler(tmp_path: Path) -> None:
    text = "g++ -Werror a.cpp\na.cpp: In function 'f':\na.cpp:3:5: error: 'x' was not declared\nmake: *** [a] Error 1\n"
    assert told(tmp_path, text)[0] == "a.cpp:3:5: error: 'x' was not declared"


def test_python_traceback_is_told_by_its_end(tmp_path: Path) -> None:
    text = "Traceback (most recent call last):\n  File 'a', line 1\n    error()\nValueError: pe 3 does not divide 8\n"
    assert told(tmp_path, text) == ("ValueError: pe 3 does not divide 8",)


def test_chained_traceback(tmp_path: Path) -> None:
    first = "Traceback (most recent call last):\n  File 'a', line 1\nKeyError: 'x'\n\n"
    link = "During handling of the above exception, another exception occurred:\n\n"
    assert told(tmp_path, first + link + first.replace("KeyError: 'x'", "TypeError: no")) == ("TypeError: no",)


def test_own_patterns_win(tmp_path: Path) -> None:
    assert told(tmp_path, "error: early\nCRITICAL WARNING: late\n", "^CRITICAL") == ("CRITICAL WARNING: late",)


def test_lines_without_error_are_passed_over(tmp_path: Path) -> None:
    assert told(tmp_path, "found 0 errors\nno errors\nerrors: 0\nlast\n") == (
        "found 0 errors",
        "no errors",
        "errors: 0",
        "last",
    )


def test_empty_and_missing(tmp_path: Path) -> None:
    assert told(tmp_path, "") == ()
    assert telling_lines(tmp_path / "none") == ()


def test_long_and_binary_logs(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"\xff\xfe line\n" * 1_000_000 + b"error: at the very end\n")
    assert telling_lines(log) == ("error: at the very end",)
    assert matching_line(log, ("very end$",)) == "error: at the very end"
    assert matching_line(log, ()) is None


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (42.4, "42 s"), (185, "3 min 5 s"), (7800, "2 h 10 min")]
)
def test_durations(seconds: float, words: str) -> None:
    assert duration_words(seconds) == words


def test_memory_is_named_when_the_kernel_killed() -> None:
    assert "memory" in failure_words(Failure("signal", "SIGKILL"))
