"""What a CI system shows of reports: annotations and a job summary of GitHub, test results in the form of JUnit.

Names of files and lines of logs come from other people. Each is escaped for the form that it goes into: a line break
cannot begin another command of GitHub, and no name becomes markup of the summary.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Literal

SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"
"""GitHub names the file of a job's summary in this variable."""
_MOST_ROWS = 50
_MOST_LETTERS = 500
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Case:
    """A gate: its text, its result as a sentence, and whether it has passed."""

    name: str
    said: str
    passed: bool


@dataclass(frozen=True)
class Annotation:
    """A sentence beside a file in GitHub's view of a job; without `file` it stands at the job."""

    level: Literal["error", "warning", "notice"]
    message: str
    title: str = ""
    file: str = ""
    line: int | None = None

    def __str__(self) -> str:
        pairs = (("file", self.file), ("line", str(self.line or "")), ("title", self.title))
        properties = ",".join(f"{name}={_property(value)}" for name, value in pairs if value)
        return f"::{self.level}{' ' if properties else ''}{properties}::{_data(self.message)}"


def _plain(text: str) -> str:
    return _CONTROLS.sub("\ufffd", text)[:_MOST_LETTERS]


def _data(text: str) -> str:
    # The order matters: the percent sign is what the others are written with.
    return _plain(text.replace("\r", "\n")).replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def gate_annotations(gates: Iterable[Case]) -> list[Annotation]:
    """Return an error for each gate that failed."""
    return [Annotation("error", gate.said, "gate") for gate in gates if not gate.passed]


def gate_summary(gates: Iterable[Case]) -> str:
    """Return the gates of a build as Markdown."""
    rows = [["passed" if gate.passed else "**failed**", gate.name, gate.said] for gate in gates]
    return markdown("Gates", ["", "gate", "result"], rows, marked=1)


def markdown(title: str, heads: list[str], rows: list[list[str]], *, marked: int = 0) -> str:
    """Return a titled table, empty without rows; the first `marked` cells of a row are Markdown already."""
    if not rows:
        return ""
    lines = [f"### {title}", "", f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for row in rows[:_MOST_ROWS]:
        cells = [cell if at < marked else _cell(cell) for at, cell in enumerate(row)]
        lines.append(f"| {' | '.join(cells)} |")
    if len(rows) > _MOST_ROWS:
        lines.append(f"\n{len(rows) - _MOST_ROWS} more")
    return "\n".join(lines) + "\n\n"


def _cell(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    words = escape(" ".join(_plain(text).split()), quote=False)
    return re.sub(r"([\\`*_{}\[\]()#+!|~@-])", r"\\\1", words)


def write_summary(text: str) -> bool:
    """Append Markdown to the summary of the job that GitHub runs; False outside of one, or if nothing is to be said."""
    file = os.environ.get(SUMMARY_VARIABLE)
    if not file or not text:
        return False
    with Path(file).open("a", encoding="utf-8") as stream:
        stream.write(text)
    return True


def junit(gates: Iterable[Case], suite: str) -> str:
    """Return the gates as a test suite in the form of JUnit; `suite` names the build."""
    cases = []
    for gate in gates:
        head = f"  <testcase classname={_attribute(suite)} name={_attribute(gate.name)}"
        if gate.passed:
            cases.append(f"{head}/>")
        else:
            message = _attribute(gate.said)
            cases.append(f'{head}>\n    <failure type="gate" message={message}/>\n  </testcase>')
    failed = sum("<failure" in case for case in cases)
    head = f'<testsuite name={_attribute(suite)} tests="{len(cases)}" failures="{failed}" errors="0">'
    return "\n".join(('<?xml version="1.0" encoding="UTF-8"?>', head, *cases, "</testsuite>", ""))


def _attribute(text: str) -> str:
    """Return a text in quotes; a line break that stands as it is would be read as a blank."""
    return f'"{escape(_plain(text))}"'.replace("\n", "&#10;").replace("\t", "&#9;")
