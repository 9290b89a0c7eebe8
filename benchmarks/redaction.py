"""How long it takes to redact a log: at most 0.2 s of CPU a megabyte.

    python -m benchmarks.redaction [LOG_FOLDER] [--megabytes N]

Redacts the texts of the folder, one after the other and again, as after a failed step: the log itself, and ten lines of
it that are quoted, each by what all of the log names. Then texts that were made to be slow: of those, lines for which
no work is left are hidden whole. Prints seconds of CPU a megabyte; the exit status is 1 if one of them is above its
limit.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

from reports.logs.redaction import Redactor, redact, redact_part, suspicious_lines
from reports.reading.errors import ReportError
from reports.reading.source import read

MEGABYTE = 1_000_000
LIMIT_S = 0.2
HOSTILE_LIMIT_S = 0.5
PIECE = MEGABYTE // 4

#: Pieces that begin what a rule looks for and do not end it.
BEGINNINGS = (
    "a", "A", "0", "/", "\\", ".", ":", "-", "_", "@", "=", " ", "\t", "\x00", "\x1b", "\x1b[", "\x1b]", "~", "'",
    '"', "?", "&", "\u0130", "\xe4", "::", "a:", "0:", "00-", "1.", "a.", "a@", "1@", "@a", "://", "a://",
    "http://a", "/home", "/home/", "C:/Users/", "//a/", "\\\\a", "a:/", "eyJ", "eyJ-", "eyJa.", "sk-", "ghp_",
    "AKIA", "SG.", "8Q~", "password", "password=", "password='", 'password="', "password: ", "token ", "pass",
    "x-key", "authorization: ", "basic a", "curl -u ", "curl -", "mysql ", "docker login ", "--user ", "?sig=",
    "&key=", "SIGN=", "SIGN=A", "license ", "license a.", "hostid ", "host ", "SERVER ", "setenv ", "export a=",
    "-----BEGIN", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "' on host '", "For user 'a", "(v1) (",
    'OUT: "', "[2001", "2001::",
)  # fmt: skip


def hostile(size: int) -> Iterator[tuple[str, str]]:
    """Return names and texts of `size` characters: one line of each beginning, short lines of them, and many names."""
    for word in BEGINNINGS:
        yield f"one line of {word!r}", (word * (size // len(word) + 1))[:size]
    draw = random.Random(1)
    words = [word for word in BEGINNINGS if len(word) > 2]
    mixed = [" ".join(draw.choices(words, k=8)) for _ in range(size // 60)]
    yield "one line of all of them", " ".join(mixed)[:size]
    yield "lines of all of them", "\n".join(mixed)[:size]
    yield (
        "lines that name a user each",
        "".join(f"g++ -I/home/user{n:05}/include -c a.cpp\n" for n in range(size // 38)),
    )
    yield (
        "lines in colours",
        "".join(f"\x1b[1mINFO:\x1b[0m step {n} of the synthesis of top\n" for n in range(size // 48)),
    )
    yield "lines of an environment", "".join(f"VARIABLE_{n}=/opt/tools/bin:/usr/bin\n" for n in range(size // 40))
    yield "UTF-16", ("INFO: step of the synthesis\n" * (size // 56)).encode("utf-16").decode("utf-8", "surrogateescape")


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


def streamed(text: str) -> str:
    """Redact a text in pieces of whole lines, as a file that is too large for memory is."""
    pieces: list[str] = []
    begin = 0
    while begin < len(text):
        end = text.find("\n", begin + PIECE) + 1 or len(text)
        pieces.append(text[begin:end])
        begin = end
    redactor = Redactor()
    for piece in pieces:
        redactor.learn(piece)
    return "".join(map(redactor.clean, pieces))


def seconds(work: Callable[[str], str], text: str) -> float:
    """Return how many seconds of CPU some work on a text takes."""
    began = time.process_time()
    work(text)
    return time.process_time() - began


def main(arguments: list[str]) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.redaction", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="LOG_FOLDER", nargs="?")
    parser.add_argument("--megabytes", type=float, default=25.0)
    given = parser.parse_args(arguments)
    slowest = hostile_s = 0.0
    if given.folder is not None:
        text = large_log(given.folder, int(given.megabytes * MEGABYTE))
        size = len(text) / MEGABYTE
        tried = len(suspicious_lines(text))
        _say(f"{size:.1f} MB, {text.count(chr(10)) + 1:,} lines, {tried:,} of them tried")
        slowest = max(_shown(what, work, text) for what, work in (("the log", redact), ("in pieces", streamed)))
        quoted = [line for line in text.split("\n") if line][:: max(1, tried // 10)][:10]
        _shown("ten lines of it", lambda log: "".join(redact_part(line, log) for line in quoted), text)
    for what, text in hostile(MEGABYTE):
        hostile_s = max(hostile_s, _shown(what, redact, text))
    if given.folder is not None:
        _say(f"the log: {slowest:.3f} s a megabyte; the limit is {LIMIT_S}")
    _say(f"texts made to be slow: at most {hostile_s:.3f} s a megabyte; the limit is {HOSTILE_LIMIT_S}")
    return 0 if slowest <= LIMIT_S and hostile_s <= HOSTILE_LIMIT_S else 1


def _shown(what: str, work: Callable[[str], str], text: str) -> float:
    taken = seconds(work, text) / (len(text) / MEGABYTE)
    _say(f"{taken:7.3f} s/MB  {what}")
    return taken


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
