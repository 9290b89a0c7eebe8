"""A real Tcl interpreter (Python's `tkinter.Tcl()`, which needs no display) with a tool's commands in it."""

from __future__ import annotations

import os
import tkinter
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from amd_stand_in.console import Console
from amd_stand_in.errors import ToolError

OWN_FAULT = 70
"""Exit status if the stand-in itself has a fault."""
Handler = Callable[[Sequence[str]], object]

# `puts` also writes to the log, `source` accepts Vivado's -notrace, `exit` shuts the tool down properly.
_SETUP = """
rename puts __puts
proc puts args {
    set words $args
    set end "\\n"
    if {[lindex $words 0] eq "-nonewline"} { set end "" ; set words [lrange $words 1 end] }
    if {[llength $words] == 1} { __print [lindex $words 0] $end ; return }
    if {[llength $words] == 2 && [lindex $words 0] in {stdout stderr}} { __print [lindex $words 1] $end ; return }
    uplevel 1 [list __puts {*}$args]
}
rename source __source
proc source args {
    if {[lindex $args 0] in {-notrace -quiet -verbose}} { set args [lrange $args 1 end] }
    uplevel 1 [list __source {*}$args]
}
proc exit {{status 0}} { __leave $status }
"""


class Interpreter:
    """Tcl with our own commands. The tool prints their errors, which are Tcl errors that `catch` catches."""

    def __init__(self, console: Console, leave: Callable[[int], None], tail: Callable[[str, ToolError], str]) -> None:
        self._tcl = tkinter.Tcl()
        self.tk = self._tcl.tk
        # Results as text, so lists keep Tcl's quoting.
        self.tk.wantobjects(False)
        self.console = console
        self._tail = tail
        self._handlers: dict[str, Handler] = {}
        self._tcl.createcommand("__call", self._call)
        self._tcl.createcommand("__print", lambda text, end: console.line(text, end=end))
        self._tcl.createcommand("__leave", lambda status: leave(int(status)))
        self._tcl.eval(_SETUP)

    def define(self, name: str, handler: Handler) -> None:
        """Register a function of its words as a command."""
        self._handlers[name] = handler
        space = name.rpartition("::")[0]
        if space:
            self._tcl.eval(f"namespace eval ::{space} {{}}")
        self._tcl.eval(
            f"proc ::{name} args {{ if {{[__call {name} {{*}}$args]}} "
            "{ return -code error $::__result } ; return $::__result }"
        )

    def _call(self, name: str, *words: object) -> int:
        self.console.flush()
        try:
            result = self._handlers[name]([str(word) for word in words])
        except ToolError as error:
            self.tk.globalsetvar("__result", self._tail(name, error))
            return 1
        except Exception:
            # A fault of the stand-in itself must never look like one of the script.
            traceback.print_exc()
            self.console.flush()
            os._exit(OWN_FAULT)
        self.tk.globalsetvar("__result", "" if result is None else self.word(result))
        return 0

    def word(self, value: object) -> str:
        """A value as Tcl text: a list of texts is a Tcl list."""
        if isinstance(value, bool):
            return "1" if value else "0"
        if isinstance(value, list | tuple):
            return str(self.tk.call("list", *map(self.word, value)))
        return str(value)

    def split(self, text: str) -> list[str]:
        """The words of a Tcl list. Raises ToolError if the text is not one."""
        try:
            return [str(word) for word in self.tk.splitlist(text)]
        except tkinter.TclError as error:
            raise ToolError("Common 17-162", f"Invalid Tcl list '{text}': {error}") from error

    def variable(self, name: str, value: object) -> None:
        """Set a global variable."""
        self.tk.call("set", f"::{name}", self.word(value))

    def run(self, script: Path) -> str | None:
        """Source a file. Returns None, or the Tcl error's text and trace."""
        return self.evaluate(self.word(["source", str(script)]))

    def evaluate(self, script: str) -> str | None:
        """Evaluate text. Returns None, or the Tcl error's text and trace."""
        try:
            self._tcl.eval(script)
        except tkinter.TclError as error:
            trace = str(self._tcl.eval("set ::errorInfo"))
            return trace if trace.strip() else str(error)
        return None
