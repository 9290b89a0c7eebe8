"""From the block design: output products, the wrapper, and the netlist of all cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amd_stand_in.arguments import Arguments
from amd_stand_in.errors import ToolError
from amd_stand_in.hardware import netlist, verilog
from amd_stand_in.hardware.component import Port
from amd_stand_in.hardware.netlist import Netlist
from amd_stand_in.release import order
from amd_stand_in.table import commands
from amd_stand_in.vivado.objects import Thing
from amd_stand_in.vivado.project.runs import FAILED_BELOW

if TYPE_CHECKING:
    from amd_stand_in.run import Run
    from amd_stand_in.vivado.block_design.block_design import BlockDesign, Cell
    from amd_stand_in.vivado.catalog import Definition


class BlockSynthesisCommands:
    """Commands that generate from the open block design."""

    run: Run
    block: BlockDesign | None
    wrapper: str | None

    def generate_block(self) -> None:
        """Make output products; the design must be valid."""
        block = self.need_block("generate_target")
        if not block.validated:
            self.do_validate_bd_design(Arguments("validate_bd_design"))
        if not block.saved:
            raise ToolError(
                "BD 41-1031", f"Hdl Generation failed for the IP Integrator design {block.name}.bd: it was not saved."
            )
        block.generated = True

    def do_generate_target(self, arguments: Arguments) -> None:
        """Of a block design or an IP."""
        for thing in self.objects(arguments.word(1), "file", "ip"):
            if thing.data == "bd":
                self.generate_block()

    def do_make_wrapper(self, arguments: Arguments) -> str:
        """Write `<design>_wrapper`; its folder depends on the release."""
        block = self.need_block("make_wrapper")
        if not self.objects(arguments.text("files") or arguments.word(0), "file"):
            raise ToolError("Common 17-161", "Invalid option value '' specified for 'files'.")
        if not arguments.flag("top"):
            raise ToolError("Vivado 12-4148", "make_wrapper needs -top, -testbench or -inst_template.")
        kind = "srcs" if order(self.run.release) <= (2020, 1) else "gen"
        path = self.folder / f"{self.project.name}.{kind}/sources_1/bd/{block.name}/hdl/{block.name}_wrapper.v"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"module {block.name}_wrapper;\nendmodule\n")
        if arguments.flag("import"):
            self.wrapper = f"{block.name}_wrapper"
        return str(path)

    def synthesise_top(self, run: Thing) -> Netlist:
        """Do a synthesis run: the top of the file set from its sources and the block design."""
        top = self.object("sources_1", "fileset").get("TOP")
        if self.order_stale:
            self.run.console.warning("Vivado 12-584", "update_compile_order was not called after sources were added.")
        options = self.run.tcl.split(run.properties.get("STEPS.SYNTH_DESIGN.ARGS.MORE OPTIONS", ""))
        more = self.grammar.read(commands("vivado")["synth_design"], "synth_design", options)
        if self.block is not None and top in (self.block.name, f"{self.block.name}_wrapper"):
            if top.endswith("_wrapper") and self.wrapper is None:
                raise ToolError("Synth 8-439", f"module '{top}' not found")
            design = self._block_netlist(top)
        else:
            design = netlist.elaborate(self.modules, top, self.part, self.run.release, self.checkpoints)
        design.out_of_context = more.text("mode", "default") == "out_of_context"
        self.run.count("synth", top)
        return design

    def _block_netlist(self, top: str) -> Netlist:
        block = self.need_block("launch_runs")
        if not block.generated:
            self.generate_block()
        ports = [Port(port.name, port.direction, port.width) for port in block.ports.values()]
        for external in block.buses.values():
            cell = block.cells[external.source[0]]
            bus = cell.bus(external.source[1])
            assert bus is not None
            for logical, physical in bus.ports.items():
                port = cell.port(physical)
                assert port is not None
                # Vivado writes the signals of an AXI port in lower case.
                ports.append(Port(f"{external.name}_{logical.lower()}", port.direction, port.width))
        design = Netlist(top, self.part, ports, {}, release=self.run.release)
        inner = netlist.Cell(verilog.Size(), origin=top)
        if top != block.name:
            design.modules[top] = netlist.Cell(verilog.Size(), [(f"{block.name}_i", block.name)], top)
        design.modules[block.name] = inner
        made: dict[str, Netlist] = {}
        mode = next((t.properties["SYNTH_CHECKPOINT_MODE"] for t in self.of_kind("file") if t.data == "bd"), "None")
        failed = []
        for cell in block.cells.values():
            key = cell.definition.vlnv + repr(sorted(cell.values.items()))
            if key not in made:
                name = f"{block.name}_{cell.name}_0_synth_1"
                found_or_not = self._ip_run(name, cell) if mode == "Hierarchical" else self._ip_netlist(cell)
                if found_or_not is None:
                    failed.append(name)
                    continue
                made[key] = found_or_not
            found = made[key]
            design.join(found)
            wrapper = f"{block.name}_{cell.name}_0"
            # The wrapper of a VHDL core calls it U0.
            name = "U0" if cell.definition.vlnv.split(":")[2].startswith("util_") else "inst"
            design.modules[wrapper] = netlist.Cell(verilog.Size(), [(name, found.top)], wrapper)
            inner.instances.append((cell.name, wrapper))
        if failed:
            raise ToolError(FAILED_BELOW, f"Failed run(s) : {', '.join(repr(name) for name in failed)}")
        return design

    def _ip_netlist(self, cell: Cell) -> Netlist:
        return self.netlist_of(cell.definition, cell.values, cell.name)

    def _ip_run(self, name: str, cell: Cell) -> Netlist | None:
        """Synthesise an IP in a run of its own; its messages go only to its runme.log. None if it failed."""
        run = self.new_run(name)
        core = cell.definition.core
        if core is not None and core.files.get("xilinx_synthesischeckpoint"):
            self.ended_run(run, [])  # nothing is synthesised
            return self._ip_netlist(cell)
        lines = self.run.faults.child("ip_run", device=self.device)
        with self.run.console.captured() as printed:
            try:
                made = self._ip_netlist(cell) if lines is None else None
            except ToolError as error:
                made, lines = None, error.lines()
        if made is None:
            self.failed_run(run, [*printed, *(lines or [])])
            return None
        self.ended_run(run, printed)
        return made

    def netlist_of(self, definition: Definition, values: dict[str, str], cell: str = "") -> Netlist:
        """The netlist of an IP: its checkpoint, or its sources synthesised."""
        core = definition.core
        part = self.part
        if core is None:
            name = definition.vlnv.split(":")[2]
            tag = "_".join([name, *(f"{k}_{v}" for k, v in sorted(values.items()))])
            own = netlist.Cell(definition.size(values), origin=tag)
            made = Netlist(tag, part, [], {tag: own}, release=self.run.release)
            if name == "util_ds_buf" and values.get("C_BUF_TYPE") in ("BUFG", "BUFGCE"):
                # The IP's own name for its buffer; on UltraScale+ a BUFG becomes a BUFGCE.
                made.modules["BUFGCE"] = netlist.Cell(verilog.Size(), origin=netlist.PRIMITIVE)
                own.instances.append(("USE_BUFG.GEN_BUFG[0].BUFG_U", "BUFGCE"))
            return made
        assert core.folder is not None
        checkpoints = core.files.get("xilinx_synthesischeckpoint", [])
        if checkpoints:
            found = netlist.read(core.folder / checkpoints[0], self.run.release)
            if found.part != part:
                raise ToolError(
                    "Project 1-19", f"The checkpoint of '{core.vlnv}' is for part {found.part}, not {part}."
                )
            return found
        sources: dict[str, verilog.Module] = {}
        memories = {
            path.name for files in core.files.values() for file in files if (path := core.folder / file).is_file()
        }
        for group in ("xilinx_anylanguagesynthesis", "xilinx_verilogsynthesis"):
            for file in core.files.get(group, []):
                path = core.folder / file
                if path.suffix in (".v", ".sv"):
                    if not path.is_file():
                        raise ToolError(
                            "IP_Flow 19-3805",
                            f"Failed to generate and synthesize debug IPs: '{core.vlnv}' lacks its file '{file}'.",
                        )
                    sources.update({module.name: module for module in verilog.read(path.read_text(), str(path))})
        self.run.count("synth", cell or core.name)
        made = netlist.elaborate(sources, core.top, part, self.run.release)
        self.need_memories(made, sources, memories)
        return made
