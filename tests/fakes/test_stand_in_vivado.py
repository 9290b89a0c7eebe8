"""The stand-in of Vivado: projects, synthesis, checkpoints, reports, runs."""

from __future__ import annotations

import json

import pytest

from reports.logs import log
from reports.vivado import hierarchy, timing, utilization

CORE = """\
module pe #(parameter WIDTH = 8) (input wire clk, input wire [WIDTH-1:0] a, output reg [WIDTH-1:0] b);
    reg [WIDTH-1:0] kept;
    always @(posedge clk) begin kept <= a; b <= kept + 1; end
endmodule
module core #(parameter LANES = 4) (
    input wire ap_clk, input wire ap_rst_n,
    input wire [8*LANES-1:0] x_TDATA, input wire x_TVALID, output wire x_TREADY,
    output wire [31:0] y_TDATA, output wire y_TVALID, input wire y_TREADY);
    pe #(.WIDTH(32)) pe_i (.clk(ap_clk), .a(x_TDATA), .b(y_TDATA));
endmodule
"""
GOOD = """\
set_param general.maxThreads 4
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog -sv core.sv
read_xdc -mode out_of_context ooc.xdc
synth_design -mode out_of_context -top core -part xcu250-figd2104-2L-e
rename_ref -prefix_all core_
write_checkpoint -force core.dcp
write_verilog -force -mode synth_stub core_stub.v
report_utilization -file u.rpt
report_utilization -hierarchical -file uh.rpt
report_timing_summary -file t.rpt
exit 0
"""
XDC = "create_clock -name ap_clk -period 4.000 [get_ports ap_clk]\n"


@pytest.fixture(autouse=True)
def sources(bench) -> None:
    bench.write(core__sv=CORE, ooc__xdc=XDC)


def mutated(changes: dict[str, str]) -> str:
    script = GOOD
    for old, new in changes.items():
        assert old in script, old
        script = script.replace(old, new)
    return script


@pytest.mark.parametrize("release", ["2019.2", "2020.2", "2022.2", "2025.1"])
def test_the_good_script_runs_and_its_reports_are_read(bench, release: str) -> None:
    ended = bench.vivado(GOOD, release)
    assert ended.status == 0, ended.text
    flat = utilization.parse((bench.folder / "u.rpt").read_text())
    # pe at 32 bits: two registers of 32.
    assert flat.resource("registers").used == 64
    assert (flat.resource("luts").available, flat.resource("bram_tiles").available) == (1728000, 2688)
    assert (flat.resource("luts").prohibited is None) is (release < "2021.1")
    tree = hierarchy.parse((bench.folder / "uh.rpt").read_text())
    assert "core_pe" in str(tree)
    slack = timing.parse((bench.folder / "t.rpt").read_text())
    assert slack.met is True
    assert slack.clock("ap_clk").period_ns == 4.0
    assert log.parse(ended.text).outcome == "ended"


def test_synthesis_is_deterministic(bench) -> None:
    bench.vivado(GOOD)
    first = (bench.folder / "core.dcp").read_bytes()
    bench.vivado(GOOD)
    assert (bench.folder / "core.dcp").read_bytes() == first


REFUSED = [
    ("unknown command", {"rename_ref": "rename_reff"}, "", "invalid command name"),
    ("unknown option", {"-prefix_all core_": "-prefix core_ -all"}, "Common 17-170", "all"),
    ("report_qor_summary is none", {"report_utilization -file u.rpt": "report_qor_summary -file u.rpt"}, "", "invalid command name"),
    ("value that is no choice", {"-mode out_of_context -top": "-mode ooc -top"}, "Common 17-161", "ooc"),
    ("too many threads", {"maxThreads 4": "maxThreads 64"}, "Common 17-152", ""),
    ("unknown parameter", {"general.maxThreads": "general.maxThread"}, "Common 17-151", ""),
    ("part not there", {"create_project -in_memory -part xcu250-figd2104-2L-e": "create_project -in_memory -part xcu9"}, "Coretcl 2-106", ""),
    ("no project", {"create_project -in_memory -part xcu250-figd2104-2L-e\n": ""}, "Common 17-53", ""),
    ("file not there", {"core.sv": "cores.sv"}, "Vivado 12-172", ""),
    ("SystemVerilog read as Verilog", {"-sv core.sv": "core.sv"}, "Synth 8-2715", ""),
    ("top not there", {"-top core": "-top cores"}, "Synth 8-439", "cores"),
    ("report before synthesis", {"read_xdc": "report_utilization\nread_xdc"}, "Common 17-53", ""),
    ("checkpoint that is there", {"write_checkpoint -force": "write_checkpoint core.dcp\nwrite_checkpoint"}, "Common 17-176", ""),
    ("placed before optimised", {"exit 0": "place_design"}, "Common 17-69", "Optimized"),
    ("routed before placed", {"exit 0": "opt_design\nroute_design"}, "Common 17-69", "Placed"),
    ("property that is none", {"exit 0": "set_property COLOUR red [current_project]"}, "Common 17-142", "COLOUR"),
    ("property of nothing", {"exit 0": "set_property top core {}"}, "Common 17-55", ""),
    ("value missing", {"exit 0": "set_property -dict {top} [current_fileset]"}, "Common 17-161", ""),
    ("two projects", {"exit 0": "create_project b -part xcu250-figd2104-2L-e"}, "Common 17-54", ""),
    ("run not launched", {"exit 0": "wait_on_run synth_1"}, "Vivado 12-398", ""),
    ("run opened before it ran", {"exit 0": "open_run synth_1"}, "Common 17-69", ""),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "code", "words"), [pytest.param(*case[1:], id=case[0]) for case in REFUSED])
def test_a_script_with_a_mistake_is_refused(bench, changes: dict[str, str], code: str, words: str) -> None:
    bench.vivado(mutated(changes)).fails_with(code, words)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("pe #(.WIDTH(32))", "pf #(.WIDTH(32))", "Synth 8-439"),
        (".WIDTH(32)", ".WIDE(32)", "Synth 8-3438"),
        (
            "output wire y_TVALID, input wire y_TREADY);\n",
            "output wire y_TVALID, input wire y_TREADY;\n",
            "Synth 8-2715",
        ),
    ],
)
def test_a_source_with_a_mistake_is_refused(bench, old: str, new: str, code: str) -> None:
    assert old in CORE
    bench.write(core__sv=CORE.replace(old, new))
    bench.vivado(GOOD).fails_with(code)


@pytest.mark.parametrize(
    ("xdc", "changes"), [("", {}), (XDC.replace("ap_clk]", "clk]"), {}), (XDC, {"-mode out_of_context -top": "-top"})]
)
def test_without_a_clock_nothing_is_timed(bench, xdc: str, changes: dict[str, str]) -> None:
    bench.write(ooc__xdc=xdc)
    assert bench.vivado(mutated(changes)).status == 0
    report = timing.parse((bench.folder / "t.rpt").read_text())
    assert report.met is None
    assert report.slacks.wns_ns in (None, float("inf"))


def test_a_missed_clock_is_no_error_of_the_run(bench) -> None:
    bench.write(ooc__xdc=XDC.replace("4.000", "0.500"))
    script = mutated({"report_timing_summary": "opt_design\nplace_design\nroute_design\nreport_timing_summary"})
    ended = bench.vivado(script)
    assert ended.status == 0
    assert "CRITICAL WARNING: [Route 35-39]" in ended.text
    assert timing.parse((bench.folder / "t.rpt").read_text()).met is False


STRUCTURAL = """\
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog top.v
read_verilog core_stub.v
synth_design -mode out_of_context -top top -part xcu250-figd2104-2L-e
write_checkpoint -force top.dcp
close_project
create_project -in_memory -part xcu250-figd2104-2L-e
add_files {top.dcp core.dcp}
link_design -top top -part xcu250-figd2104-2L-e -mode out_of_context
report_utilization -file u.rpt
opt_design
exit 0
"""
TOP = "module top (input wire ap_clk); core a (.ap_clk(ap_clk)); core b (.ap_clk(ap_clk)); endmodule\n"


def test_black_boxes_are_filled_by_checkpoints(bench) -> None:
    bench.vivado(GOOD)
    bench.write(top__v=TOP)
    ended = bench.vivado(STRUCTURAL)
    assert ended.status == 0, ended.text
    assert utilization.parse((bench.folder / "u.rpt").read_text()).resource("registers").used == 128


def test_a_black_box_left_over_stops_the_optimisation(bench) -> None:
    bench.vivado(GOOD)
    bench.write(top__v=TOP)
    ended = bench.vivado(STRUCTURAL.replace("{top.dcp core.dcp}", "top.dcp"))
    ended.fails_with("DRC INBB-3", "core")
    assert [part.name for part in utilization.parse((bench.folder / "u.rpt").read_text()).black_boxes] == ["core"]


@pytest.mark.parametrize(("prefixed", "status"), [(True, 0), (False, 1)])
def test_two_netlists_with_equal_names_are_refused_unless_prefixed(bench, prefixed: bool, status: int) -> None:
    for name, more in (("core", ""), ("other", "+ 3")):
        bench.write(core__sv=CORE.replace("module core", f"module {name}").replace("kept + 1", f"kept + 1 {more}"))
        script = (
            GOOD.replace("core_stub", f"{name}_stub")
            .replace("-top core", f"-top {name}")
            .replace("core.dcp", f"{name}.dcp")
        )
        script = (
            script.replace("prefix_all core_", f"prefix_all {name}_")
            if prefixed
            else script.replace("rename_ref -prefix_all core_\n", "")
        )
        assert bench.vivado(script).status == 0
    bench.write(top__v=TOP.replace("core b", "other b"))
    script = STRUCTURAL.replace("core_stub.v", "{core_stub.v other_stub.v}").replace("core.dcp}", "core.dcp other.dcp}")
    ended = bench.vivado(script)
    assert ended.status == status, ended.text
    if not prefixed:
        ended.fails_with("Stand-in 1-4", "rename_ref -prefix_all")


def test_an_older_release_does_not_read_a_newer_checkpoint(bench) -> None:
    bench.vivado(GOOD, "2022.2")
    assert bench.vivado("open_checkpoint core.dcp\nexit 0\n", "2025.1").status == 0
    bench.vivado("open_checkpoint core.dcp\nexit 0\n", "2019.2").fails_with("Project 1-589")


PROJECT = """\
create_project -force p p -part xcu250-figd2104-2L-e
add_files core.sv
set_property top core [current_fileset]
update_compile_order -fileset sources_1
set_property -name {STEPS.SYNTH_DESIGN.ARGS.MORE OPTIONS} -value {-mode out_of_context} -objects [get_runs synth_1]
launch_runs synth_1 -jobs 4
wait_on_run synth_1
puts "PROGRESS [get_property PROGRESS [get_runs synth_1]]"
open_run synth_1
exit 0
"""


@pytest.mark.parametrize(("release", "code"), [("2019.2", "Common 17-69"), ("2022.2", "Vivado 12-13638")])
def test_a_failed_run_shows_where_the_release_shows_it(bench, release: str, code: str) -> None:
    assert "PROGRESS 100%" in bench.vivado(PROJECT, release).text
    bench.write(core__sv=CORE.replace("pe #(.WIDTH(32))", "pf #(.WIDTH(32))"))
    ended = bench.vivado(PROJECT, release)
    ended.fails_with(code)
    # In older releases wait_on_run returns normally after a failed run.
    assert ("PROGRESS 0%" in ended.text) is (release == "2019.2")
    assert "Synth 8-439" in (bench.folder / "p/p.runs/synth_1/runme.log").read_text()


def test_options_of_a_run_are_checked(bench) -> None:
    bench.vivado(PROJECT.replace("{-mode out_of_context}", "{-moed out_of_context}")).fails_with("Vivado 12-13638")
    bench.vivado(PROJECT.replace("launch_runs", "launch_runs synth_1\nlaunch_runs")).fails_with("Vivado 12-1017")


def test_every_synthesis_is_counted(bench) -> None:
    tally = bench.tree("2020.2") / "stand_in_tally"
    tally.write_text("")
    bench.vivado(GOOD, "2020.2")
    bench.vivado(GOOD, "2020.2")
    assert [json.loads(line)["name"] for line in tally.read_text().splitlines()] == ["core", "core"]


@pytest.mark.parametrize(
    ("script", "status", "words"),
    [
        (
            "puts a\nreturn\nputs b\n",
            0,
            "",
        ),  # a return at the top level of a script counts as success, even if commands are left
        ("if {[catch {synth_design -top x} text]} {puts caught}\n", 0, "caught"),
        ("exit 3\n", 3, ""),
        ("error own\n", 1, "own"),
        ("puts $argv\n", 0, ""),
    ],
)
def test_scripts_end_as_in_batch_mode(bench, script: str, status: int, words: str) -> None:
    ended = bench.vivado(script)
    assert (ended.status, words in ended.text) == (status, True), ended.text


@pytest.mark.parametrize(
    "words", [("-mode", "tcl", "-source", "s.tcl"), ("-mode", "batch"), ("-batch", "-source", "s.tcl")]
)
def test_a_command_line_that_is_none_is_refused(bench, words: tuple[str, ...]) -> None:
    bench.write(s__tcl="exit 0\n")
    assert bench.run("vivado", *words).status == 1


def test_the_start_file_of_the_home_folder_is_sourced(bench) -> None:
    (bench.folder / ".Xilinx/Vivado").mkdir(parents=True)
    (bench.folder / ".Xilinx/Vivado/Vivado_init.tcl").write_text("puts {from home}\n")
    assert "from home" in bench.vivado("exit 0\n").text.splitlines()
    (bench.folder / "private").mkdir()
    assert "from home" not in bench.vivado("exit 0\n", HOME=str(bench.folder / "private")).text.splitlines()


def test_contents_that_are_not_there_are_an_error_only_if_a_script_says_so(bench) -> None:
    bench.write(core__sv=CORE.replace("    pe #(", '    initial $readmemh("values.mem", kept);\n    pe #('))
    ended = bench.vivado(GOOD)
    assert ended.status == 0
    assert "CRITICAL WARNING: [Synth 8-4445]" in ended.text
    told = "set_msg_config -id {Synth 8-4445} -new_severity ERROR\n"
    bench.vivado(told + GOOD).fails_with("Synth 8-4445", "values.mem")
    bench.vivado(told.replace("ERROR", "FATAL") + GOOD).fails_with("Common 17-161")
    bench.write(values__mem="00")
    assert bench.vivado(told + GOOD).status == 0


@pytest.mark.parametrize(("release", "marked"), [("2022.2", False), ("2023.1", True), ("2025.1", True)])
def test_a_stub_of_later_releases_marks_its_clocks(bench, release: str, marked: bool) -> None:
    assert bench.vivado(GOOD, release).status == 0
    stub = (bench.folder / "core_stub.v").read_text()
    assert ("input ap_clk /* synthesis syn_isclock = 1 */;" in stub) == marked
    assert "synthesis syn_black_box black_box_pad_pin=" in stub


ROM = """\
module column (input wire clk, output wire [63:0] q);
    RAMB36E2 #(.READ_WIDTH_A(72)) memory (.CLKARDCLK(clk), .DOUTADOUT(q));
endmodule
module rom (input wire ap_clk, input wire [5:0] a, output wire [63:0] q, output wire b);
    (* DONT_TOUCH = "yes" *) LUT6 #(.INIT(64'h0)) bit0 (.I0(a[0]), .I1(a[1]), .I2(a[2]), .I3(a[3]), .I4(a[4]), .I5(a[5]), .O(b));
    column column0 (.clk(ap_clk), .q(q));
endmodule
"""
CONTENTS = """\
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog rom.v
synth_design -mode out_of_context -top rom -part xcu250-figd2104-2L-e
rename_ref -prefix_all rom_
write_checkpoint -force empty.dcp
close_project
open_checkpoint empty.dcp
set memory [get_cells -hierarchical -filter {REF_NAME == RAMB36E2 || REF_NAME == RAMB18E2}]
set_property -dict [list INIT_7F 256'hVALUE INITP_00 256'hVALUE] $memory
set_property INIT 64'h0123456789abcdef [get_cells bit0]
write_checkpoint -force full.dcp
close_project
open_checkpoint full.dcp
puts "KEPT $memory [get_property INIT_7F [get_cells column0/memory]] [get_property INIT [get_cells bit0]]"
report_utilization -file u.rpt
exit 0
""".replace("VALUE", "5a" * 32)


def test_contents_of_primitives_are_kept_in_the_checkpoint(bench) -> None:
    bench.write(rom__v=ROM)
    ended = bench.vivado(CONTENTS)
    assert ended.status == 0, ended.text
    assert f"KEPT column0/memory 256'h{'5a' * 32} 64'h0123456789abcdef" in ended.text
    used = utilization.parse((bench.folder / "u.rpt").read_text())
    assert (used.resource("luts").used, used.resource("bram_tiles").used) == (1, 1)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("INIT_7F 256'h", "INIT_80 256'h", "Common 17-142"),
        ("REF_NAME == RAMB36E2", "REF_NAME == LUT6", "Common 17-142"),
        ("64'h0123456789abcdef", "64'h0123456789abcde", "Common 17-161"),
        ("64'h0123456789abcdef", "32'h01234567", "Common 17-161"),
        ("64'h0123456789abcdef", "64'h0123456789abcdeg", "Common 17-161"),
        ("[get_cells bit0]\nwrite", "[get_cells bit1]\nwrite", "Common 17-55"),
    ],
)
def test_contents_that_a_primitive_does_not_take(bench, old: str, new: str, code: str) -> None:
    bench.write(rom__v=ROM)
    assert old in CONTENTS
    bench.vivado(CONTENTS.replace(old, new)).fails_with(code)
