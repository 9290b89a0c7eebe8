"""The stand-in's runs of IPs in a block design: the place of their messages, and the effect of a failed one."""

from __future__ import annotations

import pytest

PART = "xcu250-figd2104-2L-e"
MEMORY = """\
module m (input wire ap_clk, input wire ap_rst_n, output wire [31:0] out_TDATA, output wire out_TVALID, input wire out_TREADY);
    (* rom_style = "block" *) reg [31:0] words [0:511];
    initial $readmemh("m.mem", words);
endmodule
"""
PACKED = f"""\
create_project -force p p -part {PART}
add_files -norecurse [list m.v]
set_property top m [current_fileset]
update_compile_order -fileset sources_1
ipx::package_project -root_dir ip/m -vendor own -library farm -taxonomy /UserIP -import_files -force
set core [ipx::current_core]
ipx::associate_bus_interfaces -busif out -clock ap_clk $core
ipx::update_checksums $core
ipx::save_core $core
ipx::unload_core $core
close_project
create_project -force k k -part {PART}
TOLD
set_property ip_repo_paths [file normalize ip] [current_project]
update_ip_catalog -rebuild
create_bd_design d
create_bd_port -dir I -type clk -freq_hz 100000000 ap_clk
create_bd_port -dir I -type rst ap_rst_n
create_bd_cell -type ip -vlnv own:farm:m:1.0 m
connect_bd_net [get_bd_ports ap_clk] [get_bd_pins m/ap_clk]
connect_bd_net [get_bd_ports ap_rst_n] [get_bd_pins m/ap_rst_n]
make_bd_intf_pins_external [get_bd_intf_pins m/out]
validate_bd_design
save_bd_design
set_property SYNTH_CHECKPOINT_MODE HOW [get_files d.bd]
generate_target all [get_files d.bd]
make_wrapper -files [get_files d.bd] -top -import -fileset sources_1
set_property top d_wrapper [current_fileset]
update_compile_order -fileset sources_1
launch_runs synth_1 -jobs 4
catch {{wait_on_run synth_1}} why
puts "RUNS"
foreach run [get_runs *synth_1] {{ puts "RUN $run [get_property PROGRESS $run] [get_property STATUS $run]" }}
exit 0
"""


def packed(mode: str, told: str = "") -> str:
    return PACKED.replace("HOW", mode).replace("TOLD", told)


@pytest.mark.parametrize("mode", ["Hierarchical", "None"])
def test_messages_of_an_ip_run_stand_in_its_own_log(bench, mode: str) -> None:
    bench.write(m__v=MEMORY)
    ended = bench.vivado(packed(mode))
    assert ended.status == 0, ended.text
    own = bench.folder / "k/k.runs/d_m_0_synth_1/runme.log"
    assert own.is_file() == (mode == "Hierarchical")
    assert ("Synth 8-4445" in ended.text) == (mode == "None")
    if mode == "Hierarchical":
        assert "CRITICAL WARNING: [Synth 8-4445]" in own.read_text()
        assert "RUN d_m_0_synth_1 100%" in ended.text


@pytest.mark.parametrize("release", ["2019.2", "2022.2"])
def test_an_ip_run_that_fails_stops_the_run_above(bench, release: str) -> None:
    bench.write(m__v=MEMORY)
    ended = bench.vivado(packed("Hierarchical", "set_msg_config -id {Synth 8-4445} -new_severity ERROR"), release)
    assert "RUN d_m_0_synth_1 0% synth_design ERROR" in ended.text
    assert "RUN synth_1 0%" in ended.text
    # The message names the failed run; the cause is only in its log.
    assert "d_m_0_synth_1" in ended.text.partition("RUNS")[0]
    assert "Synth 8-4445" not in ended.text
    assert "ERROR: [Synth 8-4445]" in (bench.folder / "k/k.runs/d_m_0_synth_1/runme.log").read_text()
    assert ("ERROR: [Vivado 12-13638]" in ended.text) == (release == "2022.2")


def test_a_licence_refused_in_an_ip_run(bench) -> None:
    bench.write(m__v=MEMORY, m__mem="0")
    ended = bench.vivado(packed("Hierarchical"), AMD_STAND_IN_FAULT="vivado@ip_run:licence=-4")
    assert "17-345" not in ended.text
    assert "(-4,132)" in (bench.folder / "k/k.runs/d_m_0_synth_1/runme.log").read_text()
    assert "RUN d_m_0_synth_1 0% synth_design ERROR" in ended.text
