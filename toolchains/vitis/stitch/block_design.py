"""Render the Tcl that joins packaged cores in a block design, synthesises the logic between them, writes the netlist.

Commands: AMD UG835, UG994. Their order, and the properties that must be set first, are as in scripts of public
accelerators. The script assumes nothing: it asks for interfaces of IPs, their widths, and versions of AMD's IPs.
"""

from __future__ import annotations

from collections.abc import Iterator

from integration.kernel import CONTROL_PORT
from integration.kernel_rtl.link import CONVERTER_INPUT, CONVERTER_OUTPUT
from toolchains.vitis.stitch.job import (
    LIBRARY,
    VENDOR,
    VERSION,
    Stage,
    StitchJob,
    masters_of,
)
from toolchains.vitis.stitch.packaging import IP_FOLDER, top_module
from toolchains.vitis.stitch.templates import DESIGN_PROCEDURES, NETLIST
from toolchains.vitis.tools.template import read, rendered_lines

DONE = "farm done: netlist of the kernel"
UTILIZATION, HIERARCHY = "utilization.rpt", "utilization_hierarchical.rpt"
FIFO, SLICE = "xilinx.com:ip:axis_data_fifo", "xilinx.com:ip:axis_register_slice"
SHIFT, REDUCED = "xilinx.com:ip:c_shift_ram", "xilinx.com:ip:util_reduced_logic"
DISTRIBUTED_DEPTH = 512
"""Beats of the deepest FIFO in distributed memory."""
SLR_CROSSING = 15
"""`REG_CONFIG` of a register slice that crosses SLRs (AMD PG373). Each boundary has a slice of its own, so the
floorplan places two sides per slice; a slice over several boundaries would have further parts in the middle."""


def design_script(job: StitchJob) -> str:
    """Render the script that makes the kernel's netlist."""
    return "\n".join(_design(job)) + "\n"


def _design(job: StitchJob) -> Iterator[str]:
    name, control, masters = job.kernel.name, CONTROL_PORT.lower(), masters_of(job.kernel)
    cores = dict(job.instances)
    yield f"# {name}: block design and netlist, for Vivado {job.release}"
    yield f"set_param general.maxThreads {job.threads}"
    yield ""
    yield read(DESIGN_PROCEDURES)
    yield f"create_project -force kernel kernel_project -part {job.part}"
    yield "# This folder holds only the packaged IPs, so Vivado finds no stray component.xml."
    yield f"set_property ip_repo_paths [file normalize {IP_FOLDER}] [current_project]"
    yield "update_ip_catalog -rebuild"
    yield f"create_bd_design {name}"
    yield f"create_bd_port -dir I -type clk -freq_hz {job.frequency_hz} ap_clk"
    yield "create_bd_port -dir I -type rst ap_rst_n"
    yield "set_property CONFIG.POLARITY ACTIVE_LOW [get_bd_ports ap_rst_n]"
    yield ""
    yield from _resets(job)
    yield "# The blocks: one IP per core, one cell per block."
    for block, core in job.instances:
        yield f"farm_cell {block} {_own(core)} {job.slr(block)}"
    yield ""
    yield "# Their parameter memories."
    for memory in job.memories:
        bytes_ = job.streams[cores[memory.block]][memory.port]
        yield f"farm_cell {memory.name} {_own(memory.module)} {job.slr(memory.block)}"
        yield (
            f"connect_bd_intf_net [farm_stream {memory.name} out {bytes_}] "
            f"[farm_stream {memory.block} {memory.port} {bytes_}]"
        )
    yield ""
    for stage in job.stages:
        yield from _stage(job, stage)
    yield "# The ports of the kernel: memory ports, registers and interrupt of the DMA."
    for master in (*masters, control):
        yield f"farm_external {job.dma}/{master} {master}"
        yield f"set_property CONFIG.FREQ_HZ {job.frequency_hz} [get_bd_intf_ports {master}]"
    yield f"make_bd_pins_external [get_bd_pins {job.dma}/interrupt]"
    yield "set_property name interrupt [get_bd_ports interrupt_0]"
    yield f"set_property CONFIG.ASSOCIATED_BUSIF {{{':'.join((*masters, control))}}} [get_bd_ports ap_clk]"
    yield "set_property CONFIG.ASSOCIATED_RESET ap_rst_n [get_bd_ports ap_clk]"
    yield "assign_bd_address"
    yield "validate_bd_design"
    yield from _expectations(job)
    yield "save_bd_design"
    yield ""
    yield from rendered_lines(
        NETLIST,
        {
            "kernel": name,
            "top": top_module(job.kernel),
            "jobs": job.jobs,
            "utilization": UTILIZATION,
            "hierarchy": HIERARCHY,
            "done": DONE,
        },
    )


def _expectations(job: StitchJob) -> Iterator[str]:
    """Check settings that connections do not check: a FIFO that is too short stalls, a reset might start released."""
    for slr, _ in job.resets:
        yield f"farm_expect reset_{slr} {{Width 1 Depth 1 DefaultData 0 AsyncInitVal 0}}"
    for stage in job.stages:
        yield f"farm_expect {stage.name}_fifo {{TDATA_NUM_BYTES {stage.sink_bytes} FIFO_DEPTH {stage.depth}}}"
        for crossing in job.crossings(stage):
            yield (
                f"farm_expect {crossing.name} "
                f"{{TDATA_NUM_BYTES {stage.sink_bytes} REG_CONFIG {SLR_CROSSING} NUM_SLR_CROSSINGS 1}}"
            )


def _resets(job: StitchJob) -> Iterator[str]:
    yield "# A chain of reset registers, one per SLR: the reset crosses at most one boundary per cycle. The clock is"
    yield "# the shell's single net. The reduced logic removes the pin type 'reset', which shift registers refuse."
    yield f"create_bd_cell -type ip -vlnv [farm_ip {REDUCED}] reset_plain"
    yield "set_property -dict [list CONFIG.C_SIZE 1 CONFIG.C_OPERATION and] [get_bd_cells reset_plain]"
    yield "connect_bd_net [get_bd_ports ap_rst_n] [get_bd_pins reset_plain/Op1]"
    for slr, before in job.resets:
        yield f"create_bd_cell -type ip -vlnv [farm_ip {SHIFT}] reset_{slr}"
        yield (
            "set_property -dict [list CONFIG.Width 1 CONFIG.Depth 1 CONFIG.DefaultData 0 "
            f"CONFIG.AsyncInitVal 0] [get_bd_cells reset_{slr}]"
        )
        yield f"connect_bd_net [get_bd_ports ap_clk] [get_bd_pins reset_{slr}/CLK]"
        source = f"reset_{before}/Q" if before else "reset_plain/Res"
        yield f"connect_bd_net [get_bd_pins {source}] [get_bd_pins reset_{slr}/D]"
    yield ""


def _own(name: str) -> str:
    """The VLNV of an IP that the step has packaged."""
    return f"{VENDOR}:{LIBRARY}:{name}:{VERSION}"


def _stage(job: StitchJob, stage: Stage) -> Iterator[str]:
    """The path of a stream: source, converter and FIFO in the source's SLR, crossings of SLRs, sink."""
    source, sink = (f"[farm_stream {block} {port} {size}]" for (block, port), size in
                    ((stage.source, stage.source_bytes), (stage.sink, stage.sink_bytes)))  # fmt: skip
    home = job.slr(stage.source[0])
    yield f"# {'.'.join(stage.source)} -> {'.'.join(stage.sink)}"
    if stage.converter:
        cell = f"{stage.name}_converter"
        yield f"farm_cell {cell} {_own(stage.converter)} {home}"
        yield f"connect_bd_intf_net {source} [farm_stream {cell} {CONVERTER_INPUT} {stage.source_bytes}]"
        source = f"[farm_stream {cell} {CONVERTER_OUTPUT} {stage.sink_bytes}]"
    cell, memory = f"{stage.name}_fifo", "distributed" if stage.depth <= DISTRIBUTED_DEPTH else "block"
    yield f"farm_cell {cell} [farm_ip {FIFO}] {home} s_axis_aclk s_axis_aresetn"
    yield (
        f"set_property -dict [list CONFIG.TDATA_NUM_BYTES {stage.sink_bytes} CONFIG.FIFO_DEPTH {stage.depth} "
        f"CONFIG.FIFO_MEMORY_TYPE {memory} CONFIG.HAS_TLAST 0 CONFIG.HAS_TKEEP 0] [get_bd_cells {cell}]"
    )
    yield f"connect_bd_intf_net {source} [get_bd_intf_pins {cell}/S_AXIS]"
    source = f"[get_bd_intf_pins {cell}/M_AXIS]"
    for crossing in job.crossings(stage):
        cell = crossing.name
        yield f"farm_cell {cell} [farm_ip {SLICE}] {crossing.sink} aclk aresetn"
        yield (
            f"set_property -dict [list CONFIG.TDATA_NUM_BYTES {stage.sink_bytes} CONFIG.HAS_TLAST 0 CONFIG.HAS_TKEEP 0 "
            f"CONFIG.NUM_SLR_CROSSINGS 1 CONFIG.REG_CONFIG {SLR_CROSSING}] [get_bd_cells {cell}]"
        )
        yield f"connect_bd_intf_net {source} [get_bd_intf_pins {cell}/S_AXIS]"
        source = f"[get_bd_intf_pins {cell}/M_AXIS]"
    yield f"connect_bd_intf_net {source} {sink}"
    yield ""
