"""Vivado: every command of the tables, the objects, and their properties."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from amd_stand_in.arguments import Arguments, Grammar
from amd_stand_in.errors import ToolError
from amd_stand_in.release import order
from amd_stand_in.run import Run
from amd_stand_in.table import Command, commands
from amd_stand_in.vivado import filters
from amd_stand_in.vivado.block_design.cells import CellCommands
from amd_stand_in.vivado.block_design.commands import BlockDesignCommands
from amd_stand_in.vivado.block_design.connections import ConnectionCommands
from amd_stand_in.vivado.block_design.ports import ExternalPortCommands
from amd_stand_in.vivado.block_design.synthesis import BlockSynthesisCommands
from amd_stand_in.vivado.catalog import Catalog
from amd_stand_in.vivado.design.checkpoints import CheckpointCommands
from amd_stand_in.vivado.design.clocking import ClockingCommands
from amd_stand_in.vivado.design.design import DesignCommands
from amd_stand_in.vivado.design.floorplan import FloorplanCommands
from amd_stand_in.vivado.design.implementation import ImplementationCommands
from amd_stand_in.vivado.design.synthesis import SynthesisCommands
from amd_stand_in.vivado.design.written_files import WrittenFileCommands
from amd_stand_in.vivado.objects import Thing
from amd_stand_in.vivado.packager.cores import CoreCommands
from amd_stand_in.vivado.packager.packager import PackagerCommands
from amd_stand_in.vivado.packager.parts import CorePartCommands
from amd_stand_in.vivado.project.ips import IpCommands
from amd_stand_in.vivado.project.project import ProjectCommands
from amd_stand_in.vivado.project.runs import RunCommands
from amd_stand_in.vivado.project.sources import SourceCommands

PARAMETERS = {
    "general.maxThreads": (1, 32),
    "synth.maxThreads": (1, 8),
    "general.usePosixSpawnForFork": (0, 1),
    "tclapp.enableGitAccess": (0, 1),
    "board.repoPaths": None,
}


class Vivado(
    ProjectCommands,
    SourceCommands,
    IpCommands,
    RunCommands,
    DesignCommands,
    SynthesisCommands,
    ImplementationCommands,
    CheckpointCommands,
    WrittenFileCommands,
    ClockingCommands,
    FloorplanCommands,
    BlockDesignCommands,
    CellCommands,
    ExternalPortCommands,
    ConnectionCommands,
    BlockSynthesisCommands,
    PackagerCommands,
    CoreCommands,
    CorePartCommands,
):
    """The commands on one state."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.things: dict[str, list[Thing]] = {}
        self.kinds: dict[str, dict[Thing, None]] = {}
        self.parameters: dict[str, str] = {}
        self.catalog = Catalog(run.release)
        self.table: dict[str, Command] = {**commands("vivado"), **commands("ipx")}
        self.grammar = Grammar(
            run.release, "Common 17-170", "Common 17-163", "Common 17-161", "Common 17-165", "Common 17-166",
            prefixes=True, bool_words=False, warn=lambda text: run.console.warning("Stand-in 1-1", text),
        )  # fmt: skip
        self.start_project()
        self.start_design()
        self.start_block_design()
        self.start_packager()

    def define(self) -> None:
        """Register every command with the interpreter."""
        for name in self.table:
            self.run.tcl.define(name, self._command(name))

    def _command(self, name: str) -> Callable[[Sequence[str]], object]:
        method = "do_" + {"wait_on_runs": "wait_on_run", "reset_run": "reset_runs", "launch_run": "launch_runs"}.get(
            name, name
        ).replace("::", "_")

        handler = getattr(self, method, None)

        def call(words: Sequence[str]) -> object:
            arguments = self.grammar.read(self.table[name], name, words)
            if self.run.faults.any and name not in ("launch_runs", "launch_run"):
                # Commands for runs are executed in processes of their own.
                self.run.faults.strike(name, device=self.device)
            if handler is None:
                raise ToolError("Stand-in 1-2", f"'{name}' exists but the stand-in does not model it.")
            if not arguments.flag("quiet"):
                return handler(arguments)
            try:
                return handler(arguments)
            except ToolError:
                return ""

        return call

    # Objects

    def add(self, thing: Thing) -> Thing:
        """Make an object known under its handle."""
        self.things.setdefault(thing.handle, []).append(thing)
        self.kinds.setdefault(thing.kind, {})[thing] = None
        return thing

    def drop(self, thing: Thing) -> None:
        """Forget an object."""
        known = self.things.get(thing.handle, [])
        if thing in known:
            known.remove(thing)
            self.kinds[thing.kind].pop(thing, None)

    def rename(self, thing: Thing, handle: str) -> None:
        """Give an object another handle."""
        self.drop(thing)
        thing.handle = handle
        self.add(thing)

    def of_kind(self, *kinds: str) -> list[Thing]:
        """All objects of these kinds."""
        return [thing for kind in kinds for thing in self.kinds.get(kind, ())]

    def object(self, handle: str, *kinds: str) -> Thing:
        """The object of a handle. Raises ToolError if there is none."""
        found = [thing for thing in self.things.get(handle, []) if not kinds or thing.kind in kinds]
        if not found:
            wanted = f" of kind {' or '.join(kinds)}" if kinds else ""
            raise ToolError(
                "Common 17-161",
                f"Invalid option value '{handle}' specified for 'object': no object{wanted} has this name.",
            )
        return found[-1]

    def objects(self, text: str, *kinds: str) -> list[Thing]:
        """The objects of a Tcl list of handles."""
        return [self.object(handle, *kinds) for handle in self.run.tcl.split(text)]

    def select(
        self, arguments: Arguments, things: Iterable[Thing], what: str, code: str, *, default: str = "*"
    ) -> list[str]:
        """Common part of all `get_*`: patterns, -filter. If nothing is found, warn and return an empty list."""
        patterns = [pattern for word in arguments.positional or [default] for pattern in self.run.tcl.split(word)]
        found = []
        if not arguments.flag("regexp") and not any("*" in pattern for pattern in patterns):
            # Most scripts ask for one thing by its name.
            things = [t for t in things if t.handle in patterns or t.handle[1:] in patterns or t.name in patterns]
        for thing in things:
            names = {thing.handle, thing.handle.lstrip("/"), thing.name}
            if arguments.flag("regexp"):
                hit = any(re.fullmatch(pattern, name) for pattern in patterns for name in names)
            else:
                hit = any(
                    name == pattern or ("*" in pattern and filters.glob(pattern)(name))
                    for pattern in patterns
                    for name in names
                )
            if hit and self.passes(thing, arguments.text("filter")):
                found.append(thing.handle)
        if not found and not arguments.flag("quiet"):
            self.run.console.warning(code, f"No {what} matched '{' '.join(patterns)}'")
        return found

    def passes(self, thing: Thing, text: str) -> bool:
        """Whether an object passes a `-filter`."""
        return filters.passes(text, thing.get)

    # Properties and parameters

    def do_set_property(self, arguments: Arguments) -> None:
        """All three forms."""
        words = list(arguments.positional)
        if "dict" in arguments.options:
            flat = self.run.tcl.split(arguments.text("dict"))
            if len(flat) % 2:
                raise ToolError(
                    "Common 17-161", "Invalid option value specified for 'dict': it has a name without a value."
                )
            pairs = list(zip(flat[::2], flat[1::2], strict=True))
        else:
            name = arguments.text("name") if "name" in arguments.options else words.pop(0)
            value = arguments.text("value") if "value" in arguments.options else words.pop(0)
            pairs = [(name, value)]
        texts = [arguments.text("objects")] if "objects" in arguments.options else words
        handles = [handle for text in texts for handle in self.run.tcl.split(text)]
        if not handles:
            raise ToolError("Common 17-55", "'set_property' expects at least one object.")
        for handle in handles:
            for name, value in pairs:
                self.with_property(handle, name).set(name, value)

    def do_reset_property(self, arguments: Arguments) -> None:
        """Reset a property of objects to its default."""
        name = arguments.word(0)
        handles = [handle for text in arguments.positional[1:] for handle in self.run.tcl.split(text)]
        if not handles:
            raise ToolError("Common 17-55", "'reset_property' expects at least one object.")
        for handle in handles:
            thing = self.with_property(handle, name)
            if not thing.knows(name):
                raise ToolError("Common 17-142", f"'{name}' is not a property of {thing.kind} '{handle}'.")
            thing.properties.pop(name.upper(), None)

    def with_property(self, handle: str, name: str) -> Thing:
        """The object of a handle that has the property; objects of two kinds may share a name."""
        known = self.things.get(handle, [])
        if not known:
            raise ToolError(
                "Common 17-161", f"Invalid option value '{handle}' specified for 'object': no object has this name."
            )
        return next((thing for thing in reversed(known) if thing.knows(name)), known[-1])

    def do_get_property(self, arguments: Arguments) -> str:
        """One object's property."""
        handles = self.run.tcl.split(arguments.word(1))
        if not handles:
            raise ToolError("Common 17-55", "'get_property' expects at least one object.")
        values = [self.with_property(handle, arguments.word(0)).get(arguments.word(0)) for handle in handles]
        return values[0] if len(values) == 1 else self.run.tcl.word(values)

    def do_set_param(self, arguments: Arguments) -> None:
        """Parameters with their ranges."""
        name, value = arguments.word(0), arguments.word(1)
        if name not in PARAMETERS:
            raise ToolError("Common 17-151", f"Invalid parameter name '{name}'.")
        span = PARAMETERS[name]
        if span is not None and not (value.isdigit() and span[0] <= int(value) <= span[1]):
            raise ToolError(
                "Common 17-152",
                f"Invalid value '{value}' specified for parameter '{name}'. It has to be {span[0]} to {span[1]}.",
            )
        self.parameters[name] = value

    def do_get_param(self, arguments: Arguments) -> str:
        """A parameter."""
        name = arguments.word(0)
        if name not in PARAMETERS:
            raise ToolError("Common 17-151", f"Invalid parameter name '{name}'.")
        return self.parameters.get(name, "8" if name == "general.maxThreads" else "0")

    def do_version(self, arguments: Arguments) -> str:
        """The release."""
        return self.run.release if arguments.flag("short") else f"Vivado v{self.run.release} (64-bit)\nstand-in"

    def do_set_msg_config(self, arguments: Arguments) -> None:
        """Set the severity of a message id, here and in the runs of the project."""
        severity = arguments.text("new_severity").upper().strip('"')
        if "new_severity" not in arguments.options:
            return
        if severity not in ("ERROR", "CRITICAL WARNING", "WARNING", "INFO", "STATUS"):
            raise ToolError("Common 17-161", f"Invalid option value '{severity}' specified for 'new_severity'.")
        # Scripts write both {Synth 8-4445} and {[Synth 8-4445]}.
        code = arguments.text("id").removeprefix("[").removesuffix("]")
        if not re.fullmatch(r"[A-Za-z_]+ \d+-\d+", code):
            raise ToolError("Common 17-161", f"Invalid option value '{arguments.text('id')}' specified for 'id'.")
        self.run.console.severities[code] = severity

    def do_config_webtalk(self, arguments: Arguments) -> None:
        """Accepted."""

    def do_common_send_msg_id(self, arguments: Arguments) -> None:
        """Print a message of the script."""
        code, severity, text = (arguments.word(i) for i in range(3))
        if severity == "ERROR":
            raise ToolError(code.strip("{}"), text)
        self.run.console.line(f"{severity}: [{code.strip('{}')}] {text}")

    @property
    def raises_failed_runs(self) -> bool:
        """Whether waiting for a failed run is an error; true from about 2021.2 on."""
        return order(self.run.release) >= (2021, 2)
