"""Vivado HLS and Vitis HLS: every command of the table on one state."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from amd_stand_in.arguments import Arguments, Grammar
from amd_stand_in.errors import ToolError
from amd_stand_in.hls.design import DesignCommands
from amd_stand_in.hls.project import ProjectCommands
from amd_stand_in.release import order
from amd_stand_in.run import Run
from amd_stand_in.table import commands


class Hls(ProjectCommands, DesignCommands):
    """The commands of the HLS tool on one state."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.start_project()
        self.hidden = False
        self.table = commands("hls")
        self.grammar = Grammar(
            run.release, "HLS 200-101", "HLS 200-101", "HLS 200-101", "HLS 200-101", "HLS 200-101",
            prefixes=False, bool_words=True,
            warn=lambda text: run.console.warning("Stand-in 1-1", text), hidden_allowed=lambda: self.hidden,
        )  # fmt: skip

    def define(self) -> None:
        """Register every command of the table with the interpreter."""
        for name in self.table:
            self.run.tcl.define(name, self._command(name))

    def _command(self, name: str) -> Callable[[Sequence[str]], object]:
        def call(words: Sequence[str]) -> object:
            self.run.console.info("HLS 200-1510", f"Running: {name} {' '.join(words)} ")
            if name == "config_array_partition" and "-maximum_size" in words and order(self.run.release) >= (2020, 1):
                raise ToolError("HLS 200-642", "The 'config_array_partition -maximum_size' command is not supported.")
            arguments = self.grammar.read(self.table[name], name, words)
            self.run.faults.strike(name, device=self.solution.part or "" if self.solution else "")
            if name.startswith("config_"):
                return self._configure(name, arguments)
            if name.startswith("set_directive_"):
                return self._stale(name) or ""
            handler = getattr(self, f"do_{name}", None)
            if handler is None:
                raise ToolError("Stand-in 1-2", f"'{name}' exists but the stand-in does not model it.")
            return handler(arguments)

        return call

    def do_set_param(self, arguments: Arguments) -> None:
        """Accept only the parameter that allows hidden options."""
        if arguments.word(0) != "hls.enable_hidden_option_error":
            raise ToolError("Common 17-151", f"Parameter '{arguments.word(0)}' is not known to the stand-in.")
        self.hidden = arguments.word(1).lower() in ("false", "0")
