"""Only some lines of a log are tried against the rules; what comes out is as if all were."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks.redaction import hostile
from reports.logs.line_filter import lines_matching, lines_with
from reports.logs.private.invisible import as_it_was, visible
from reports.logs.private.keys import KeyLines
from reports.logs.private.names import Names
from reports.logs.redaction import names_in, redact, redact_line, redact_part
from reports.reading.errors import ReportError
from reports.reading.source import read

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "reports_corpus"
FILES = sorted(file for file in CORPUS.rglob("*") if file.is_file()) if CORPUS.is_dir() else []


#: Of three lines in the corpus two are like one before.
VISIBLE, NAMES_IN, REDACTED = cache(visible), cache(names_in), cache(redact_line)
FOUR_NUMBERS = re.compile(r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]")


def line_by_line(text: str, words: Iterable[str] = ()) -> str:
    """What `redact` gives, with every rule's words looked for in every line."""
    ended = text.endswith("\n")
    lines = text.removesuffix("\n").split("\n")
    names = Names({name for line in lines for name in NAMES_IN(line)} | {word for word in words if word})
    key = KeyLines()
    shown = []
    for line in lines:
        plain = VISIBLE(line)
        kept = key.take(plain)
        if kept is not None:
            clean = names.hide(REDACTED(kept))
            shown.append(line if clean == plain else as_it_was(line, clean))
    return "\n".join(shown) + ("\n" if ended and shown else "")


PIECES = [
    "XILINXD_LICENSE_FILE=", "  export ", "setenv ", "USER=", "hostname=", "a=", "=", "2100@flexnet.example.org",
    "http://eva:geheim@git.example.org/", "eva@example.org", "ghp_0123456789abcdefghijABCDEFGHIJ",
    "AKIA0123456789ABCDEF", "sk-0123456789012345678901", "eyJ0123456789a.0123456789ab.012345",
    "api_key: 0123456789", "password geheim123", "For user 'eva' on host 'rechner17'", "| Host : rechner17",
    "Running On: rechner17", "License server: x.example.org", "Feature path = y", "192.168.17.4:3121",
    "Flex 11.17.2.0", "1.2.3", "fe80::1ff:fe23:4567:890a", "a::b", ":0:", "2001:db8:", "1:2:3:4:5:6:7:8",
    "/home/eva/prj/top.v:25", "C:\\Users\\Eva\\x", "/run/user/1000/x", "/mnt/scratch/users/e/eva",
    "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----", "-----BEGIN", "eva", "rechner17", "\u0130",
    "\u212a", "\u0131", "\u017f", "user", "curl -u ", "?sig=4711", "Authorization: Basic ", "'", '"', "hostid ",
    "0123456789ab", "//nas17/x/y", "nas17:/x",
    "00:00:5e:00:53:af", "glpat-0123456789abcdefghij", "npm_0123456789abcdefghijABCDEFGHIJ012345", "~eva/x", "DB_PASS=",
    "INFO: [Synth 8-638] synthesizing module 'top'", "\r", "\t", " ", ".",
    "\udc80",
]  # fmt: skip
LINES = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=6)), max_size=6).map("".join)
TEXTS = st.lists(LINES, max_size=12).map("\n".join)


@settings(max_examples=400, deadline=None)
@given(TEXTS, st.lists(st.sampled_from(["rechner17", "a\nb", "blaubeere", "redacted", "private"]), max_size=2))
@example("", [])
@example("hostname=rechner17\nrechner17", [])
@example("\n", [])
@example("-----BEGIN PRIVATE KEY-----", ["private"])
@example("a\n-----BEGIN PRIVATE KEY-----\n\n-----END PRIVATE KEY-----\n-----BEGIN PRIVATE KEY-----\nb", [])
@example("\u0130 eva@example.org\n/home/\u0130eva/x", [])
@pytest.mark.slow
def test_equal_to_line_by_line(text: str, words: list[str]) -> None:
    assert redact(text, words) == line_by_line(text, tuple(words))


@pytest.mark.skipif(not FILES, reason="the corpus of reports (../shared/reports_corpus) is not here")
@pytest.mark.slow
def test_equal_on_public_reports_and_logs() -> None:
    changed = 0
    for file in FILES:
        try:
            text = read(file)
        except ReportError:
            continue
        clean = redact(text)
        assert clean == line_by_line(text), file.name
        changed += clean != text
    assert changed > 20


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(TEXTS, LINES)
def test_a_quoted_line_equals_that_of_all_names(log: str, line: str) -> None:
    names = names_in(log)
    assert redact_part(line, log) == (redact(line, names) if line != log else redact(line))


@given(
    st.text(alphabet="ab\n.1", max_size=60), st.lists(st.sampled_from(["", "a", "b", "ab", "a\nb", "11"]), max_size=3)
)
def test_lines_that_hold_words(text: str, words: list[str]) -> None:
    lines = [text[begin:end] for begin, end in lines_with(text, words)]
    assert lines == [line for line in text.split("\n") if any(word in line for word in words)]
    # Only lines of the text, each with its own place.
    assert all(begin == 0 or text[begin - 1] == "\n" for begin, _ in lines_with(text, words))


@given(st.text(alphabet="ab\n.1", max_size=60))
def test_lines_that_match(text: str) -> None:
    lines = [text[begin:end] for begin, end in lines_matching(text, FOUR_NUMBERS)]
    assert lines == [line for line in text.split("\n") if FOUR_NUMBERS.search(line)]


@pytest.mark.slow
def test_hostile_texts() -> None:
    """No rule follows a run again and again (the times are those of `python -m benchmarks.redaction`)."""
    for name, text in hostile(50_000):
        once = redact(text)
        assert redact(once) == once, name
