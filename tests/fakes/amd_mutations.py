"""Plant small mistakes in a script, with a seeded generator. A stand-in does not check the mistakes that it lets pass."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

_WORD = re.compile(r"(?<![\w$.])-?[A-Za-z_][\w.:]{2,}")
_NUMBER = re.compile(r"(?<![\w.:])\d+(?:\.\d+)?(?![\w.:])")
KINDS = ("drop", "twice", "swap", "word", "number")


@dataclass(frozen=True)
class Mutation:
    """A change of a script: the text `before`, which begins at `line` (from 1), becomes `after`."""

    kind: str
    line: int
    before: str
    after: str

    def apply(self, script: str) -> str:
        """The script with the mistake."""
        lines = script.splitlines(keepends=True)
        at = self.line - 1
        assert "".join(lines[at:]).startswith(self.before)
        return "".join(lines[:at]) + self.after + "".join(lines[at:])[len(self.before) :]

    def __str__(self) -> str:
        shown = f"{self.before.strip()!r} -> {self.after.strip()!r}"
        return f"{self.kind} in line {self.line}: {shown}"


def commands(script: str) -> list[tuple[int, str]]:
    """Line number and text of each command, continued lines together; no comments, no heads and ends of blocks."""
    found: list[tuple[int, str]] = []
    lines = script.splitlines(keepends=True)
    at = 0
    while at < len(lines):
        begin, text = at, lines[at]
        while text.endswith("\\\n") and at + 1 < len(lines):
            at += 1
            text += lines[at]
        at += 1
        bare = text.strip()
        if bare and not bare.startswith(("#", "}")) and not bare.endswith("{"):
            found.append((begin + 1, text))
    return found


def shape(text: str) -> str:
    """The shape of a command: equal for commands that do the same to different things."""
    words = re.findall(r"-[a-z_]+|CONFIG\.\w+|\[get_\w+|^\s*\S+", text)
    head = text.split()
    second = head[1] if head[0] == "set_property" and not head[1].startswith("-") else ""
    return " ".join([*(word.strip() for word in words), second])


def mutations(script: str, seed: int, per_shape: int, words_each: int) -> Iterator[Mutation]:
    """Mistakes at up to `per_shape` commands of each shape, with `words_each` misspelt words of each command."""
    draw = random.Random(seed)
    every = commands(script)
    order = list(range(len(every)))
    draw.shuffle(order)
    seen: Counter[str] = Counter()
    for index in sorted(order, key=order.index):
        line, text = every[index]
        seen[shape(text)] += 1
        if seen[shape(text)] > per_shape:
            continue
        yield Mutation("drop", line, text, "")
        yield Mutation("twice", line, text, text + text)
        following = every[index + 1] if index + 1 < len(every) else None
        if following is not None and following[0] == line + text.count("\n") and following[1] != text:
            yield Mutation("swap", line, text + following[1], following[1] + text)
        found = list(_WORD.finditer(text))
        for match in draw.sample(found, min(words_each, len(found))):
            yield Mutation("word", line, text, f"{text[: match.end()]}{match[0][-1]}{text[match.end() :]}")
        numbers = list(_NUMBER.finditer(text))
        for match in draw.sample(numbers, min(1, len(numbers))):
            new = f"{float(match[0]) * 1.5:.3f}" if "." in match[0] else str(int(match[0]) + 1)
            yield Mutation("number", line, text, text[: match.start()] + new + text[match.end() :])
