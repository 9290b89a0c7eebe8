"""IPs of the catalog in the open project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from amd_stand_in.arguments import Arguments
from amd_stand_in.errors import ToolError
from amd_stand_in.vivado.objects import Thing

if TYPE_CHECKING:
    from amd_stand_in.run import Run
    from amd_stand_in.vivado.catalog import Catalog


class IpCommands:
    """The catalog, and IPs outside a block design."""

    run: Run
    catalog: Catalog

    def do_update_ip_catalog(self, arguments: Arguments) -> None:
        """Read the repositories."""
        project = self.need_project("update_ip_catalog")
        folders = [Path(word) for word in self.run.tcl.split(project.properties.get("IP_REPO_PATHS", ""))]
        for code, fault in self.catalog.refresh(folders):
            self.run.console.critical(code, fault)
        self.run.console.info("IP_Flow 19-234", "Refreshing IP repositories")

    def do_get_ipdefs(self, arguments: Arguments) -> list[str]:
        """VLNVs of the catalog."""
        self.need_project("get_ipdefs")
        things = [Thing("ipdef", vlnv, {"NAME": vlnv, "VLNV": vlnv}) for vlnv in self.catalog.definitions]
        for thing in things:
            if thing.handle not in self.things:
                self.add(thing)
        return self.select(arguments, things, "IP definitions", "IP_Flow 19-1971")

    def do_create_ip(self, arguments: Arguments) -> str:
        """Create an IP outside a block design."""
        self.need_project("create_ip")
        vlnv = arguments.text("vlnv") or ":".join(arguments.text(n) for n in ("vendor", "library", "name", "version"))
        definition = self.catalog.find(vlnv)
        name = arguments.text("module_name")
        if any(ip.name == name for ip in self.of_kind("ip")):
            raise ToolError("IP_Flow 19-3458", f"An IP named '{name}' exists.")
        thing = Thing(
            "ip", name, {"NAME": name, "VLNV": vlnv, "IPDEF": vlnv, "GENERATE_SYNTH_CHECKPOINT": "1"}, data=definition
        )
        thing.on_set = lambda key, value: (
            definition.check(key.removeprefix("CONFIG."), value) if key.startswith("CONFIG.") else None
        )
        self.add(thing)
        self.add(Thing("file", f"{name}.xci", {"NAME": f"{name}.xci"}))
        return name

    def do_get_ips(self, arguments: Arguments) -> list[str]:
        """IPs."""
        return self.select(arguments, self.of_kind("ip"), "IPs", "Vivado 12-3645")

    def do_synth_ip(self, arguments: Arguments) -> None:
        """Synthesise an IP out of context and write its checkpoint."""
        for thing in self.objects(arguments.word(0), "ip"):
            if thing.get("GENERATE_SYNTH_CHECKPOINT").lower() not in ("1", "true"):
                raise ToolError("Vivado 12-5577", f"synth_ip: GENERATE_SYNTH_CHECKPOINT of '{thing.name}' is not set.")
            found = self.netlist_of(thing.data, {})
            found.write(Path(f"{thing.name}.dcp"), force=True)
            self.run.count("synth", thing.name)

    def do_export_ip_user_files(self, arguments: Arguments) -> None:
        """Files for simulators: accepted, nothing is written."""
        self.need_project("export_ip_user_files")
