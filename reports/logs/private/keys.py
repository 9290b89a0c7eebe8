"""Private keys in a log: blocks of lines that are left out whole, and no line that is not theirs."""

from __future__ import annotations

import re

from reports.logs.private.rule import KEY

_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
# On the line of the beginning: a key whose lines are written as \n, up to its end or to what is no key.
_SAME_LINE = re.compile(r"(?:\\+[nrt]|[\s\"',])*[A-Za-z0-9+/=]{16,}")
_WHOLE = re.compile(r"(?:\\+[nrt]|[\s\"',+A-Za-z0-9/=:-])*")
_SEPARATING = "\\nrt \"',+;\r\t"
_HEAD = re.compile(r"\s*(?:Proc-Type|DEK-Info|Comment|Version|Charset|Hash|X-[\w-]{1,40}): ?.*")
_BODY = re.compile(r"(?:.*[^A-Za-z0-9+/=])?[A-Za-z0-9+/=]{40,}[\\nr\"',;+\s]*")
_LAST = re.compile(r"[A-Za-z0-9+/]{1,76}={0,2}")
_CHECKSUM = re.compile(r"=[A-Za-z0-9+/]{4}")
MARK = "-----BEGIN"
_MOST_LINES = 2000


class KeyLines:
    """Tells line by line which lines are of a private key.

    A key ends with its last line, or with the first line that cannot be one of it. So a key that is indented, quoted,
    behind times of a log, or cut off hides nothing of what follows.
    """

    def __init__(self) -> None:
        self._left = 0  # lines that may still come; 0: not in a key
        self._words_before = 0
        self._full = False  # the last line was a whole one, and only a shorter one or the end may follow it

    @property
    def open(self) -> bool:
        """Whether the next line may be of a key."""
        return self._left > 0

    def take(self, line: str) -> str | None:
        """Return what to show instead of the next line, None for nothing; the line itself if it is not of a key."""
        if self._left:
            self._left -= 1
            if self._is_of_key(line):
                return None
            self._left = 0
        return self._begun(line) if MARK in line else line

    def _begun(self, line: str) -> str:
        """Hide the keys that begin in a line, or are in it whole."""
        pieces: list[str] = []
        at = 0
        while (found := _BEGIN.search(line, at)) is not None:
            pieces += (line[at : found.start()], KEY)
            at = found.end()
            following = line.find(MARK, at)
            limit = len(line) if following < 0 else following
            end = _END.search(line, at, limit)
            if end is not None and _WHOLE.fullmatch(line, at, end.start()):
                at = end.end()
                continue
            while (more := _SAME_LINE.match(line, at, limit)) is not None:
                at = more.end()
            if following < 0 and not line[at:].strip(_SEPARATING):
                self._left = _MOST_LINES
                self._words_before = len(line[: found.start()].split())
                self._full = False
                at = len(line)
        return "".join((*pieces, line[at:]))

    def _is_of_key(self, line: str) -> bool:
        if _END.search(line) is not None:
            self._left = 0
            return True
        words = line.split()[self._words_before :]
        rest = " ".join(words).strip("\\\"',;+")
        if not rest or _HEAD.fullmatch(rest):
            return not self._full or not rest
        if _BODY.fullmatch(line):
            self._full = True
            return True
        # The last line is shorter, and a key of one line may be; a word of a message is no line of a key.
        short = len(words) == 1 and _LAST.fullmatch(rest) is not None and (self._full or len(rest) >= 16)
        if (short and len(rest) % 4 == 0) or _CHECKSUM.fullmatch(rest):
            self._full = False
            return True
        return False
