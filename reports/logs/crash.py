"""What a crashed tool leaves: `hs_err_pid<pid>.log` of Vivado or Vitis HLS, or of the Java in them.

Layouts from public files of 2018.2 to 2022.1: a comment with the signal (`(11)`, `(EXCEPTION_ACCESS_VIOLATION)`), then
the frames of the stack, the innermost first. Java prints "fatal error", the signal's name, and a problematic frame.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reports.reading.errors import TruncatedReportError
from reports.reading.expect import expect
from reports.reading.kind import Kind, Precedence

_VIVADO = re.compile(r"# An unexpected error has occurred \((?P<signal>[^)\n]{1,60})\)")
_JAVA = re.compile(r"# A fatal error has been detected by the Java Runtime Environment")
_JAVA_SIGNAL = re.compile(r"\n#\s{1,8}(?P<signal>[A-Z][A-Z_]{2,40}) ?\(0x[0-9a-f]{1,16}\)")
_JAVA_PID = re.compile(r"\bpid=(?P<pid>[0-9]{1,10})")
_FRAME = re.compile(r"(?:# [CVJj]  \[)?(?P<file>[^\s([+]{1,400})[(+]")
_OUTSIDE = re.compile(r"lib(c|pthread|jvm|stdc\+\+|gcc_s)[.-]|\bld-")
_READ = 200


@dataclass(frozen=True)
class Crash:
    """A crash: the signal as printed, the process, the innermost libraries without folders, and the first own one.

    `place` is the first library of the stack that is not the system's or Java's; None if the stack has none.
    """

    signal: str
    pid: int | None
    libraries: tuple[str, ...]
    place: str | None


def matches(head: str) -> bool:
    """Whether a text begins like a crash report."""
    begin = head.lstrip("\ufeff# \r\n")[:200]
    return _VIVADO.match(f"# {begin}") is not None or _JAVA.match(f"# {begin}") is not None


def parse(text: str, file: str = "") -> Crash:
    """Return the value of a crash report. Raises ReportError."""
    expect(text, file, matches, "a crash report")
    own = _VIVADO.search(text[:2000])
    signal = own or _JAVA_SIGNAL.search(text[:4000])
    if signal is None:
        raise TruncatedReportError(file, text.count("\n") + 1, "no signal", "the file was cut off")
    pid = _JAVA_PID.search(text[:4000])
    found = [match["file"] for line in text.split("\n", _READ)[:_READ] if (match := _FRAME.match(line.strip()))]
    names = tuple(dict.fromkeys(re.split(r"[/\\]", name)[-1] for name in found))
    return Crash(
        signal=f"signal {signal['signal']}" if signal["signal"].isdigit() else signal["signal"],
        pid=int(pid["pid"]) if pid else None,
        libraries=names[:20],
        place=next((name for name in names if not _OUTSIDE.search(name)), None),
    )


KIND = Kind("crash_report", Precedence.TITLE, matches, parse)
