"""The stand-in's block design and packager: mistakes found by validation and by the rules of kernels."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from amd_stand_in.hardware import component

PASS = """\
module {name} (
    input wire ap_clk, input wire ap_rst_n,
    input wire [{s}:0] x_TDATA, input wire x_TVALID, output wire x_TREADY,
    output wire [{m}:0] y_TDATA, output wire y_TVALID, input wire y_TREADY);
    assign y_TDATA = x_TDATA;
endmodule
"""
PART = "xcu250-figd2104-2L-e"
IP = f"""\
proc core {{name}} {{
    create_project -in_memory -part {PART}
    read_verilog $name.v
    synth_design -mode out_of_context -top $name -part {PART}
    rename_ref -prefix_all ${{name}}_
    write_checkpoint -force $name.dcp
    close_project
    create_project -force pack pack -part {PART}
    set core [ipx::package_checkpoint -dcp_file $name.dcp -root_dir ip/$name -vendor own -library farm -name $name -version 1.0 -taxonomy /UserIP -force]
    foreach bus {{x y}} {{ ipx::associate_bus_interfaces -busif $bus -clock ap_clk $core }}
    set parameter [ipx::add_bus_parameter FREQ_HZ [ipx::get_bus_interfaces ap_clk -of_objects $core]]
    set_property value 250000000 $parameter
    set_property core_revision 1 $core
    ipx::create_xgui_files $core
    ipx::update_checksums $core
    if {{![ipx::check_integrity $core]}} {{ error "integrity" }}
    ipx::save_core $core
    ipx::unload_core $core
    close_project
}}
core a
core b
exit 0
"""
GOOD = f"""\
create_project -force k k -part {PART}
set_property ip_repo_paths [file normalize ip] [current_project]
update_ip_catalog -rebuild
create_bd_design d
create_bd_port -dir I -type clk -freq_hz 250000000 ap_clk
create_bd_port -dir I -type rst ap_rst_n
set_property CONFIG.POLARITY ACTIVE_LOW [get_bd_ports ap_rst_n]
create_bd_cell -type ip -vlnv own:farm:a:1.0 a
create_bd_cell -type ip -vlnv own:farm:b:1.0 b
create_bd_cell -type ip -vlnv xilinx.com:ip:axis_data_fifo:2.0 f
set_property -dict [list CONFIG.TDATA_NUM_BYTES 4 CONFIG.FIFO_DEPTH 32] [get_bd_cells f]
connect_bd_net [get_bd_ports ap_clk] [get_bd_pins a/ap_clk] [get_bd_pins b/ap_clk] [get_bd_pins f/s_axis_aclk]
connect_bd_net [get_bd_ports ap_rst_n] [get_bd_pins a/ap_rst_n] [get_bd_pins b/ap_rst_n] [get_bd_pins f/s_axis_aresetn]
connect_bd_intf_net [get_bd_intf_pins a/y] [get_bd_intf_pins f/S_AXIS]
connect_bd_intf_net [get_bd_intf_pins f/M_AXIS] [get_bd_intf_pins b/x]
make_bd_intf_pins_external [get_bd_intf_pins a/x]
make_bd_intf_pins_external [get_bd_intf_pins b/y]
set_property name out [get_bd_intf_ports y_0]
set_property CONFIG.ASSOCIATED_BUSIF x_0:out [get_bd_ports ap_clk]
validate_bd_design
save_bd_design
generate_target all [get_files d.bd]
make_wrapper -files [get_files d.bd] -top -import -fileset sources_1
set_property top d_wrapper [current_fileset]
update_compile_order -fileset sources_1
launch_runs synth_1
wait_on_run synth_1
open_run synth_1 -name synth_1
write_checkpoint -force d.dcp
puts "CELLS [get_cells -hierarchical -filter {{NAME =~ */b}}]"
exit 0
"""


@pytest.fixture(autouse=True)
def cores(bench, request: pytest.FixtureRequest) -> None:
    if "kernel" in request.node.name:
        return
    bench.write(a__v=PASS.format(name="a", s=31, m=31), b__v=PASS.format(name="b", s=31, m=31))
    ended = bench.vivado(IP)
    assert ended.status == 0, ended.text


def mutated(script: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        assert old in script, old
        script = script.replace(old, new)
    return script


def test_the_good_design_is_valid_and_no_core_is_synthesised_again(bench) -> None:
    tally = bench.tree("2022.2") / "stand_in_tally"
    tally.write_text("")
    ended = bench.vivado(GOOD)
    assert ended.status == 0, ended.text
    assert "CELLS d_i/b" in ended.text
    assert [line for line in tally.read_text().splitlines() if '"a"' in line or '"b"' in line] == []
    tally.unlink()


B = "connect_bd_intf_net [get_bd_intf_pins f/M_AXIS] [get_bd_intf_pins b/x]\n"
REFUSED = [
    ("VLNV not there", {"axis_data_fifo:2.0": "axis_data_fifo:1.1"}, "BD 5-216", "2.0"),
    ("catalog not refreshed", {"update_ip_catalog -rebuild\n": ""}, "BD 5-216", "update_ip_catalog"),
    ("repository not there", {"[file normalize ip]": "[file normalize ips]"}, "IP_Flow 19-2207", ""),
    ("unknown IP parameter", {"CONFIG.FIFO_DEPTH": "CONFIG.DEPTH"}, "Stand-in 1-8", "DEPTH"),
    ("value out of range", {"FIFO_DEPTH 32": "FIFO_DEPTH 48"}, "IP_Flow 19-3461", "48"),
    ("parameter of an own core", {"create_bd_port -dir I -type rst": "set_property CONFIG.WIDTH 3 [get_bd_cells a]\ncreate_bd_port -dir I -type rst", "create_bd_cell -type ip -vlnv own:farm:a:1.0 a\n": "", "create_bd_port -dir I -type clk": "create_bd_cell -type ip -vlnv own:farm:a:1.0 a\ncreate_bd_port -dir I -type clk"}, "Stand-in 1-8", "WIDTH"),
    ("cell twice", {"own:farm:b:1.0 b": "own:farm:b:1.0 a"}, "BD 5-229", ""),
    ("width mismatch", {"TDATA_NUM_BYTES 4": "TDATA_NUM_BYTES 8"}, "BD 41-237", "TDATA_NUM_BYTES"),
    ("TLAST on one side", {"CONFIG.FIFO_DEPTH 32": "CONFIG.FIFO_DEPTH 32 CONFIG.HAS_TLAST 1"}, "BD 41-237", "TLAST"),
    ("clock at the wrong rate", {"-freq_hz 250000000": "-freq_hz 300000000"}, "BD 41-238", "FREQ_HZ"),
    ("clock without a rate", {" -freq_hz 250000000": ""}, "BD 41-238", "100000000"),
    ("rate set after validation", {"save_bd_design": "set_property CONFIG.FREQ_HZ 250000000 [get_bd_ports ap_clk]\nsave_bd_design"}, "Stand-in 1-5", ""),
    ("clock not connected", {" [get_bd_pins b/ap_clk]": ""}, "BD 41-758", "/b/ap_clk"),
    ("reset not connected", {" [get_bd_pins b/ap_rst_n]": ""}, "BD 41-759", "/b/ap_rst_n"),
    ("reset of the other polarity", {"ACTIVE_LOW": "ACTIVE_HIGH"}, "BD 41-238", "POLARITY"),
    ("stream not connected", {B: ""}, "BD 41-759", "/b/x"),
    ("stream connected twice", {B: B + B}, "BD 5-107", ""),
    ("two masters", {"[get_bd_intf_pins b/x]\n": "[get_bd_intf_pins b/y]\n"}, "BD 41-171", "masters"),
    ("two sources of a net", {"connect_bd_net [get_bd_ports ap_rst_n]": "connect_bd_net [get_bd_ports ap_clk] [get_bd_ports ap_rst_n]"}, "BD 41-703", ""),
    ("pin that is not there", {"f/s_axis_aclk": "f/aclk"}, "", "f/aclk"),
    ("only a pin", {"connect_bd_net [get_bd_ports ap_clk] [get_bd_pins a/ap_clk]": "connect_bd_net [get_bd_pins -quiet a/none] [get_bd_pins a/ap_clk]\nconnect_bd_net [get_bd_ports ap_clk] [get_bd_pins a/ap_clk]"}, "BD 5-108", ""),
    ("associated with nothing", {"x_0:out": "x_0:y_0"}, "BD 41-1348", "y_0"),
    ("not saved", {"save_bd_design\n": ""}, "BD 41-1031", "saved"),
    ("no wrapper", {"make_wrapper -files [get_files d.bd] -top -import -fileset sources_1\n": ""}, "Vivado 12-13638", ""),
    ("wrapper of nothing", {"make_wrapper -files [get_files d.bd]": "make_wrapper -files [get_files d.bdd]"}, "Common 17-161", "files"),
    ("another file set", {"update_compile_order -fileset sources_1": "update_compile_order -fileset sources_2"}, "Common 17-161", "sources_2"),
    ("not waited for", {"wait_on_run synth_1\n": ""}, "Common 17-69", "synth_1"),
    ("no design", {"create_bd_design d\n": ""}, "BD 5-104", ""),
    ("core removed", {"exit 0": "create_bd_cell -type ip -vlnv own:farm:c:1.0 c"}, "BD 5-216", ""),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "code", "words"), [pytest.param(*case[1:], id=case[0]) for case in REFUSED])
def test_a_design_with_a_mistake_is_refused(bench, changes: dict[str, str], code: str, words: str) -> None:
    ended = bench.vivado(mutated(GOOD, changes))
    if code:
        ended.fails_with(code, words)
    else:
        # A get_* that finds nothing warns and gives an empty list.
        assert any(line.startswith("WARNING") and words in line for line in ended.text.splitlines()), ended.text
        assert ended.status == 1


def test_a_fifo_takes_the_width_of_its_source_where_none_is_set(bench) -> None:
    assert bench.vivado(mutated(GOOD, {"CONFIG.TDATA_NUM_BYTES 4 ": ""})).status == 0


def test_a_converter_beyond_the_least_common_multiple_is_refused(bench) -> None:
    script = mutated(
        GOOD,
        {
            "axis_data_fifo:2.0": "axis_dwidth_converter:1.1",
            "CONFIG.TDATA_NUM_BYTES 4 CONFIG.FIFO_DEPTH 32": "CONFIG.S_TDATA_NUM_BYTES 511 CONFIG.M_TDATA_NUM_BYTES 2",
        },
    )
    bench.vivado(script).fails_with("IP_Flow 19-3461", "1022")


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        (
            {
                "-taxonomy /UserIP -force]": "-taxonomy /UserIP]\nset core [ipx::package_checkpoint -dcp_file $name.dcp -root_dir ip/$name]"
            },
            "IP_Flow 19-3153",
            "core already",
        ),
        ({"-busif $bus": "-busif z"}, "IP_Flow 19-3153", "'z'"),
        ({"-clock ap_clk $core": "-clock clk $core"}, "IP_Flow 19-3153", "clk"),
        ({"foreach bus {x y}": "foreach bus {x}"}, "", "integrity"),
        ({"core_revision 1": "core_revision 2201010000"}, "Common 17-161", "Please specify an integer value"),
        ({"set_property value": "set_property worth"}, "Common 17-142", "worth"),
        ({"ipx::create_xgui_files": "ipx::add_env_id"}, "Stand-in 1-2", ""),
        ({"$name.dcp -root_dir": "nothing.dcp -root_dir"}, "Common 17-354", ""),
    ],
)
def test_a_package_with_a_mistake_is_refused(bench, changes: dict[str, str], code: str, words: str) -> None:
    bench.vivado(mutated(IP, changes)).fails_with(code, words)


def test_the_project_is_packaged_with_exactly_its_files(bench) -> None:
    bench.write(stray__v="module stray; endmodule\n")
    script = f"create_project -force m m -part {PART}\nadd_files a.v\nset_property top a [current_fileset]\nipx::package_project -root_dir ip/m -vendor own -library farm -taxonomy /UserIP -import_files -force\nset ip [ipx::current_core]\nset_property name mem $ip\nforeach b {{x y}} {{ ipx::associate_bus_interfaces -busif $b -clock ap_clk $ip }}\nipx::update_checksums $ip\nipx::save_core $ip\nexit 0\n"
    assert bench.vivado(script).status == 0
    core = component.read(bench.folder / "ip/m/component.xml")
    assert core.vlnv == "own:farm:mem:1.0"
    assert core.files["xilinx_anylanguagesynthesis"] == ["src/a.v"]


def master(name: str, bits: int) -> str:
    channels = [
        f"output wire [63:0] {name}_{c}ADDR, output wire {name}_{c}VALID, input wire {name}_{c}READY"
        for c in ("AW", "AR")
    ]
    return ", ".join([*channels, f"output wire [{bits - 1}:0] {name}_WDATA, input wire [{bits - 1}:0] {name}_RDATA"])


def slave(name: str) -> str:
    return ", ".join(
        [f"input wire [5:0] {name}_{c}ADDR, input wire {name}_{c}VALID" for c in ("AW", "AR")]
        + [f"input wire [31:0] {name}_WDATA, output wire [31:0] {name}_RDATA"]
    )


KERNEL = f"module kern (input wire ap_clk, input wire ap_rst_n, {master('m_axi_gmem0', 512)}, {slave('s_axi_control')});\nendmodule\n"
XML = """\
<?xml version="1.0" encoding="UTF-8"?>
<root versionMajor="1" versionMinor="6">
  <kernel name="kern" language="ip" vlnv="own:farm:kern:1.0" hwControlProtocol="ap_ctrl_hs">
    <ports>
      <port name="M_AXI_GMEM0" mode="master" range="0xFFFFFFFF" dataWidth="512" portType="addressable" base="0x0"/>
      <port name="S_AXI_CONTROL" mode="slave" range="0x1000" dataWidth="32" portType="addressable" base="0x0"/>
    </ports>
    <args>
      <arg name="in_r" addressQualifier="1" id="0" port="M_AXI_GMEM0" size="0x8" offset="0x10" hostOffset="0x0" hostSize="0x8" type="void*"/>
      <arg name="count" addressQualifier="0" id="1" port="S_AXI_CONTROL" size="0x4" offset="0x1C" hostOffset="0x0" hostSize="0x4" type="uint"/>
    </args>
  </kernel>
</root>
"""
KERNEL_SCRIPT = f"""\
create_project -in_memory -part {PART}
read_verilog kern.v
synth_design -mode out_of_context -top kern -part {PART}
write_checkpoint -force kern.dcp
close_project
create_project -force pack pack -part {PART}
set core [ipx::package_checkpoint -dcp_file kern.dcp -root_dir kip -vendor own -library farm -name kern -version 1.0 -taxonomy /KernelIP -force]
foreach bus {{m_axi_gmem0 s_axi_control}} {{ ipx::associate_bus_interfaces -busif $bus -clock ap_clk $core }}
set_property sdx_kernel true $core
set_property sdx_kernel_type rtl $core
set map [ipx::add_memory_map s_axi_control $core]
set_property slave_memory_map_ref s_axi_control [ipx::get_bus_interfaces s_axi_control -of_objects $core]
set block [ipx::add_address_block reg0 $map]
foreach {{name offset bits}} {{in_r 0x010 64 count 0x01c 32}} {{
    set register [ipx::add_register $name $block]
    set_property address_offset $offset $register
    set_property size $bits $register
}}
ipx::update_checksums $core
if {{![ipx::check_integrity -kernel $core]}} {{ error "integrity" }}
ipx::save_core $core
package_xo -kernel_name kern -xo_path kern.xo -ip_directory kip -kernel_xml kernel.xml
exit 0
"""


def test_a_kernel_is_packaged(bench) -> None:
    bench.write(kern__v=KERNEL, kernel__xml=XML)
    ended = bench.vivado(KERNEL_SCRIPT)
    assert ended.status == 0, ended.text
    with zipfile.ZipFile(bench.folder / "kern.xo") as archive:
        names = archive.namelist()
    assert {"xo.xml", "kern/kernel.xml", "ip_repo/own_farm_kern_1_0/component.xml"} <= set(names)
    info = bench.run("kernelinfo", "kern.xo")
    assert "count offset: 0x1c" in info.text


KERNEL_REFUSED = [
    ("no kernel.xml", {" -kernel_xml kernel.xml": ""}, {}, "", "XD 100-5", ""),
    ("object that is there", {"exit 0": "package_xo -kernel_name kern -xo_path kern.xo -ip_directory kip -kernel_xml kernel.xml"}, {}, "", "XD 100-2", "-force"),
    ("object inside the core", {"kern.xo": "kip/kern.xo"}, {}, "", "XD 100-3", ""),
    ("other name", {"-kernel_name kern": "-kernel_name cern"}, {}, "", "XD 100-7", ""),
    ("no kernel", {"sdx_kernel true": "sdx_kernel false"}, {}, "", "", "integrity"),
    ("no kind", {"set_property sdx_kernel_type rtl $core\n": ""}, {}, "", "", "integrity"),
    ("bus without a clock", {"{m_axi_gmem0 s_axi_control}": "{m_axi_gmem0}"}, {}, "", "", "integrity"),
    ("no memory map", {"set_property slave_memory_map_ref s_axi_control": "#"}, {}, "", "", "integrity"),
    ("register elsewhere", {"count 0x01c": "count 0x018"}, {}, "", "XD 100-9", "count"),
    ("32 bit addresses", {}, {}, "[63:0]", "", "integrity"),
    ("width in kernel.xml", {}, {'dataWidth="512"': 'dataWidth="256"'}, "", "XD 100-9", "256"),
    ("port not in the core", {}, {'<port name="S_AXI': '<port name="M_AXI_GMEM1" mode="master" dataWidth="32"/><port name="S_AXI'}, "", "XD 100-9", "M_AXI_GMEM1"),
    ("argument of no port", {}, {'port="M_AXI_GMEM0" size': 'port="M_AXI_GMEM7" size'}, "", "XD 2-3", ""),
    ("ids with a gap", {}, {'id="1"': 'id="2"'}, "", "XD 2-2", ""),
    ("no XML", {}, {"</root>": ""}, "", "XD 2-1", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("script", "xml", "narrow", "code", "words"),
    [pytest.param(*case[1:], id=f"kernel: {case[0]}") for case in KERNEL_REFUSED],
)
def test_a_kernel_with_a_mistake_is_refused(
    bench, script: dict[str, str], xml: dict[str, str], narrow: str, code: str, words: str
) -> None:
    bench.write(kern__v=KERNEL.replace(narrow, "[31:0]") if narrow else KERNEL, kernel__xml=mutated(XML, xml))
    bench.vivado(mutated(KERNEL_SCRIPT, script)).fails_with(code, words)


@pytest.mark.parametrize(
    ("signals", "protocol"),
    [
        ({"AWADDR": 64, "AWLEN": 8, "AWLOCK": 1, "WDATA": 32}, "AXI4"),
        ({"AWADDR": 64, "AWLEN": 8, "AWLOCK": 1, "WID": 1, "WDATA": 32}, "AXI3"),
        ({"ARADDR": 64, "ARLEN": 8, "ARLOCK": 2, "RDATA": 32}, "AXI3"),
        ({"ARADDR": 32, "ARLEN": 4, "RDATA": 32}, "AXI3"),
        ({"AWADDR": 6, "ARADDR": 6, "WDATA": 32}, "AXI4LITE"),
    ],
)
def test_the_protocol_that_ports_tell(signals: dict[str, int], protocol: str) -> None:
    ports = [component.Port(f"m_axi_{name}", "out", bits) for name, bits in signals.items()]
    (bus,) = component.infer(ports)
    assert bus.parameters["PROTOCOL"] == protocol


def test_a_stray_core_in_the_repository_is_told(bench) -> None:
    """If the repository is the folder that the tool runs in, every core there gets into the catalog."""
    stray = bench.folder / "left" / "a"
    stray.mkdir(parents=True)
    (stray / "component.xml").write_bytes((bench.folder / "ip/a/component.xml").read_bytes())
    assert "19-1663" not in bench.vivado(GOOD).text
    ended = bench.vivado(GOOD.replace("[file normalize ip]", "[file normalize .]"))
    assert "CRITICAL WARNING: [IP_Flow 19-1663] Duplicate IP found for 'own:farm:a:1.0'" in ended.text


def test_a_netlist_with_input_buffers_is_no_core(bench) -> None:
    bench.vivado(
        IP.replace("synth_design -mode out_of_context", "synth_design").replace("ip/$name", "ips/$name")
    ).fails_with("Stand-in 1-9", "out_of_context")


def test_what_is_there_already_is_overwritten_only_by_force(bench) -> None:
    script = f"create_project -in_memory -part {PART}\nread_verilog a.v\nsynth_design -top a -part {PART}\nwrite_checkpoint FORCE a.dcp\nexit 0\n"
    bench.vivado(script.replace("FORCE", "")).fails_with("Common 17-176", "-force")
    assert bench.vivado(script.replace("FORCE", "-force")).status == 0
