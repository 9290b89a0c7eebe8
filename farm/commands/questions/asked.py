"""`doit NAME` for a question that dodo.py passes in DOIT_CONFIG: the answer is printed, and nothing is built.

The farm does not know the questions. pyproject.toml names each one, since doit has to know its commands before it
reads a dodo.py: `reports = "farm.commands.questions.asked:reports"`.
"""

from __future__ import annotations

import sys
from typing import Any

from doit.cmd_base import DoitCmdBase
from doit.exceptions import InvalidCommand, InvalidDodoFile

from config.problem import ConfigError
from farm.commands.helpful import Helpful
from farm.project import Question, project_of


class Asked(Helpful, DoitCmdBase):  # type: ignore[misc]
    """Prints the answer to a question. It takes no lock, and loads no task."""

    doc_purpose = "a question that dodo.py answers"
    doc_usage = "[key=value...]"
    about = """
    Nothing is built and no record changes, so it also answers beside a running build. Exit status: 1 where the answer
    is a failure.
    """
    doc_description = None
    cmd_options = ()

    def execute(self, params: Any, args: list[str]) -> int:
        """Print the answer; exits with 1 where that is a failure."""
        if args:
            raise InvalidCommand(f"'doit {self.name}' takes only key=value words, not '{args[0]}'")
        question = self._question(params)
        try:
            failed = question.answer()
        except ConfigError as error:
            failed = str(error)
        if failed:
            sys.stdout.flush()
            sys.stderr.write(f"ERROR: {failed}\n")
        return 1 if failed else 0

    def purpose(self) -> str:
        try:
            doc = self._question(self.cmdparser.parse([])[0]).doc
        except (InvalidDodoFile, InvalidCommand):
            return self.doc_purpose
        return f"{doc[:1].lower()}{doc[1:]}"

    def _question(self, params: Any) -> Question:
        self.loader.setup(params)
        for question in project_of(self.loader).questions:
            if question.name == self.name:
                return question
        raise InvalidDodoFile(
            f"dodo.py answers no question '{self.name}'; pass one to doit_config(..., questions=[...])"
        )


def __getattr__(name: str) -> type[Asked]:
    """Return the command of the question `name`."""
    if name.startswith("_"):
        raise AttributeError(name)
    return type(name, (Asked,), {"name": name})
