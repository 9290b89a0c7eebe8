"""The IP packager (`ipx::`): the cores that are open in it, checking and saving them, and `package_xo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amd_stand_in.arguments import Arguments
from amd_stand_in.errors import ToolError
from amd_stand_in.hardware import component
from amd_stand_in.hardware.component import Component
from amd_stand_in.vivado.objects import Thing
from amd_stand_in.vivado.packager import packaged_maps
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
        """The core named by a command's last word, or the current one."""
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

    def do_ipx_current_core(self, arguments: Arguments) -> str:
        """The current core."""
        self.core = self._core(arguments, 0)
        return self.core.handle

    def do_ipx_create_xgui_files(self, arguments: Arguments) -> None:
        """The page of parameters."""
        core: Component = self._core(arguments, 0).data
        assert core.folder is not None
        (core.folder / "xgui").mkdir(exist_ok=True)
        (core.folder / "xgui" / f"{core.name}_v{core.version.replace('.', '_')}.tcl").write_text("# stand-in\n")

    def do_ipx_update_checksums(self, arguments: Arguments) -> None:
        """Update checksums; required before saving."""
        self._core(arguments, 0).properties["CHECKED"] = "1"

    def do_ipx_check_integrity(self, arguments: Arguments) -> str:
        """Return 1 or 0. It does not raise, so scripts must check the value."""
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
        core.models = {
            g.name: g.get("MODEL_NAME") for g in thing.children if g.kind == "ipx_file_group" and g.get("MODEL_NAME")
        }
        core.parameters["sdx_kernel"] = thing.properties.get("SDX_KERNEL", "false").lower()
        core.parameters["sdx_kernel_type"] = thing.properties.get("SDX_KERNEL_TYPE", "")
        core.maps = packaged_maps.packaged(thing)
        for bus in (child for child in thing.children if child.kind == "ipx_bus"):
            bus.data.memory_map = bus.get("SLAVE_MEMORY_MAP_REF")
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
