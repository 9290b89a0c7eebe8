from __future__ import annotations

from pathlib import Path

import pytest

from farm.display.wording import duration_words, remedy_words
from farm.execution.failure import (
    Failure,
    failed,
    log_findings,
    matching_line,
    out_of_disk,
    retry_of,
    telling_lines,
)
from farm.step import FAILURE_CLASSES, Output, Signature, Step


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


def test_a_summary_is_shown_with_the_place_that_was_named_before(tmp_path: Path) -> None:
    text = (
        "reading\npad.hpp:12: no-recursion: f calls itself; unroll it\npad.hpp:30: x: y\nERROR: 2 places; see above\n"
    )
    assert told(tmp_path, text, "^ERROR: ") == (
        "pad.hpp:12: no-recursion: f calls itself; unroll it",
        "ERROR: 2 places; see above",
    )
    text = "In file a.hpp:1:\na.cpp:2: note: here\na.cpp:3:5: error: no such thing\nERROR: g++ ended with status 1\n"
    assert told(tmp_path, text, "^ERROR: ")[0] == "a.cpp:3:5: error: no such thing"


def test_a_traceback_is_told_by_its_end_also_if_its_beginning_is_an_error_line(tmp_path: Path) -> None:
    text = "Traceback (most recent call last):\n  File 'a', line 1\n    f()\nValueError: pe 3 does not divide 8\n"
    assert told(tmp_path, text, "^ERROR: ", "^Traceback ") == ("ValueError: pe 3 does not divide 8",)


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


@pytest.mark.slow
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


SIGNATURES = (
    Signature("no licence for", "licence", "wait"),
    Signature("^ERROR: .*does not fit", "capacity"),
    Signature("^ERROR: ", "source", "correct it"),
)


def step(**more: object) -> Step:
    return Step("a", ("x",), (), (Output("o", "build/o"),), "build/log", signatures=SIGNATURES, **more)  # type: ignore[arg-type]


def judged(folder: Path, text: str, cause: str = "exit", **more: object) -> Failure:
    (folder / "log").write_text(text)
    return failed(cause, "1", "build/log", log_findings(folder / "log", step(**more)))  # type: ignore[arg-type]


class TestClass:
    def test_the_first_signature_that_matches_any_line_counts(self, tmp_path: Path) -> None:
        found = judged(tmp_path, "ERROR: x\nERROR: it does not fit\nthere is no licence for it\n")
        assert (found.kind, found.remedy) == ("licence", "wait")
        assert found.lines[0] == "there is no licence for it"
        assert judged(tmp_path, "ERROR: x\nERROR: it does not fit\n").kind == "capacity"
        assert judged(tmp_path, "ERROR: x\n").remedy == "correct it"

    @pytest.mark.parametrize(
        ("cause", "kind"),
        [
            ("exit", "source"),
            ("signal", "crash"),
            ("timeout", "timeout"),
            ("lost", "infrastructure"),
            ("program", "config"),
            ("outputs", "crash"),
            ("engine", "infrastructure"),
        ],
    )
    def test_without_a_signature_the_cause_decides(self, tmp_path: Path, cause: str, kind: str) -> None:
        assert judged(tmp_path, "nothing special\n", cause).kind == kind

    def test_a_time_limit_stays_one_whatever_the_log_says(self, tmp_path: Path) -> None:
        assert judged(tmp_path, "ERROR: x\n", "timeout").kind == "timeout"

    def test_retries(self, tmp_path: Path) -> None:
        def attempts(text: str, cause: str = "exit") -> int:
            return retry_of(judged(tmp_path, text, cause)).attempts

        assert attempts("ERROR: x\n") == 1
        assert attempts("", "signal") == 2
        assert attempts("no licence for\n") > 2
        assert attempts("", "lost") == 3
        # The same tool with the same inputs would again write nothing.
        assert attempts("", "outputs") == 1
        assert attempts("", "program") == 1
        assert attempts("", "timeout") == 1
        assert attempts("", "cut") == 2

    def test_full_disk(self) -> None:
        assert out_of_disk(failed("engine", "x"), OSError(28, "No space left on device")).kind == "disk"
        assert out_of_disk(failed("engine", "x"), OSError(13, "Permission denied")).kind == "infrastructure"


class TestPlace:
    @pytest.mark.parametrize(
        ("line", "place"),
        [
            ("a/b.cpp:3:5: error: no", "a/b.cpp:3"),
            ("ERROR: [Synth 8-2715] syntax error near end [/x/top.v:12]", "/x/top.v:12"),
            ("%Error: sub/core.sv:7:2: no module", "sub/core.sv:7"),
            ("error at 12:30:45 on host.example:80/x", ""),
            ("error: nothing said", ""),
        ],
    )
    def test_in_the_line(self, tmp_path: Path, line: str, place: str) -> None:
        assert judged(tmp_path, line + "\n").place == place

    def test_in_a_traceback(self, tmp_path: Path) -> None:
        text = (
            'Traceback (most recent call last):\n  File "/x/main.py", line 3, in f\n    g()\n'
            '  File "/x/lib.py", line 14, in g\n    h()\nValueError: no\n'
        )
        found = judged(tmp_path, text)
        assert (found.lines, found.place) == (("ValueError: no",), "/x/lib.py:14")


def test_every_class_has_a_remedy() -> None:
    for kind in FAILURE_CLASSES:
        assert f"(failure class: {kind})" in remedy_words(Failure("exit", "1", kind=kind))
