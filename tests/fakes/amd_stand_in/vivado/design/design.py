"""The open design in memory: its ports, clocks and cells."""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING

from amd_stand_in.arguments import Arguments
from amd_stand_in.devices import DEVICES
from amd_stand_in.errors import ToolError
from amd_stand_in.hardware import netlist
from amd_stand_in.hardware.netlist import Netlist
from amd_stand_in.vivado import filters
from amd_stand_in.vivado.objects import CONTENTS, Thing

if TYPE_CHECKING:
    from amd_stand_in.run import Run


class DesignCommands:
    """The state of one open design."""

    run: Run

    def start_design(self) -> None:
        """No design."""
        self.design: Netlist | None = None
        self.cells: dict[str, Thing] = {}
        self.placed: dict[str, str] = {}

    def need_design(self, command: str) -> Netlist:
        """The open design. Raises ToolError."""
        if self.design is None:
            raise ToolError(
                "Common 17-53",
                f"User Exception: No open design. Please open an elaborated, synthesized or implemented design before executing '{command}'.",
            )
        return self.design

    def open_design(self, design: Netlist, name: str) -> str:
        """Make a netlist the open design; its ports become objects."""
        for thing in self.of_kind("design", "port", "clock", "cell", "pin", "net", "site"):
            self.drop(thing)
        self.design, self.cells = design, {}
        self.add(Thing("design", name, {"NAME": name, "PART": design.part, "TOP": design.top}))
        for port in design.ports:
            thing = Thing("port", port.name, {"NAME": port.name, "DIRECTION": port.direction.upper()})
            thing.on_set = self.port_set
            self.add(thing)
        self.add_clock_objects(design)
        return name

    def do_open_run(self, arguments: Arguments) -> str:
        """Open the result of a run."""
        run = self.objects(arguments.word(0), "run")[0]
        if run.properties["PROGRESS"] != "100%" or run.data is None:
            raise ToolError(
                "Common 17-69", f"Command failed: Run '{run.name}' has not been launched, or failed: unable to open it."
            )
        return self.open_design(run.data, arguments.text("name", run.name))

    def do_close_design(self, arguments: Arguments) -> None:
        """Close."""
        self.need_design("close_design")
        self.start_design()

    def do_current_design(self, arguments: Arguments) -> str:
        """The design."""
        return self.need_design("current_design").top

    def do_get_ports(self, arguments: Arguments) -> list[str]:
        """Ports of the design."""
        self.need_design("get_ports")
        return self.select(arguments, self.of_kind("port"), "ports", "Vivado 12-584")

    def do_get_clocks(self, arguments: Arguments) -> list[str]:
        """Clocks of the design."""
        return self.select(arguments, self.of_kind("clock"), "clocks", "Vivado 12-627")

    def do_get_cells(self, arguments: Arguments) -> list[str]:
        """Cells by path."""
        design = self.need_design("get_cells")
        patterns = [p for word in arguments.positional or ["*"] for p in self.run.tcl.split(word)]
        hierarchical, wanted = arguments.flag("hierarchical"), arguments.text("filter")
        everything = hierarchical and "*" in patterns
        found = []
        path = module = ""

        def get(name: str) -> str:
            # Filters of floorplans ask ten thousand cells for their names.
            return path if name == "NAME" else self._known(design, path, module).get(name)

        for path, module in design.paths():
            name = path.rpartition("/")[2] if hierarchical else path
            named = everything or any(
                fnmatch.fnmatchcase(name, p) and (hierarchical or path.count("/") == p.count("/")) for p in patterns
            )
            if named and filters.passes(wanted, get):
                self._known(design, path, module)
                found.append(path)
        if not found and not arguments.flag("quiet"):
            self.run.console.warning("Vivado 12-180", f"No cells matched '{' '.join(patterns)}'.")
        return found

    def _known(self, design: Netlist, path: str, module: str) -> Thing:
        """The object of a cell."""
        if path not in self.cells:
            self.cells[path] = self.add(self._cell(design, path, module))
        return self.cells[path]

    def _cell(self, design: Netlist, path: str, module: str) -> Thing:
        known = design.modules.get(module)
        properties = {
            "NAME": path,
            "REF_NAME": module,
            "IS_BLACKBOX": str(int(known is None)),
            "IS_PRIMITIVE": str(int(known is not None and known.origin == netlist.PRIMITIVE)),
            **design.contents.get(path, {}),
        }
        thing = Thing("cell", path, properties)
        thing.on_set = lambda key, value: self._set_contents(design, path, module, key, value)
        return thing

    def _set_contents(self, design: Netlist, path: str, module: str, key: str, value: str) -> None:
        """Set the contents of a primitive; a value must have the digits for its bits."""
        if not key.startswith("INIT"):
            return
        bits = CONTENTS.get(module, {}).get(key)
        if bits is None:
            raise ToolError("Common 17-142", f"'{key}' is not a property of cell '{path}', a {module}.")
        if not re.fullmatch(rf"{bits}'h[0-9a-fA-F]{{{bits // 4}}}", value):
            raise ToolError(
                "Common 17-161",
                f"Invalid option value '{value}' specified for '{key}' of '{path}': {bits} bits are written {bits}'h...",
            )
        design.contents.setdefault(path, {})[key] = value

    def do_get_parts(self, arguments: Arguments) -> list[str]:
        """Parts that are installed."""
        return [part for part in DEVICES if any(fnmatch.fnmatchcase(part, p) for p in arguments.positional or ["*"])]
