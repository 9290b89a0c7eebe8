"""Clock buffers: in the block design, in the open netlist, and as the source of an out-of-context clock."""

from __future__ import annotations

import zipfile
from xml.etree import ElementTree

import pytest

PART = "xcu250-figd2104-2L-e"
PASS = """\
module {name} (
    input wire ap_clk, input wire ap_rst_n,
    input wire [31:0] x_TDATA, input wire x_TVALID, output wire x_TREADY,
    output wire [31:0] y_TDATA, output wire y_TVALID, input wire y_TREADY);
    assign y_TDATA = x_TDATA;
endmodule
"""
DESIGN = f"""\
create_project -force k k -part {PART}
create_bd_design d
create_bd_port -dir I -type clk -freq_hz 250000000 ap_clk
create_bd_port -dir I -type rst ap_rst_n
foreach slr {{slr0 slr1}} {{
    create_bd_cell -type ip -vlnv xilinx.com:ip:util_ds_buf:2.2 clock_$slr
    set_property CONFIG.C_BUF_TYPE BUFG [get_bd_cells clock_$slr]
    connect_bd_net [get_bd_ports ap_clk] [get_bd_pins clock_$slr/BUFG_I]
    create_bd_cell -type ip -vlnv xilinx.com:ip:axis_data_fifo:2.0 fifo_$slr
    set_property -dict [list CONFIG.TDATA_NUM_BYTES 4 CONFIG.FIFO_DEPTH 32] [get_bd_cells fifo_$slr]
    connect_bd_net [get_bd_pins clock_$slr/BUFG_O] [get_bd_pins fifo_$slr/s_axis_aclk]
    connect_bd_net [get_bd_ports ap_rst_n] [get_bd_pins fifo_$slr/s_axis_aresetn]
}}
connect_bd_intf_net [get_bd_intf_pins fifo_slr0/M_AXIS] [get_bd_intf_pins fifo_slr1/S_AXIS]
make_bd_intf_pins_external [get_bd_intf_pins fifo_slr0/S_AXIS] [get_bd_intf_pins fifo_slr1/M_AXIS]
set_property CONFIG.ASSOCIATED_BUSIF S_AXIS_0:M_AXIS_0 [get_bd_ports ap_clk]
validate_bd_design
save_bd_design
generate_target all [get_files d.bd]
make_wrapper -files [get_files d.bd] -top -import -fileset sources_1
set_property top d_wrapper [current_fileset]
update_compile_order -fileset sources_1
launch_runs synth_1
wait_on_run synth_1
open_run synth_1 -name synth_1
set nets [get_nets -of_objects [get_pins -hierarchical -filter {{NAME =~ *clock_slr*/O}}]]
puts "NETS [llength $nets]"
set_property CLOCK_DELAY_GROUP farm $nets
rename_ref -prefix_all d_
puts "BUFFERS [llength [get_cells -hierarchical -filter {{REF_NAME == BUFGCE}}]]"
exit 0
"""


def test_a_clock_buffer_in_each_slr_is_one_domain(bench) -> None:
    ended = bench.vivado(DESIGN)
    assert ended.status == 0, ended.text
    assert "NETS 2" in ended.text
    assert "BUFFERS 2" in ended.text


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        # Neither a buffer without a driver nor one fed by a reset gives a clock.
        ("    connect_bd_net [get_bd_ports ap_clk] [get_bd_pins clock_$slr/BUFG_I]\n", "", "BD 41-758"),
        ("[get_bd_ports ap_clk] [get_bd_pins clock", "[get_bd_ports ap_rst_n] [get_bd_pins clock", "BD 41-758"),
        ("C_BUF_TYPE BUFG ", "C_BUF_TYPE BUFH ", "IP_Flow 19-3461"),
        ("util_ds_buf:2.2", "util_ds_buf:2.0", "BD 5-216"),
        ("*clock_slr*/O", "*clock_slr*/I", "Stand-in 1-6"),
        ("*clock_slr*/O", "*clock_slr*/Q", "Common 17-55"),
        ("CLOCK_DELAY_GROUP", "CLOCK_DELAYGROUP", "Common 17-142"),
    ],
)
def test_a_mistake_with_clock_buffers_is_refused(bench, old: str, new: str, code: str) -> None:
    assert old in DESIGN
    bench.vivado(DESIGN.replace(old, new)).fails_with(code)


OOC = f"""\
create_project -in_memory -part {PART}
read_verilog a.v
read_xdc -mode out_of_context ooc.xdc
synth_design -mode out_of_context -top a -part {PART}
set site [lindex [get_sites -filter {{SITE_TYPE == BUFGCE}}] 0]
set_property HD.CLK_SRC $site [get_ports ap_clk]
opt_design
place_design
exit 0
"""


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("", "", None),
        ("HD.CLK_SRC $site", "HD.CLK_SRC BUFGCE_X9Y999", "Common 17-161"),
        ("HD.CLK_SRC", "HD.CLK_SOURCE", "Common 17-142"),
        ("SITE_TYPE == BUFGCE", "SITE_TYPE == BUFG", "Common 17-161"),
        ("synth_design -mode out_of_context", "synth_design", "Stand-in 1-6"),
    ],
)
def test_where_the_clock_of_a_core_comes_from(bench, old: str, new: str, code: str | None) -> None:
    bench.write(a__v=PASS.format(name="a"), ooc__xdc="create_clock -period 4.000 -name ap_clk [get_ports ap_clk]\n")
    ended = bench.vivado(OOC.replace(old, new) if old else OOC)
    if code is None:
        assert ended.status == 0, ended.text
    else:
        ended.fails_with(code)


def test_the_platform_names_its_part(bench) -> None:
    name = "xilinx_u280_gen3x16_xdma_1_202211_1"
    with zipfile.ZipFile(bench.tree("2022.2") / "platforms" / name / "hw" / f"{name}.xsa") as archive:
        root = ElementTree.fromstring(archive.read(f"{name}.hpfm"))
    spaces = {"xd": "http://www.xilinx.com/xd"}
    device = root.find("xd:platformInfo/xd:deviceInfo", spaces)
    assert device is not None
    assert device.attrib["{http://www.xilinx.com/xd}name"] == "xcu280-fsvh2892-2L-e"
