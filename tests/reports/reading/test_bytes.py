"""Bytes as tools, shells and crashes leave them: what is read, and what is said about it."""

from __future__ import annotations

import pytest

from reports.reading.errors import EncodingError
from reports.reading.source import decode_noted, is_text

LOG = "****** Vivado v2022.2 (64-bit)\nERROR: [Synth 8-439] module 'a' not found\n"


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_unicode_of_every_width(codec: str, end: str) -> None:
    text = LOG.replace("\n", end)
    found = decode_noted(text.encode(codec), "a.log")
    assert found.text == text
    assert bool(found.notes) == (codec != "utf-8-sig")


def test_a_log_in_two_encodings() -> None:
    """PowerShell's `>` writes UTF-16, the `>>` of another shell appends single bytes."""
    text = LOG * 3 + "INFO: 完成\n"
    for codec, mark in (("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")):
        found = decode_noted(mark + text.encode(codec) + (LOG * 9).encode("ascii"), "a.log")
        assert found.text == text + LOG * 9


@pytest.mark.parametrize(
    ("raw", "line", "words"),
    [
        ("C:/Users/Jos\xe9/a.v\nnext".encode("cp1252"), 1, "byte 0xe9"),
        ("one\n路径\\a | b".encode("gbk"), 2, "is not UTF-8"),
        ("one\nпуть".encode("cp1251"), 2, "is not UTF-8"),
        (b"one\ntwo\n" + bytes(70) + b"three\n", 3, "70 zero bytes"),
    ],
)
def test_odd_bytes_are_said_and_all_else_is_read(raw: bytes, line: int, words: str) -> None:
    found = decode_noted(raw, "a.log")
    (note,) = found.notes
    assert (note.file, note.line) == ("a.log", line)
    assert words in note.what
    kept = [letter for letter in found.text if letter.isascii()]
    assert kept == [chr(byte) for byte in raw if 0 < byte < 128]


def test_a_cell_beside_a_byte_of_a_code_page_is_read() -> None:
    text = decode_noted("| Müller | 42 |\n".encode("cp1252"), "a.rpt").text
    assert [cell.strip() for cell in text.strip().strip("|").split("|")] == ["M\ufffdller", "42"]


@pytest.mark.parametrize(
    "raw",
    [
        b"xclbin2" + b"\0\0\0abc" * 99,
        b"PK\3\4" + bytes(range(256)),
        b"\x7fELF\2\1\1" + bytes(64) + bytes(range(32)),
        bytes(range(128, 256)) * 9,
    ],
)
def test_what_is_no_text_is_refused(raw: bytes) -> None:
    assert not is_text(raw)
    with pytest.raises(EncodingError, match="not text"):
        decode_noted(raw, "a.bin")
