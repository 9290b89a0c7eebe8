"""doit's own commands that have no meaning with the farm: each says so in one line and names the alternative."""

from __future__ import annotations

import textwrap
from typing import Any, NoReturn

from doit.cmd_base import DoitCmdBase
from doit.exceptions import InvalidCommand


class Refused(DoitCmdBase):  # type: ignore[misc]
    """A command that only says why there is none. It takes any words: whatever they are, the answer is the same."""

    why = ""
    doc_usage = ""
    doc_description = None
    cmd_options = ()

    def help(self) -> str:
        """Return why there is none."""
        return textwrap.fill(f"The farm has no 'doit {self.name}': {self.why}.", 100)

    def parse_execute(self, in_args: Any) -> NoReturn:
        """Say it. The words are not looked at, nor is dodo.py."""
        raise InvalidCommand(f"the farm has no 'doit {self.name}': {self.why}")


class DumpDb(Refused):
    """The farm keeps no database in doit's form."""

    name = "dumpdb"
    doc_purpose = "not with the farm: 'doit list --all -s' shows the state of the tasks"
    why = "there is no database; 'doit list --all -s' shows the state of the tasks, 'doit info TASK' that of one"


class Strace(Refused):
    """Steps do not run in doit's own process."""

    name = "strace"
    doc_purpose = "not with the farm: 'doit info TASK' shows what a step reads and writes"
    why = "a step sees the inputs that it names and nothing else; 'doit info TASK' shows them"
