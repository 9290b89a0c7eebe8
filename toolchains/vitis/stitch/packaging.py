"""Render the Tcl that packages netlists as IPs: the cores' checkpoints, the parameter memories, and the kernel.

`ipx::package_checkpoint` and the commands after it are those of AMD's RTL kernel wizard, as committed with public
kernels. Names and options of `ipx::` commands: Vivado's help of 2020.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from integration.kernel import CONTROL_PORT, CONTROL_RANGE, COUNT, Kernel
from toolchains.vitis.ooc.memory_rtl import SOURCE
from toolchains.vitis.stitch.job import LIBRARY, VENDOR, VERSION, StitchJob, masters_of, tdata_bytes
from toolchains.vitis.stitch.templates import CORE_IP, KERNEL, PACKAGING_PROCEDURES, SYNTHESIS
from toolchains.vitis.tools.releases import Release
from toolchains.vitis.tools.template import read, render, rendered_lines

IP_FOLDER = "ip"
PACKAGED = "farm done: IPs packaged"
KERNEL_PACKAGED = "farm done: kernel packaged"
KERNEL_FOLDER = "kernel_ip"
SIMULATION_GROUP = "xilinx_verilogbehavioralsimulation"
"""The packager's name for the group of files for Verilog simulators."""
MASTER_PARAMETERS = (
    ("PROTOCOL", "AXI4"),
    ("MAX_BURST_LENGTH", "64"),
    ("NUM_READ_OUTSTANDING", "32"),
    ("NUM_WRITE_OUTSTANDING", "32"),
)
"""Bus parameters for the shell's interconnect, as in AMD's RTL kernel wizard. The DMA bursts up to 64 words."""
_CHECKS = (
    "set_property vitis_drc {ctrl_protocol ap_ctrl_hs} $core",
    "set_property ipi_drc {ignore_freq_hz true} $core",
)


def packaging_script(job: StitchJob) -> str:
    """Render the script that packages every core, converter and kind of memory once."""
    return "\n".join(_packaging(job)) + "\n"


def _packaging(job: StitchJob) -> Iterator[str]:
    yield f"# {job.kernel.name}: cores and memories as IPs, for Vivado {job.release}"
    yield f"set_param general.maxThreads {job.threads}"
    yield ""
    yield read(PACKAGING_PROCEDURES)
    yield render(CORE_IP, {"folder": IP_FOLDER, "vendor": VENDOR, "library": LIBRARY, "version": VERSION})
    for converter in job.converters:
        yield f"# A converter between blocks with different beats: {converter}."
        yield from _synthesis(job, converter, job.converter_files, "rebuilt")
    for plan in job.memory_plans:
        yield f"# A parameter memory of {plan.depth} beats of {plan.width_bits} bits; its primitives keep their names."
        yield from _synthesis(job, plan.module, (SOURCE,), "none")
    yield f"create_project -force packaging packaging_project -part {job.part}"
    dma = dict(job.instances)[job.dma]
    for core in (*job.cores, *job.converters):
        buses = [*job.streams[core], *((*masters_of(job.kernel), CONTROL_PORT.lower()) if core == dma else ())]
        sizes = " ".join(f"{name} {size}" for name, size in job.streams[core].items())
        yield f"farm_core {core} {job.frequency_hz} {{{' '.join(buses)}}} {{{sizes}}}"
    for plan in job.memory_plans:
        yield f"farm_core {plan.module} {job.frequency_hz} {{out}} {{out {tdata_bytes(plan.width_bits)}}}"
    yield "close_project"
    yield ""
    yield f'puts "{PACKAGED}"'
    yield "exit 0"


def _synthesis(job: StitchJob, module: str, files: tuple[str, ...], flatten: str) -> Iterator[str]:
    sources = [f"read_verilog -sv {{{file}}}" for file in (*files, f"{module}.sv")]
    yield from rendered_lines(SYNTHESIS, {"part": job.part, "sources": sources, "module": module, "flatten": flatten})


def kernel_script(job: StitchJob) -> str:
    """Render the script that packages the kernel's netlist with its registers, and writes the .xo."""
    kernel, masters = job.kernel, masters_of(job.kernel)
    vendor, library, name, version = kernel.vlnv.split(":")
    control = CONTROL_PORT.lower()
    return render(
        KERNEL,
        {
            "kernel": name,
            "release": str(job.release),
            "threads": job.threads,
            "procedures": read(PACKAGING_PROCEDURES).splitlines(),
            "part": job.part,
            "folder": KERNEL_FOLDER,
            "vendor": vendor,
            "library": library,
            "version": version,
            "buses": " ".join((*masters, control)),
            "masters": " ".join(masters),
            "master_parameters": [
                f"    set_property value {value} [ipx::add_bus_parameter -quiet {parameter} [farm_bus $core $master]]"
                for parameter, value in MASTER_PARAMETERS
            ],
            "checks": _CHECKS if job.release >= Release(2021, 1) else (),
            "control": control,
            "range": CONTROL_RANGE,
            "registers": list(_register_lines(kernel)),
            "simulation_netlist": simulation_netlist(kernel),
            "simulation_group": SIMULATION_GROUP,
            "top": top_module(kernel),
            "done": KERNEL_PACKAGED,
        },
    )


def _register_lines(kernel: Kernel) -> Iterator[str]:
    for register, offset, bits, master in registers_of(kernel):
        yield f"set register [ipx::add_register -quiet {register} $block]"
        yield f"set_property address_offset {offset:#05x} $register"
        yield f"set_property size {bits} $register"
        if master:
            yield "set parameter [ipx::add_register_parameter -quiet ASSOCIATED_BUSIF $register]"
            yield f"set_property value {master} $parameter"


def simulation_netlist(kernel: Kernel) -> str:
    """The name of the kernel's netlist for simulators."""
    return f"{kernel.name}_funcsim.v"


def top_module(kernel: Kernel) -> str:
    """The module around the block design; Vivado chooses this name."""
    return f"{kernel.name}_wrapper"


def registers_of(kernel: Kernel) -> Iterator[tuple[str, int, int, str]]:
    """Yield name, offset, bits and master of each register (UG1399, "S_AXILITE control register map")."""
    yield "CTRL", 0x00, 32, ""
    yield "GIER", 0x04, 32, ""
    yield "IP_IER", 0x08, 32, ""
    yield "IP_ISR", 0x0C, 32, ""
    for argument in kernel.arguments:
        yield argument.name, argument.offset, 64, argument.port.lower()
    yield COUNT, kernel.count_offset, 32, ""
