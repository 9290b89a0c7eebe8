"""`doit NAME` for a question that dodo.py passes in DOIT_CONFIG: the answer is printed, and nothing is built.

The farm does not know the questions. pyproject.toml names each one, since doit has to know its commands before it
reads a dodo.py: `reports = "farm.commands.questions.asked:reports"`.
"""

from __future__ import annotations

import contextlib
import sys
from typing import Any

from doit.cmd_base import DoitCmdBase
from doit.exceptions import InvalidCommand, InvalidDodoFile

from config.problem import ConfigError
from farm.commands.helpful import Helpful
from farm.commands.questions.forms.as_json import OPT_JSON
from farm.project import Question, project_of

_FORMS = ("table", "github")
_OPT_FORMAT = {
    "name": "form",
    "short": "",
    "long": "format",
    "type": str,
    "default": "table",
    "help": "table, or github: failed gates are annotations as well, and the build goes into the job's summary",
}


class Asked(Helpful, DoitCmdBase):  # type: ignore[misc]
    """Prints the answer to a question. It takes no lock, and loads no task."""

    doc_purpose = "a question that dodo.py answers"
    doc_usage = "[key=value...]"
    about = """
    Nothing is built and no record changes, so it also answers beside a running build. Exit status: 1 where the answer
    is a failure.
    """
    doc_description = None
    cmd_options: tuple[dict[str, Any], ...] = ()

    def execute(self, params: Any, args: list[str]) -> int:
        """Print the answer; exits with 1 where that is a failure."""
        question = self._question(params)
        if args and not question.usage:
            raise InvalidCommand(f"'doit {self.name}' takes only key=value words, not '{args[0]}'")
        try:
            failed = self._answer(question, params, args)
        except ConfigError as error:
            failed = str(error)
        if failed:
            sys.stdout.flush()
            sys.stderr.write(f"ERROR: {failed}\n")
        return 1 if failed else 0

    def _answer(self, question: Question, params: Any, args: list[str]) -> str | None:
        return question.answer()

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


class AskedOf(Asked):
    """Prints the answer to a question that takes words, as a table or as JSON."""

    about = """
    Nothing is built and no record changes. Exit status: 1 where the answer is a failure, 3 where a word names nothing.
    """
    cmd_options = (OPT_JSON,)

    def _answer(self, question: Question, params: Any, args: list[str]) -> str | None:
        try:
            return question.answer(*args, as_json=params["as_json"])
        except ConfigError as error:
            raise InvalidCommand(str(error)) from None

    def help(self) -> str:
        """Return the usage that the question has, and its purpose."""
        with contextlib.suppress(InvalidDodoFile, InvalidCommand):
            self.doc_usage = f"[--json] {self._question(self.cmdparser.parse([])[0]).usage} [key=value...]"
        return super().help()


class Formatted(Asked):
    """Prints the answer to a question, in a form that a CI system shows if it is asked for."""

    doc_usage = "[--format table|github] [key=value...]"
    cmd_options = (_OPT_FORMAT,)

    def execute(self, params: Any, args: list[str]) -> int:
        """Print the answer; exits with 1 where that is a failure."""
        if params["form"] not in _FORMS:
            raise InvalidCommand(f"--format cannot be '{params['form']}'; choose {' or '.join(_FORMS)}")
        return super().execute(params, args)

    def _answer(self, question: Question, params: Any, args: list[str]) -> str | None:
        if question.has_forms:
            return question.answer(form=params["form"])
        if params["form"] != _FORMS[0]:
            raise InvalidCommand(f"this dodo.py answers '{question.name}' in no other form than a {_FORMS[0]}")
        return question.answer()


def __getattr__(name: str) -> type[Asked]:
    """Return the command of the question `name`; `of_NAME` takes words, `formatted_NAME` has `--format`."""
    if name.startswith("_"):
        raise AttributeError(name)
    if name.startswith("formatted_"):
        return type(name, (Formatted,), {"name": name.removeprefix("formatted_")})
    if name.startswith("of_"):
        return type(name, (AskedOf,), {"name": name.removeprefix("of_")})
    return type(name, (Asked,), {"name": name})
