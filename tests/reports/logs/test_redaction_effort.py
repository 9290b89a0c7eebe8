"""A log may take the redaction only so long: a line for which no work is left is hidden whole, and says so."""

from __future__ import annotations

import pytest

from reports.logs.effort import TOO_MUCH, Effort, hidden_whole
from reports.logs.redaction import Redactor, redact, redact_line

SECRET = (
    "DB_PASSWORD=geheim1 token abcdef123 https://eva:geheim1@x.example.org/y?sig=4711 2100@lic1 hostid 00005e0053af"
)
PLAIN = "INFO: [Synth 8-638] synthesizing module 'top'"


def crowded(lines: int) -> str:
    """A text in which each line asks for most of the rules."""
    return "".join(f"ERROR: [Synth 8-439] {number} {SECRET}\n{PLAIN}\n" for number in range(lines))


@pytest.mark.slow
def test_beyond_the_limit_lines_are_hidden_whole() -> None:
    text = crowded(4000)
    clean = redact(text)
    lines = clean.split("\n")
    assert "geheim1" not in clean and "abcdef123" not in clean and "lic1" not in clean and "5e0053af" not in clean
    assert lines[0] == redact_line(text.split("\n")[0]), "at first there is work for every line"
    assert f"ERROR: [Synth 8-439] {TOO_MUCH}" in lines, "the code of a message stays"
    assert lines[1:-1:2] == [PLAIN] * 4000, "what nothing has to be done for stays"
    assert redact(clean) == clean


@pytest.mark.slow
@pytest.mark.parametrize("size", [3, 4001])
def test_pieces_do_not_change_what_a_log_may_take(size: int) -> None:
    text = crowded(2500)
    lines = text.splitlines(keepends=True)
    redactor = Redactor()
    pieces = ["".join(lines[at : at + size]) for at in range(0, len(lines), size)]
    for piece in pieces:
        redactor.learn(piece)
    assert TOO_MUCH in (whole := redact(text))
    assert "".join(map(redactor.clean, pieces)) == whole


def test_users_are_learnt_from_a_log_of_many() -> None:
    names = [f"user{number:05}" for number in range(6000)]
    folders = [
        ("/home/%s/x", "/mnt/scratch/users/u/%s/x", "C:/Users/%s/x", "/data/%s/.ssh/id")[at % 4] for at in range(6000)
    ]
    paths = "".join(f"opened {folder % name}\n" for folder, name in zip(folders, names, strict=True))
    variables = "".join(f"LOGNAME=person{number:05}\n" for number in range(1000))
    greeting = "INFO: [HLS 200-10] For user 'hannelore' on host 'rechner17' (Linux)\n"
    text = paths + variables + greeting
    asked = (*names[-8:], "person00999", "hannelore", "rechner17")
    clean = redact(text + "".join(f"({name})\n" for name in asked))
    assert [name for name in asked if f"({name})" in clean] == []


def test_an_ordinary_log_is_never_hidden() -> None:
    compiler = "[1/99] c++ -I/home/mmuster/prj/include -I/home/mmuster/prj/gen -O2 -o /home/mmuster/prj/a.o -c a.cpp\n"
    environment = "USER=mmuster\nPATH=/opt/bin:/home/mmuster/bin\nXILINXD_LICENSE_FILE=2100@lic1\nA_TOKEN=abcdef123\n"
    clean = redact(environment * 50 + compiler * 3000)
    assert TOO_MUCH not in clean and "mmuster" not in clean
    assert clean.count("-I<home>/prj/include") == 3000


def test_what_stands_in_the_place_of_a_line_is_left_by_the_rules() -> None:
    for line in (TOO_MUCH, hidden_whole("  CRITICAL WARNING: [Common 17-1] pass"), hidden_whole("password=x")):
        assert redact_line(line) == line


def test_the_limit_grows_with_the_log() -> None:
    effort = Effort(10.0, 0.5)
    assert effort.affords(0, 10.0) and not effort.affords(0, 1.0)
    assert effort.affords(4, 2.0) and not effort.affords(4, 1.0)
    effort.next_piece(100)
    assert effort.affords(0, 48.0) and not effort.affords(0, 1.0)
