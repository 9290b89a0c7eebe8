"""What happens to reports between a tool and a reader, as a strategy of hypothesis; what reading them may end in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from reports.reading.errors import ReportError
from reports.reading.kind import Kind
from reports.reading.plain import plain
from reports.registry import parse_all, parts, recognise

#: Words that no report has where a value stands.
ODD = (
    *("", "-", "NA", "?", "undef", "inf", "-inf", "nan", "1e999", "<", "<<", "%", "9" * 400, "9" * 5000, "1.2.3"),
    *(
        "\u0661",
        "²",
        "\0",
        "|",
        "+",
        "\r",
        "{",
        "}",
        "[",
        '"',
        "<a>",
        "</ENTRY>",
        "<!DOCTYPE a>",
        "&lt;",
        "null",
        "true",
    ),
    *("-1", "~0", "=", "\x1b[31m", "\ud800"),
)


@st.composite
def mutated(draw: Any, texts: Sequence[str]) -> str:
    """One of the texts after a few accidents: cut, lines lost, doubled or moved, words and characters changed."""
    text = draw(st.sampled_from(texts))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(text) - 1, 0)))
        what = draw(st.sampled_from(("cut", "head", "line", "double", "move", "word", "letter", "insert", "join")))
        if what == "cut":
            text = text[:at]
        elif what == "head":
            text = text[at:]
        elif what in ("line", "double", "move", "word"):
            lines = text.split("\n")
            row = draw(st.integers(0, len(lines) - 1))
            if what == "line":
                del lines[row]
            elif what == "double":
                lines.insert(row, lines[row])
            elif what == "move":
                lines.insert(draw(st.integers(0, len(lines) - 1)), lines.pop(row))
            else:
                words = lines[row].split(" ")
                words[draw(st.integers(0, len(words) - 1))] = draw(st.sampled_from(ODD) | st.text(max_size=8))
                lines[row] = " ".join(words)
            text = "\n".join(lines)
        elif what == "letter":
            text = text[:at] + draw(st.characters()) + text[at + 1 :]
        elif what == "insert":
            text = text[:at] + draw(st.sampled_from(ODD)) + text[at:]
        else:
            text = text[:at] + draw(st.sampled_from(texts))[at:]
    return str(text)


def only_report_errors(text: str, kind: Kind) -> None:
    try:
        value = kind.parse(text, "report.rpt")
    except ReportError as error:
        assert str(error).startswith("report.rpt")
        assert error.line is None or error.line >= 1
    else:
        json.dumps(plain(value), allow_nan=False)
    # Doubled heads make several reports of one text.
    if len(parts(text)) > 1:
        for one in parse_all(text, "report.rpt"):
            assert (one.error is None) != (one.value is None)
            assert one.error is None or one.error.line is None or one.line <= one.error.line <= text.count("\n") + 1
            json.dumps(plain(one.value), allow_nan=False)


def by_content(text: str, otherwise: Kind) -> Kind:
    """The kind that a text is taken for."""
    try:
        return recognise(text, "report.rpt")
    except ReportError:
        return otherwise
