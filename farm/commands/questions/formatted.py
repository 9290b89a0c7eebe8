"""`doit NAME` for a question whose answer a CI system may show in its own form: `doit reports --format github`."""

from __future__ import annotations

from typing import Any

from doit.exceptions import InvalidCommand

from farm.commands.questions.asked import Asked
from farm.project import Question

_FORMS = ("table", "github")
OPT_FORMAT = {
    "name": "form",
    "short": "",
    "long": "format",
    "type": str,
    "default": "table",
    "help": "table, or github: failed gates are annotations and part of the job's summary as well",
}


class Formatted(Asked):
    """Prints the answer to a question, with annotations if a CI system asks for them."""

    doc_usage = "[--format table|github] [key=value...]"
    cmd_options = (OPT_FORMAT,)

    def execute(self, params: Any, args: list[str]) -> int:
        """Print the answer; exits with 1 where that is a failure."""
        if params["form"] not in _FORMS:
            raise InvalidCommand(f"--format cannot be '{params['form']}'; choose {' or '.join(_FORMS)}")
        return int(super().execute(params, args))

    def _answer(self, question: Question, params: Any, args: list[str]) -> str | None:
        return question.answer(form=params["form"])


def __getattr__(name: str) -> type[Formatted]:
    """Return the command of the question `name`."""
    if name.startswith("_"):
        raise AttributeError(name)
    return type(name, (Formatted,), {"name": name})
