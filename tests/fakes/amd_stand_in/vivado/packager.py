"""The IP packager (`ipx::`) and `package_xo`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from amd_stand_in.arguments import Arguments
from amd_stand_in.errors import ToolError
from amd_stand_in.hardware import component, netlist
from amd_stand_in.hardware.component import Component
from amd_stand_in.vivado.objects import Thing
from amd_stand_in.vpp import kernel_object

if TYPE_CHECKING:
    from amd_stand_in.run import Run

CORE_FIELDS = {"VENDOR": "vendor", "LIBRARY": "library", "NAME": "name", "VERSION": "version"}


class PackagerCommands:
    """The cores that are open in the packager."""

    run: Run

    def start_packager(self) -> None:
        """No core."""
        self.core: Thing | None = None
        self._serial = 0

    def _thing(self, kind: str, name: str, owner: Thing, **properties: str) -> Thing:
        self._serial += 1
        thing = Thing(
            kind, f"ipx{self._serial}:{kind.removeprefix('ipx_')}:{name}", {"NAME": name, **properties}, owner
        )
        owner.children.append(thing)
        return self.add(thing)

    def _core(self, arguments: Arguments, index: int) -> Thing:
        """The core that a command's last word names, or the current one."""
        word = arguments.word(index)
        if word:
            return self.object(word, "core")
        if self.core is None:
            raise ToolError("IP_Flow 19-3153", f"'{arguments.command}' needs an open core: none is current.")
        return self.core

    def _open(self, core: Component) -> Thing:
        self._serial += 1
        thing = Thing(
            "core",
            f"component_{self._serial}",
            {
                "NAME": core.name,
                "VENDOR": core.vendor,
                "LIBRARY": core.library,
                "VERSION": core.version,
                "VLNV": core.vlnv,
                "SDX_KERNEL": "false",
                "ROOT_DIRECTORY": str(core.folder),
            },
            data=core,
        )
        thing.on_set = lambda key, value: self._core_set(core, key, value)
        self.add(thing)
        for bus in core.buses:
            made = self._thing("ipx_bus", bus.name, thing, INTERFACE_MODE=bus.mode)
            made.data = bus
            for name, value in bus.parameters.items():
                self._parameter(made, name, value)
        for port in core.ports:
            self._thing("ipx_port", port.name, thing, DIRECTION=port.direction)
        for group, files in core.files.items():
            made = self._thing("ipx_file_group", group, thing)
            for file in files:
                self._thing("ipx_file", file, made)
        self.core = thing
        return thing

    def _core_set(self, core: Component, key: str, value: str) -> None:
        if key in CORE_FIELDS:
            setattr(core, CORE_FIELDS[key], value)

    # Making and opening

    def do_ipx_package_checkpoint(self, arguments: Arguments) -> str:
        """A checkpoint as a core; its interfaces follow from the names of its ports."""
        file = Path(arguments.text("dcp_file") or arguments.word(0))
        found = netlist.read(file, self.run.release)
        if found.black_boxes:
            raise ToolError("IP_Flow 19-3805", f"'{file}' has black boxes: {', '.join(found.black_boxes)}.")
        if not found.out_of_context:
            # Its ports have I/O buffers, which no netlist inside of another can have. The tool says so hours later.
            raise ToolError(
                "Stand-in 1-9", f"'{file}' was not synthesised with -mode out_of_context: it has I/O buffers."
            )
        folder = self._folder(arguments)
        shutil.copyfile(file, folder / file.name)
        core = self._described(arguments, found.top, found.ports, folder)
        core.files = {"xilinx_synthesischeckpoint": [file.name], "xilinx_simulationcheckpoint": [file.name]}
        return self._open(core).handle

    def do_ipx_package_project(self, arguments: Arguments) -> str:
        """The project's sources as a core: exactly these files."""
        project = self.need_project("ipx::package_project")
        if self.in_memory:
            raise ToolError("IP_Flow 19-3153", "ipx::package_project needs a project on disk.")
        if "taxonomy" not in arguments.options:
            raise ToolError(
                "Common 17-166",
                "Missing value for option 'taxonomy', please type 'ipx::package_project -help' for usage info.",
            )
        if "module" in arguments.options:
            raise ToolError("Stand-in 1-2", "ipx::package_project -module is not modelled.")
        top = self.object("sources_1", "fileset").get("TOP")
        if top not in self.modules:
            raise ToolError(
                "IP_Flow 19-4760", f"Top module '{top}' of project '{project.name}' not found: set_property top."
            )
        folder = self._folder(arguments)
        core = self._described(arguments, top, self.modules[top].ports({}), folder)
        names = []
        for thing in self.of_kind("file"):
            source = Path(thing.handle)
            if source.suffix in (".v", ".sv", ".mem", ".dat", ".xdc"):
                target = folder / "src" / source.name
                target.parent.mkdir(exist_ok=True)
                shutil.copyfile(source, target)
                names.append(f"src/{source.name}")
        core.files = {"xilinx_anylanguagesynthesis": names, "xilinx_anylanguagebehavioralsimulation": list(names)}
        return self._open(core).handle

    def _folder(self, arguments: Arguments) -> Path:
        if "root_dir" not in arguments.options:
            raise ToolError(
                "Common 17-166",
                f"Missing value for option 'root_dir', please type '{arguments.command} -help' for usage info.",
            )
        folder = Path(arguments.text("root_dir"))
        if (folder / "component.xml").exists() and not arguments.flag("force"):
            raise ToolError("IP_Flow 19-3153", f"'{folder}' holds a core already: -force.")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _described(self, arguments: Arguments, top: str, ports: list[component.Port], folder: Path) -> Component:
        core = Component(
            arguments.text("vendor", "xilinx.com"), arguments.text("library", "user"), arguments.text("name", top),
            arguments.text("version", "1.0"), top, ports, component.infer(ports), folder=folder,
        )  # fmt: skip
        if arguments.text("taxonomy"):
            core.parameters["taxonomy"] = arguments.text("taxonomy")
        return core

    def do_ipx_open_core(self, arguments: Arguments) -> str:
        """Open `component.xml`."""
        path = Path(arguments.word(0))
        if not path.is_file():
            raise ToolError("Common 17-354", f"Could not open '{path}' for reading.")
        try:
            return self._open(component.read(path)).handle
        except ValueError as error:
            raise ToolError("Stand-in 1-7", str(error)) from error

    def do_ipx_open_ipxact_file(self, arguments: Arguments) -> str:
        """The same."""
        return self.do_ipx_open_core(arguments)

    def do_ipx_current_core(self, arguments: Arguments) -> str:
        """The current core."""
        self.core = self._core(arguments, 0)
        return self.core.handle

    # Asking

    def _of(self, arguments: Arguments, kind: str) -> list[str]:
        owners = (
            self.objects(arguments.text("of_objects"))
            if "of_objects" in arguments.options
            else [self.core]
            if self.core
            else []
        )
        if not owners:
            raise ToolError("IP_Flow 19-3153", f"'{arguments.command}' needs -of_objects: no core is open.")
        things = [child for owner in owners for child in owner.children if child.kind == kind]
        for index, word in enumerate(arguments.positional):
            arguments.positional[index] = word
        return self.select(arguments, things, kind.removeprefix("ipx_"), "IP_Flow 19-570")

    def do_ipx_get_bus_interfaces(self, arguments: Arguments) -> list[str]:
        """Bus interfaces."""
        return self._of(arguments, "ipx_bus")

    def do_ipx_get_bus_parameters(self, arguments: Arguments) -> list[str]:
        """Parameters of bus interfaces."""
        return self._of(arguments, "ipx_parameter")

    def do_ipx_get_ports(self, arguments: Arguments) -> list[str]:
        """Ports."""
        return self._of(arguments, "ipx_port")

    def do_ipx_get_file_groups(self, arguments: Arguments) -> list[str]:
        """File groups."""
        return self._of(arguments, "ipx_file_group")

    def do_ipx_get_files(self, arguments: Arguments) -> list[str]:
        """Files of a group."""
        return self._of(arguments, "ipx_file")

    def do_ipx_get_memory_maps(self, arguments: Arguments) -> list[str]:
        """Memory maps."""
        return self._of(arguments, "ipx_map")

    def do_ipx_get_user_parameters(self, arguments: Arguments) -> list[str]:
        """User parameters."""
        return self._of(arguments, "ipx_user_parameter")

    # Adding

    def _add(self, arguments: Arguments, kind: str, owner_kind: str, **properties: str) -> str:
        owner = self.object(arguments.word(1), owner_kind)
        name = arguments.word(0)
        if any(child.kind == kind and child.name == name for child in owner.children):
            raise ToolError("IP_Flow 19-3153", f"'{owner.name}' has a {kind.removeprefix('ipx_')} '{name}' already.")
        return self._thing(kind, name, owner, **properties).handle

    def _parameter(self, bus: Thing, name: str, value: str) -> Thing:
        thing = self._thing("ipx_parameter", name, bus, VALUE=value)

        def change(key: str, new: str) -> None:
            if key == "VALUE" and isinstance(bus.data, component.Bus):
                bus.data.parameters[name] = new

        thing.on_set = change
        return thing

    def do_ipx_add_bus_parameter(self, arguments: Arguments) -> str:
        """A parameter of a bus interface."""
        bus = self.object(arguments.word(1), "ipx_bus")
        known = next((child for child in bus.children if child.name == arguments.word(0)), None)
        return (known or self._parameter(bus, arguments.word(0), "")).handle

    def do_ipx_remove_bus_parameter(self, arguments: Arguments) -> None:
        """A parameter of a bus interface goes, if it is there."""
        bus = self.object(arguments.word(1), "ipx_bus")
        known = next((child for child in bus.children if child.name == arguments.word(0)), None)
        if known is None:
            if not arguments.flag("quiet"):
                raise ToolError("IP_Flow 19-3153", f"'{bus.name}' has no parameter '{arguments.word(0)}'.")
            return
        bus.children.remove(known)
        bus.data.parameters.pop(arguments.word(0), None)

    def do_ipx_add_memory_map(self, arguments: Arguments) -> str:
        """A memory map."""
        return self._add(arguments, "ipx_map", "core")

    def do_ipx_add_address_block(self, arguments: Arguments) -> str:
        """An address block."""
        return self._add(arguments, "ipx_block", "ipx_map")

    def do_ipx_add_register(self, arguments: Arguments) -> str:
        """A register."""
        return self._add(arguments, "ipx_register", "ipx_block")

    def do_ipx_add_register_parameter(self, arguments: Arguments) -> str:
        """A parameter of a register."""
        return self._add(arguments, "ipx_parameter", "ipx_register")

    def do_ipx_add_field(self, arguments: Arguments) -> str:
        """A field of a register."""
        return self._add(arguments, "ipx_field", "ipx_register")

    def do_ipx_add_file_group(self, arguments: Arguments) -> str:
        """A file group."""
        from amd_stand_in.vivado.groups import FILE_GROUPS

        if arguments.word(0) not in FILE_GROUPS:
            raise ToolError("IP_Flow 19-3153", f"'{arguments.word(0)}' is no file group: {', '.join(FILE_GROUPS)}.")
        return self._add(arguments, "ipx_file_group", "core")

    def do_ipx_add_file(self, arguments: Arguments) -> str:
        """A file of a group; it has to be in the core's folder."""
        group = self.object(arguments.word(1), "ipx_file_group")
        folder = group.owner.data.folder
        if not (folder / arguments.word(0)).is_file():
            raise ToolError("IP_Flow 19-3805", f"File '{arguments.word(0)}' does not exist in '{folder}'.")
        return self._add(arguments, "ipx_file", "ipx_file_group")

    def do_ipx_remove_file_group(self, arguments: Arguments) -> None:
        """Take a file group away."""
        core = self._core(arguments, 1)
        found = [child for child in core.children if child.kind == "ipx_file_group" and child.name == arguments.word(0)]
        if not found:
            raise ToolError("IP_Flow 19-3153", f"'{core.name}' has no file group '{arguments.word(0)}'.")
        core.children.remove(found[0])

    def do_ipx_associate_bus_interfaces(self, arguments: Arguments) -> None:
        """A bus interface to its clock, a reset to its clock."""
        thing = self._core(arguments, 0)
        core: Component = thing.data
        clock = core.bus(arguments.text("clock"))
        if clock is None or clock.kind != "clock":
            raise ToolError("IP_Flow 19-3153", f"'{core.name}' has no clock interface '{arguments.text('clock')}'.")
        for option, parameter in (("busif", "ASSOCIATED_BUSIF"), ("reset", "ASSOCIATED_RESET")):
            name = arguments.text(option)
            if not name:
                continue
            if core.bus(name) is None:
                raise ToolError("IP_Flow 19-3153", f"'{core.name}' has no bus interface '{name}'.")
            known = [word for word in clock.parameters.get(parameter, "").split(":") if word]
            if name not in known:
                clock.parameters[parameter] = ":".join([*known, name])

    # Checking and saving

    def do_ipx_create_xgui_files(self, arguments: Arguments) -> None:
        """The page of parameters."""
        core: Component = self._core(arguments, 0).data
        assert core.folder is not None
        (core.folder / "xgui").mkdir(exist_ok=True)
        (core.folder / "xgui" / f"{core.name}_v{core.version.replace('.', '_')}.tcl").write_text("# stand-in\n")

    def do_ipx_update_checksums(self, arguments: Arguments) -> None:
        """Needed before saving."""
        self._core(arguments, 0).properties["CHECKED"] = "1"

    def do_ipx_check_integrity(self, arguments: Arguments) -> str:
        """1 or 0: it does not raise, so its value has to be looked at."""
        faults = kernel_object.integrity(
            self._core(arguments, 0), kernel=arguments.flag("kernel") or arguments.flag("xrt")
        )
        if not arguments.flag("quiet"):
            for text in faults:
                self.run.console.critical("IP_Flow 19-11770", text)
        return "0" if faults else "1"

    def do_ipx_save_core(self, arguments: Arguments) -> None:
        """Write `component.xml`."""
        thing = self._core(arguments, 0)
        core: Component = thing.data
        assert core.folder is not None
        if thing.properties.get("CHECKED") != "1":
            self.run.console.warning("IP_Flow 19-5226", "The core is saved without ipx::update_checksums.")
        core.files = {
            g.name: [f.name for f in g.children if f.kind == "ipx_file"]
            for g in thing.children
            if g.kind == "ipx_file_group"
        }
        core.parameters["sdx_kernel"] = thing.properties.get("SDX_KERNEL", "false").lower()
        core.parameters["sdx_kernel_type"] = thing.properties.get("SDX_KERNEL_TYPE", "")
        for space in (child for child in thing.children if child.kind == "ipx_map"):
            for block in space.children:
                for register in (child for child in block.children if child.kind == "ipx_register"):
                    core.parameters[f"register.{register.name}"] = (
                        f"{register.properties.get('ADDRESS_OFFSET', '')}:{register.properties.get('SIZE', '')}"
                    )
        component.write(core, core.folder / "component.xml")
        self.run.faults.damage(core.folder / "component.xml", "ipx::save_core")

    def do_ipx_unload_core(self, arguments: Arguments) -> None:
        """Close it."""
        thing = self._core(arguments, 0)
        self.drop(thing)
        if self.core is thing:
            self.core = None

    def do_package_xo(self, arguments: Arguments) -> None:
        """The kernel object."""
        self.need_project("package_xo") if self.project is not None else None
        kernel_object.package(arguments, self.run)
