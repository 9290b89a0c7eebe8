"""The stand-in of v++ and its companions: configuration, connectivity, reports, the linked file."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from reports.logs import log
from reports.vivado import accelerator, timing, utilization
from reports.vpp import link_summary, xclbin_info
from runtime.formats import xclbin

sys.path.insert(0, str(Path(__file__).resolve().parent))

PART = "xcu250-figd2104-2L-e"
U250 = "xilinx_u250_gen3x16_xdma_4_1_202210_1"
MASTER = "output wire [63:0] {n}_AWADDR, output wire [63:0] {n}_ARADDR, output wire [{t}:0] {n}_WDATA, input wire [{t}:0] {n}_RDATA"
KERNEL = (
    "module leaf (input wire clk, input wire [31:0] d, output reg [31:0] q);\n always @(posedge clk) q <= d;\nendmodule\n"
    f"module kern (input wire ap_clk, input wire ap_rst_n, {MASTER.format(n='m_axi_gmem0', t=511)}, {MASTER.format(n='m_axi_gmem1', t=31)},"
    " input wire [5:0] s_axi_control_AWADDR, input wire [5:0] s_axi_control_ARADDR, input wire [31:0] s_axi_control_WDATA, output wire [31:0] s_axi_control_RDATA);\n"
    " leaf leaf_i (.clk(ap_clk), .d(s_axi_control_WDATA), .q(s_axi_control_RDATA));\nendmodule\n"
)
XML = """\
<root versionMajor="1" versionMinor="6"><kernel name="kern" language="ip" vlnv="own:farm:kern:1.0">
<ports><port name="M_AXI_GMEM0" mode="master" dataWidth="512"/><port name="M_AXI_GMEM1" mode="master" dataWidth="32"/><port name="S_AXI_CONTROL" mode="slave" dataWidth="32"/></ports>
<args><arg name="in_r" addressQualifier="1" id="0" port="M_AXI_GMEM0" offset="0x10"/><arg name="out_r" addressQualifier="1" id="1" port="M_AXI_GMEM1" offset="0x1C"/><arg name="count" addressQualifier="0" id="2" port="S_AXI_CONTROL" offset="0x28"/></args>
</kernel></root>
"""
SCRIPT = f"""\
create_project -in_memory -part {PART}
read_verilog kern.v
synth_design -mode out_of_context -top kern -part {PART}
write_checkpoint -force kern.dcp
set core [ipx::package_checkpoint -dcp_file kern.dcp -root_dir kip -vendor own -library farm -name kern -version 1.0 -taxonomy /KernelIP -force]
foreach bus {{m_axi_gmem0 m_axi_gmem1 s_axi_control}} {{ ipx::associate_bus_interfaces -busif $bus -clock ap_clk $core }}
set_property sdx_kernel true $core
set_property sdx_kernel_type rtl $core
ipx::update_checksums $core
ipx::save_core $core
package_xo -kernel_name kern -xo_path kern.xo -ip_directory kip -kernel_xml kernel.xml
exit 0
"""
CONFIG = f"""\
# a kernel
platform={U250}
save-temps=1
report_level=1
kernel_frequency=0:250|1:500
[connectivity]
nk=kern:1:kern_1
sp=kern_1.in_r:DDR[1]
sp=kern_1.m_axi_gmem1:PLRAM[0]
slr=kern_1:SLR1
[vivado]
prop=run.impl_1.STEPS.PHYS_OPT_DESIGN.IS_ENABLED=true
prop=run.impl_1.{{STEPS.PLACE_DESIGN.ARGS.MORE OPTIONS}}={{-no_bufg_opt}}
"""
LINK = ("v++", "--link", "--target", "hw", "--output", "k.xclbin", "kern.xo", "--config", "link.cfg")


@pytest.fixture(autouse=True)
def files(bench, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> None:
    shared = tmp_path_factory.getbasetemp() / "kern.xo"
    if not shared.exists():
        bench.write(kern__v=KERNEL, kernel__xml=XML)
        ended = bench.vivado(SCRIPT, "2019.2")
        assert ended.status == 0, ended.text
        shutil.copyfile(bench.folder / "kern.xo", shared)
    shutil.copyfile(shared, bench.folder / "kern.xo")
    bench.write(link__cfg=CONFIG)


def test_the_good_link_and_what_is_read_of_it(bench) -> None:
    ended = bench.run(*LINK)
    assert ended.status == 0, ended.text
    file = xclbin.read(bench.folder / "k.xclbin")
    tags = [bank.tag for bank in file.memories]
    assert [(c.argument_index, tags[c.memory_index]) for c in file.connections] == [(0, "DDR[1]"), (1, "PLRAM[0]")]
    assert [(clock.name, clock.frequency_mhz) for clock in file.clocks] == [("DATA_CLK", 250), ("KERNEL_CLK", 500)]
    assert file.has_mirror
    mirror = json.loads(file.tail.removeprefix(b"XCLBIN_MIRROR_DATA_START").removesuffix(b"XCLBIN_MIRROR_DATA_END"))
    assert mirror["header"]["XclBinUUID"] == file.header.uuid.hex()
    assert file.tail.count(b'"section_header":') == len(file.sections)
    info = xclbin_info.parse((bench.folder / "k.xclbin.info").read_text())
    assert (info.platform_vbnv, info.kernels, info.version) == (U250, ("kern",), "2022.2")
    assert [(a.name, a.offset, a.memories) for a in info.compute_units[0].arguments] == [
        ("in_r", "0x10", ("DDR[1] (MEM_DDR4)",)), ("out_r", "0x1C", ("PLRAM[0] (MEM_DRAM)",)), ("count", "0x28", ()),
    ]  # fmt: skip
    assert [(clock.requested_mhz, clock.achieved_mhz) for clock in info.system_clocks] == [
        (250.0, 250.0),
        (500.0, 500.0),
    ]
    summary = link_summary.parse((bench.folder / "k.xclbin.link_summary").read_text())
    assert (summary.state, summary.open_steps, summary.kernels[0].compute_units) == ("CS_PASSED", (), ("kern_1",))
    folder = bench.folder / "_x/reports/link/imp"
    used = accelerator.parse((folder / "impl_1_kernel_util_routed.rpt").read_text())
    assert {a.resource: a.used for a in used.used}["REG"] == 32
    assert {a.resource: a.used for a in used.budget}["LUT"] == 1576074
    assert timing.parse((folder / "impl_1_hw_bb_locked_timing_summary_routed.rpt").read_text()).met is True
    # slr=kern_1:SLR1 puts the unit's 32 registers there.
    assert utilization.parse((folder / "impl_1_slr_util_routed.rpt").read_text()).slr_site("CLB Registers").used == (
        0,
        32,
        0,
        0,
    )
    read = log.parse(ended.text)
    assert (read.outcome, read.created[-1]) == ("ended", "k.xclbin")


def test_the_same_link_makes_the_same_file(bench) -> None:
    bench.run(*LINK)
    first = (bench.folder / "k.xclbin").read_bytes()
    bench.run(*LINK)
    assert (bench.folder / "k.xclbin").read_bytes() == first


@pytest.mark.parametrize("release", ["2019.2", "2020.1"])
def test_the_older_layout_and_options(bench, release: str) -> None:
    shell = "xilinx_u250_xdma_201830_2"
    words = (
        "v++",
        "-l",
        "-t",
        "hw",
        "-o",
        "k.xclbin",
        "kern.xo",
        "--platform",
        shell,
        "--sp",
        "kern_1.in_r:DDR[0]",
        "--nk",
        "kern:1",
        "--kernel_frequency",
        "200",
        "-O2",
        "-R",
        "1",
        "--xp",
        "param:compiler.userPreSysLinkTcl=x.tcl",
    )
    ended = bench.run(*words, release=release)
    assert ended.status == 0, ended.text
    assert (bench.folder / f"_x/reports/link/imp/{shell}_bb_locked_timing_summary_routed.rpt").is_file()
    assert "bank0" in (bench.folder / "k.xclbin.info").read_text()
    assert "CFGEN 83-2226] Inferring mapping for argument kern_1.out_r to DDR[0]" in ended.text


REFUSED = [
    ("platform not there", {U250: "xilinx_u250_xdma_9"}, "v++ 60-1258"),
    ("other part", {U250: "xilinx_u280_xdma_201920_3", "DDR[1]": "HBM[0:3]", "kern_1.m": "kern_1.M"}, "SYSTEM_LINK 82-112"),
    ("section that is none", {"[connectivity]": "[connections]"}, "v++ 60-1509"),
    ("key that is none", {"slr=": "region_=" }, "v++ 60-1509"),
    ("key without a section", {"report_level=1": "report_depth=1"}, "v++ 60-1509"),
    ("not key=value", {"report_level=1": "report_level"}, "v++ 60-1509"),
    ("value that is no choice", {"report_level=1": "report_level=9"}, "v++ 60-1508"),
    ("kernel not there", {"nk=kern:1:kern_1": "nk=cern:1:kern_1"}, "v++ 60-633"),
    ("names and count", {"nk=kern:1:kern_1": "nk=kern:2:kern_1"}, "v++ 60-633"),
    ("61 units", {"nk=kern:1:kern_1": "nk=kern:61", "sp=": "#sp=", "slr=": "#slr="}, "v++ 60-397"),
    ("unit not there", {"sp=kern_1.in_r": "sp=kern_2.in_r"}, "CFGEN 83-2297"),
    ("argument not there", {"kern_1.in_r": "kern_1.in_q"}, "CFGEN 83-2297"),
    ("scalar to a memory", {"kern_1.in_r": "kern_1.count"}, "CFGEN 83-2297"),
    ("bank not there", {"DDR[1]": "DDR[4]"}, "CFGEN 83-2298"),
    ("memory not there", {"DDR[1]": "HBM[1]"}, "CFGEN 83-2298"),
    ("bank by another name", {"DDR[1]": "bank1"}, "CFGEN 83-2298"),
    ("SLR not there", {"SLR1": "SLR4"}, "CFGEN 83-2296"),
    ("SLR of nothing", {"slr=kern_1": "slr=kern_3"}, "CFGEN 83-2297"),
    ("more ports than a bank takes", {"nk=kern:1:kern_1": "nk=kern:16", "sp=": "#sp=", "slr=": "#slr="}, "CFGEN 83-2295"),
    ("clock too fast", {"0:250": "0:700"}, "v++ 60-1510"),
    ("clock not there", {"1:500": "2:500"}, "v++ 60-1510"),
    ("two ways of clock", {"[vivado]": "[clock]\nfreqHz=250000000:kern_1\n[vivado]"}, "v++ 60-1510"),
    ("a clock by its rate where they scale", {"kernel_frequency": "#kernel_frequency", "[vivado]": "[clock]\nfreqHz=250000000:kern_1\n[vivado]"}, "Stand-in 1-6"),
    ("property that is none", {"PHYS_OPT_DESIGN.IS_ENABLED": "PHYS_OPT_DESIGN.ENABLED"}, "VPL 17-142"),
    ("blanks without braces", {"{STEPS.PLACE_DESIGN.ARGS.MORE OPTIONS}": "STEPS.PLACE_DESIGN.ARGS.MORE OPTIONS"}, "v++ 60-1509"),
    ("relative script", {"PHYS_OPT_DESIGN.IS_ENABLED=true": "OPT_DESIGN.TCL.POST=f.tcl"}, "VPL 17-354"),
    ("script not there", {"PHYS_OPT_DESIGN.IS_ENABLED=true": "OPT_DESIGN.TCL.POST=/nowhere/f.tcl"}, "VPL 17-354"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "code"), [pytest.param(*case[1:], id=case[0]) for case in REFUSED])
def test_a_configuration_with_a_mistake_is_refused(bench, changes: dict[str, str], code: str) -> None:
    text = CONFIG
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    bench.write(link__cfg=text)
    bench.run(*LINK).fails_with(code)
    assert not (bench.folder / "k.xclbin").exists()


def test_a_misspelt_run_is_taken_in_silence(bench) -> None:
    bench.write(link__cfg=CONFIG.replace("run.impl_1.STEPS", "run.imp1_1.STEPS"))
    assert bench.run(*LINK).status == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"--config": "--confg"}, "v++ 60-1507"),
        ({"link.cfg": "lnk.cfg"}, "v++ 60-1620"),
        ({"kern.xo": "karn.xo"}, "v++ 60-602"),
        ({"hw": "hardware"}, "v++ 60-1508"),
        ({"k.xclbin": "k.bin"}, "v++ 60-1506"),
        ({"--link": "--compile"}, "Stand-in 1-2"),
        ({"--config": "--reuse_impl"}, "Stand-in 1-2"),
    ],
)
def test_a_command_line_with_a_mistake_is_refused(bench, changes: dict[str, str], code: str) -> None:
    bench.run(*[changes.get(word, word) for word in LINK]).fails_with(code)


@pytest.mark.parametrize("value", ["-", "/nowhere"])
def test_without_xrt_the_very_end_fails(bench, value: str) -> None:
    ended = bench.run(*LINK, XILINX_XRT=value)
    ended.fails_with("v++ 60-703", "xclbinutil")
    assert "Step vpl: Completed" in ended.text


FLOORPLAN = "add_cells_to_pblock [get_pblocks pblock_dynamic_SLR2] [get_cells {path}]\n"


@pytest.mark.parametrize(
    ("platform", "path", "status"),
    [
        (U250, "level0_i/level1/level1_i/ulp/kern_1/inst", 0),
        ("xilinx_u250_xdma_201830_2", "pfm_top_i/dynamic_region/kern_1/inst", 0),
        # The path of another generation of shells matches nothing.
        (U250, "pfm_top_i/dynamic_region/kern_1", 1),
    ],
)
def test_a_floorplan_sees_the_paths_of_the_shell(bench, platform: str, path: str, status: int) -> None:
    script = bench.folder / "floorplan.tcl"
    script.write_text(FLOORPLAN.format(path=path))
    text = CONFIG.replace("PHYS_OPT_DESIGN.IS_ENABLED=true", f"OPT_DESIGN.TCL.POST={script}").replace(
        "slr=kern_1:SLR1\n", ""
    )
    bench.write(link__cfg=text.replace(U250, platform))
    ended = bench.run(*LINK)
    assert ended.status == status, ended.text
    if status:
        assert "[VPL 12-180] No cells matched" in ended.text or "Vivado 12-180" in ended.text
    else:
        report = utilization.parse((bench.folder / "_x/reports/link/imp/impl_1_slr_util_routed.rpt").read_text())
        assert report.slr_site("CLB Registers").used == (0, 0, 32, 0)


def test_a_clock_that_is_missed_is_lowered_and_the_file_made(bench) -> None:
    ended = bench.run(*LINK, AMD_STAND_IN_FAULT="v++@vpl.impl:clock=212.5")
    assert ended.status == 0
    scaled = log.parse(ended.text).scaled_clocks[0]
    assert (scaled.requested_mhz, scaled.achieved_mhz) == (250.0, 212.5)
    info = xclbin_info.parse((bench.folder / "k.xclbin.info").read_text())
    assert (info.system_clocks[0].requested_mhz, info.system_clocks[0].achieved_mhz) == (250.0, 212.0)
    summary = timing.parse(
        (bench.folder / "_x/reports/link/imp/impl_1_hw_bb_locked_timing_summary_routed.rpt").read_text()
    )
    # 1000 / 250 - 1000 / 212.5 by hand; the summary is at the clock asked for.
    assert (summary.met, summary.slacks.wns_ns, summary.slacks.fails) == (False, -0.706, ("setup",))
    assert "kernel:0:clk_kernel0_in:212.5" in (bench.folder / "_x/link/int/_new_clk_freq").read_text()


def test_the_programs_beside_it(bench) -> None:
    bench.run(*LINK)
    shown = bench.run("xclbinutil", "--info", "--input", "k.xclbin")
    assert xclbin_info.parse(shown.text).kernels == ("kern",)
    assert bench.run("xclbinutil", "--input", "k.xclbin", "--dump-section", "BITSTREAM:RAW:b.bin").status == 0
    assert b"stand-in" in (bench.folder / "b.bin").read_bytes()
    assert bench.run("xclbinutil", "--infos", "--input", "k.xclbin").status == 1
    assert U250 in bench.run("platforminfo", "-l").text
    assert PART in bench.run("platforminfo", "-p", U250).text
    assert bench.run("emconfigutil", "--platform", U250, "--nd", "1").status == 0
    assert (bench.folder / "emconfig.json").is_file()
    assert bench.run("emconfigutil", "--platfrom", U250).status == 1


def payload(folder: Path, *, offset: int = 0x1C) -> Path:
    """An xclbin as the open toolchain links it for sw_emu, of the same kernel."""
    from runtime.formats import kernels, manifest
    from runtime.formats.sections import Clock, IpLayoutEntry, MemoryBank

    arguments = tuple(
        manifest.Argument(name, (4,), ("uint8",), way, "image", ("bank0",))
        for name, way in (("in_r", "in"), ("out_r", "out"))
    )
    facts = manifest.Manifest(
        "tiny", "kern", "kern_1", "open", "sw_emu", "hls", manifest.Parameters("stand-in", "0" * 64), 250.0, arguments
    )
    described = kernels.Kernel(
        "kern", "own:farm:kern:1.0", (kernels.Port("M_AXI_GMEM0", "master", 512, 0xFFFFFFFF), kernels.Port("S_AXI_CONTROL", "slave", 32, 0x1000)),
        tuple(kernels.KernelArgument(n, i, "M_AXI_GMEM0" if n != "count" else "S_AXI_CONTROL", o, 8, "void*", q) for i, (n, o, q) in enumerate((("in_r", 0x10, 1), ("out_r", offset, 1), ("count", 0x28, 0)))),
        (kernels.Instance("kern_1", 0x1800000),),
    )  # fmt: skip
    file = xclbin.compose(
        platform_vbnv="xilinx_u250_xdma_201830_2", mode=xclbin.Mode.SW_EMU, manifest=facts.to_json(), emulation={"payload": b"program", "memories": b"m"},
        metadata=kernels.write_xml([described], project="kern", platform_vbnv="xilinx_u250_xdma_201830_2", fpga=PART, target="sw_emu", data_clock_mhz=250, kernel_clock_mhz=500),
        memories=[MemoryBank("bank0", 1, True, 1 << 24, 0)], ip_layout=[IpLayoutEntry("kern:kern_1", 0x1800000, properties=1)], clocks=[Clock("DATA_CLK", 250, 1)],
    )  # fmt: skip
    path = folder / "open.xclbin"
    xclbin.write(file, path)
    return path


def test_the_emulation_given_travels_in_the_file_which_says_what_it_is(bench) -> None:
    from runtime.formats import manifest

    ended = bench.run(*LINK, AMD_STAND_IN_PAYLOAD=str(payload(bench.folder)))
    assert ended.status == 0, ended.text
    file = xclbin.read(bench.folder / "k.xclbin")
    repeated = {"kernel", "manifest", "mem_topology"}  # sections that XRT's device process is told of
    assert set(file.emulation) == {"payload", "memories"} | repeated
    assert (file.emulation["payload"], file.emulation["memories"]) == (b"program", b"m")
    facts = manifest.from_json(file.manifest_json or "")
    assert (facts.toolchain, facts.target, facts.argument("in_r").banks) == ("vitis", "hw", ("DDR[1]",))
    assert "stand-in" in facts.tools["v++"]
    assert file.header.uuid == file.content_uuid
    from pynq.pl_server.xclbin_parser import XclBin

    seen = XclBin(str(bench.folder / "k.xclbin"))
    assert seen.ip_dict["kern_1"]["phys_addr"] == 0x1800000
    assert seen.ip_dict["kern_1"]["registers"]["out_r"]["address_offset"] == 0x1C


def test_the_emulation_of_another_kernel_is_refused(bench) -> None:
    bench.run(*LINK, AMD_STAND_IN_PAYLOAD=str(payload(bench.folder, offset=0x18))).fails_with(
        "Stand-in 1-7", "registers"
    )
