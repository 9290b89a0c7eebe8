"""The Tcl that makes IPs of netlists: the cores' checkpoints, the memories between them, and the kernel itself.

`ipx::package_checkpoint` and what follows it are the steps of AMD's own RTL kernel wizard, as committed with public
kernels. Names and options of `ipx::` commands: Vivado's own help of 2020.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from integration.kernel import CONTROL_PORT, CONTROL_RANGE, COUNT, Kernel
from toolchains.vitis.ooc.memory_rtl import SOURCE
from toolchains.vitis.stitch.job import LIBRARY, VENDOR, VERSION, StitchJob, masters_of, tdata_bytes
from toolchains.vitis.tools.releases import Release

IP_FOLDER = "ip"

_IP_PROCEDURES = f"""\
# A core's netlist as an IP.
proc farm_core {{core hertz buses streams}} {{
    set ip [ipx::package_checkpoint -dcp_file $core.dcp -root_dir {IP_FOLDER}/$core \\
        -vendor {VENDOR} -library {LIBRARY} -name $core -version {VERSION} -taxonomy /UserIP -force]
    farm_clock $ip $buses
    farm_frequency $ip $hertz
    # Said, so that a block design need not find it out of the ports of a netlist.
    foreach {{name bytes}} $streams {{
        set parameter [ipx::add_bus_parameter -quiet TDATA_NUM_BYTES [farm_bus $ip $name]]
        set_property value $bytes $parameter
    }}
    farm_save $ip
}}
"""
PACKAGED = "farm done: IPs packaged"
KERNEL_PACKAGED = "farm done: kernel packaged"
KERNEL_FOLDER = "kernel_ip"
_MASTER_PARAMETERS = (
    ("PROTOCOL", "AXI4"),
    ("MAX_BURST_LENGTH", "64"),
    ("NUM_READ_OUTSTANDING", "32"),
    ("NUM_WRITE_OUTSTANDING", "32"),
)
"""What the shell's interconnect is made for; the DMA bursts up to 64 words. Values of AMD's RTL kernel wizard."""

_PROCEDURES = """\
# A bus interface by its name, or with the _V that HLS of 2019.2 adds twice and some later releases once; a name that
# the packager has not inferred ends the run.
proc farm_bus {core name} {
    foreach wanted [list $name ${name}_V ${name}_V_V] {
        set bus [ipx::get_bus_interfaces -quiet $wanted -of_objects $core]
        if {[llength $bus] == 1} {
            return $bus
        }
    }
    error "dataflow-farm: the packaged netlist has no interface $name"
}

# Every interface belongs to the clock.
proc farm_clock {core buses} {
    foreach name $buses {
        set bus [farm_bus $core $name]
        ipx::associate_bus_interfaces -busif [get_property name $bus] -clock ap_clk $core
    }
}

# The clock's frequency: block designs of some releases take 100 MHz for a clock that says none, and do not connect it
# to one of another rate (BD 41-237). The design around the IP may set another one.
proc farm_frequency {core hertz} {
    set parameter [ipx::add_bus_parameter -quiet FREQ_HZ [farm_bus $core ap_clk]]
    set_property value $hertz $parameter
    set_property value_resolve_type user $parameter
}

proc farm_save {core} {
    # Packaging would take the revision from the date, which overflows 32 bits from 2022 on.
    set_property core_revision 1 $core
    ipx::create_xgui_files $core
    ipx::update_checksums $core
    if {![ipx::check_integrity -quiet $core]} {
        # Once more, for the reasons.
        ipx::check_integrity $core
        error "dataflow-farm: ipx::check_integrity finds the IP incomplete"
    }
    ipx::save_core $core
    ipx::unload_core $core
}
"""


def packaging_script(job: StitchJob) -> str:
    """The script that packages every core, converter and kind of memory once."""
    return "\n".join(_packaging(job)) + "\n"


def _packaging(job: StitchJob) -> Iterator[str]:
    yield f"# {job.kernel.name}: cores and memories as IPs, for Vivado {job.release}"
    yield f"set_param general.maxThreads {job.threads}"
    yield ""
    yield _PROCEDURES
    yield _IP_PROCEDURES
    for converter in job.converters:
        yield f"# Between two blocks whose beats differ: {converter}."
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
    yield f"create_project -in_memory -part {job.part}"
    for file in (*files, f"{module}.sv"):
        yield f"read_verilog -sv {{{file}}}"
    yield f"synth_design -mode out_of_context -top {module} -part {job.part} -flatten_hierarchy {flatten}"
    yield f"rename_ref -prefix_all {module}_"
    yield f"write_checkpoint -force {module}.dcp"
    yield "close_project"
    yield ""


def kernel_script(job: StitchJob) -> str:
    """The script that packages the kernel's netlist with its registers, and writes the .xo."""
    return "\n".join(_kernel(job)) + "\n"


def _kernel(job: StitchJob) -> Iterator[str]:
    kernel, masters = job.kernel, masters_of(job.kernel)
    vendor, library, name, version = kernel.vlnv.split(":")
    control = CONTROL_PORT.lower()
    yield f"# {name}: the kernel as a netlist IP, for Vivado {job.release}"
    yield f"set_param general.maxThreads {job.threads}"
    yield ""
    yield _PROCEDURES
    yield f"create_project -force packaging kernel_packaging_project -part {job.part}"
    yield (
        f"set core [ipx::package_checkpoint -dcp_file {name}.dcp -root_dir {KERNEL_FOLDER} -vendor {vendor} "
        f"-library {library} -name {name} -version {version} -taxonomy /KernelIP -force]"
    )
    yield f"farm_clock $core {{{' '.join((*masters, control))}}}"
    yield "# The shell's clock is the shell's: a frequency here would have to be its own (BD 41-237, Vivado 12-7038)."
    yield "ipx::remove_bus_parameter -quiet FREQ_HZ [farm_bus $core ap_clk]"
    yield f"foreach master {{{' '.join(masters)}}} {{"
    for parameter, value in _MASTER_PARAMETERS:
        yield f"    set_property value {value} [ipx::add_bus_parameter -quiet {parameter} [farm_bus $core $master]]"
    yield "}"
    yield "set_property sdx_kernel true $core"
    yield "set_property sdx_kernel_type rtl $core"
    yield "set_property supported_families { } $core"
    yield "set_property auto_family_support_level level_2 $core"
    yield "set_property xpm_libraries {XPM_CDC XPM_MEMORY XPM_FIFO} $core"
    if job.release >= Release(2021, 1):
        yield "set_property vitis_drc {ctrl_protocol ap_ctrl_hs} $core"
        yield "set_property ipi_drc {ignore_freq_hz true} $core"
    yield ""
    yield "# The registers, as kernel.xml has them."
    yield f"set map [ipx::add_memory_map -quiet {control} $core]"
    yield f"set_property slave_memory_map_ref {control} [farm_bus $core {control}]"
    yield "set block [ipx::add_address_block -quiet reg0 $map]"
    yield f"set_property range {CONTROL_RANGE} $block"
    for register, offset, bits, master in _registers(kernel):
        yield f"set register [ipx::add_register -quiet {register} $block]"
        yield f"set_property address_offset {offset:#05x} $register"
        yield f"set_property size {bits} $register"
        if master:
            yield "set parameter [ipx::add_register_parameter -quiet ASSOCIATED_BUSIF $register]"
            yield f"set_property value {master} $parameter"
    yield ""
    yield "# What hw_emu simulates."
    yield f"file copy -force {name}_funcsim.v {KERNEL_FOLDER}/{name}_funcsim.v"
    yield "set group [ipx::add_file_group -type simulation xilinx_verilogbehavioralsimulation $core]"
    yield f"ipx::add_file {name}_funcsim.v $group"
    yield f"set_property model_name {top_module(kernel)} $group"
    yield ""
    yield "if {![ipx::check_integrity -quiet -kernel $core]} {"
    yield "    ipx::check_integrity -kernel $core"
    yield '    error "dataflow-farm: ipx::check_integrity -kernel finds no kernel in the IP"'
    yield "}"
    yield "farm_save $core"
    yield f"file delete -force {name}.xo"
    yield (
        f"package_xo -kernel_name {name} -xo_path {name}.xo -ip_directory {KERNEL_FOLDER} -kernel_xml kernel.xml -force"
    )
    yield f'puts "{KERNEL_PACKAGED}"'
    yield "exit 0"


def top_module(kernel: Kernel) -> str:
    """The module around the block design, which Vivado names."""
    return f"{kernel.name}_wrapper"


def _registers(kernel: Kernel) -> Iterator[tuple[str, int, int, str]]:
    """Name, offset, bits and master of each register (UG1399, "S_AXILITE control register map")."""
    yield "CTRL", 0x00, 32, ""
    yield "GIER", 0x04, 32, ""
    yield "IP_IER", 0x08, 32, ""
    yield "IP_ISR", 0x0C, 32, ""
    for argument in kernel.arguments:
        yield argument.name, argument.offset, 64, argument.port.lower()
    yield COUNT, kernel.count_offset, 32, ""
