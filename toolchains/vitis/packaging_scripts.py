"""The Tcl that makes IPs of netlists: the cores' checkpoints, the memories between them, and the kernel itself.

`ipx::package_checkpoint` and what follows it are the steps of AMD's own RTL kernel wizard, as committed with public
kernels. Names and options of `ipx::` commands: Vivado's own help of 2020.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from integration.kernel import CONTROL_PORT, COUNT, Kernel
from toolchains.vitis.releases import Release
from toolchains.vitis.stitch_job import LIBRARY, VENDOR, VERSION, StitchJob

PACKAGED = "dataflow-farm: IPs packaged"
KERNEL_PACKAGED = "dataflow-farm: kernel packaged"
IP_FOLDER = "ip"
KERNEL_FOLDER = "kernel_ip"

_PROCEDURES = """\
# A bus interface by its name; a name that the packager has not inferred ends the run.
proc farm_bus {core name} {
    set bus [ipx::get_bus_interfaces $name -of_objects $core]
    if {[llength $bus] != 1} {
        error "dataflow-farm: the packaged netlist has no interface $name"
    }
    return $bus
}

# The clock's frequency, without which a block design takes 100 MHz and refuses the connection (BD 41-237).
proc farm_clock {core hertz buses} {
    foreach bus $buses {
        farm_bus $core $bus
        ipx::associate_bus_interfaces -busif $bus -clock ap_clk $core
    }
    set parameter [ipx::add_bus_parameter -quiet FREQ_HZ [farm_bus $core ap_clk]]
    set_property value $hertz $parameter
}

proc farm_save {core} {
    # Packaging would take the revision from the date, which overflows 32 bits from 2022 on.
    set_property core_revision 1 $core
    ipx::create_xgui_files $core
    ipx::update_checksums $core
    if {![ipx::check_integrity -quiet $core]} {
        error "dataflow-farm: ipx::check_integrity finds the IP incomplete"
    }
    ipx::save_core $core
    ipx::unload_core $core
}
"""


def packaging_script(job: StitchJob, streams: dict[str, Sequence[str]], masters: Sequence[str]) -> str:
    """The script that packages every core, converter and memory once. `streams` maps a core to its stream ports."""
    return "\n".join(_packaging(job, streams, masters)) + "\n"


def _packaging(job: StitchJob, streams: dict[str, Sequence[str]], masters: Sequence[str]) -> Iterator[str]:
    yield f"# {job.kernel.name}: cores and memories as IPs, for Vivado {job.release}"
    yield f"set_param general.maxThreads {job.threads}"
    yield ""
    yield _PROCEDURES
    for converter in job.converters:
        yield f"# Between two blocks whose beats differ: {converter}."
        yield f"create_project -in_memory -part {job.part}"
        yield f"foreach file [split [read [set list [open {converter}.files]]]] {{"
        yield "    if {$file ne {}} { read_verilog -sv $file }"
        yield "}"
        yield "close $list"
        yield f"synth_design -mode out_of_context -top {converter} -part {job.part} -flatten_hierarchy rebuilt"
        yield f"rename_ref -prefix_all {converter}_"
        yield f"write_checkpoint -force {converter}.dcp"
        yield "close_project"
        yield ""
    yield f"create_project -force packaging packaging_project -part {job.part}"
    dma = dict(job.instances)[job.dma]
    for core in (*job.cores, *job.converters):
        buses = [*streams[core], *(masters if core == dma else ())]
        yield ""
        yield (
            f"set core [ipx::package_checkpoint -dcp_file {core}.dcp -root_dir {IP_FOLDER}/{core} -vendor {VENDOR} "
            f"-library {LIBRARY} -name {core} -version {VERSION} -taxonomy /UserIP -force]"
        )
        yield f"farm_clock $core {job.frequency_hz} {{{' '.join(buses)}}}"
        yield "farm_save $core"
    yield "close_project"
    for memory in job.memories:
        yield ""
        yield f"create_project -force {memory.name} {memory.name}_project -part {job.part}"
        yield f"add_files -norecurse {{{memory.name}.v {memory.name}.mem}}"
        yield f"set_property top {memory.name} [current_fileset]"
        yield "update_compile_order -fileset sources_1"
        yield (
            f"ipx::package_project -root_dir {IP_FOLDER}/{memory.name} -vendor {VENDOR} -library {LIBRARY} "
            "-taxonomy /UserIP -import_files -force"
        )
        yield "set core [ipx::current_core]"
        yield f"set_property name {memory.name} $core"
        yield f"set_property version {VERSION} $core"
        yield f"farm_clock $core {job.frequency_hz} {{out}}"
        yield "farm_save $core"
        yield "close_project"
    yield ""
    yield f'puts "{PACKAGED}"'
    yield "exit 0"


def kernel_script(job: StitchJob, masters: Sequence[str]) -> str:
    """The script that packages the kernel's netlist with its registers, and writes the .xo."""
    return "\n".join(_kernel(job, masters)) + "\n"


def _kernel(job: StitchJob, masters: Sequence[str]) -> Iterator[str]:
    kernel = job.kernel
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
    yield f"farm_clock $core {job.frequency_hz} {{{' '.join((*masters, control))}}}"
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
    yield '    error "dataflow-farm: ipx::check_integrity -kernel finds no kernel in the IP"'
    yield "}"
    yield "farm_save $core"
    yield f"file delete -force {name}.xo"
    yield (
        f"package_xo -kernel_name {name} -xo_path {name}.xo -ip_directory {KERNEL_FOLDER} -kernel_xml kernel.xml "
        "-force"
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
