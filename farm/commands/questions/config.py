"""`doit config`: the effective settings."""

from __future__ import annotations

import sys
from typing import Any

from doit.cmd_base import DoitCmdBase
from doit.exceptions import InvalidCommand

from config.output import console
from farm.commands.helpful import Helpful
from farm.project import project_of


class Config(Helpful, DoitCmdBase):  # type: ignore[misc]
    """Shows the effective settings with their origin."""

    name = "config"
    doc_purpose = "show the effective settings and where each comes from"
    doc_usage = "[key=value...]"
    about = """
    key=value on the command line wins over farm.local.yaml (this machine), and that over farm.yaml (the project). It
    counts for this command only.
    """
    examples = ("doit config", "doit config network=digits target=hw")
    doc_description = None
    cmd_options = ()

    def execute(self, params: Any, args: list[str]) -> int:
        """Print the settings of the dodo.py; no task is created."""
        from rich.table import Table  # noqa: PLC0415

        if args:
            raise InvalidCommand(f"'doit config' takes only key=value words, not '{args[0]}'")
        self.loader.setup(params)
        settings = project_of(self.loader).settings
        table = Table("key", "value", "from", "meaning", box=None, pad_edge=False)
        for key, value in settings.values.items():
            shown = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
            table.add_row(key, shown, settings.origin(key), settings.docs[key])
        width = None if sys.stdout.isatty() else 200
        console(file=sys.stdout, highlight=False, width=width).print(table)
        return 0
