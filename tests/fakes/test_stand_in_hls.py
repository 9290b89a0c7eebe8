"""The stand-in of HLS: commands that it accepts and refuses, and the files that it writes."""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path

import pytest

from reports.hls import cosim as hls_cosim
from reports.hls import csynth as hls_csynth
from reports.hls import csynth_xml as hls_csynth_xml
from reports.logs import log

sys.path.insert(0, str(Path(__file__).resolve().parent))

from amd_stand_in.hardware import component

RELEASES = ("2019.2", "2020.2", "2022.2", "2024.2", "2025.1")
SOURCE = """
#include <hls_stream.h>
#include "shape.hpp"
template <int BEATS> void move(hls::stream<ap_uint<20> >& from, hls::stream<ap_uint<20> >& to) {
    for (int i = 0; i < BEATS; i++) { to.write(from.read()); }
}
void core(hls::stream<ap_uint<20> >& to, hls::stream<ap_uint<20> >& x) {
#pragma HLS INTERFACE axis port=x
#pragma HLS INTERFACE axis port=to
#pragma HLS INTERFACE ap_ctrl_none port=return
#pragma HLS DATAFLOW
    move<48>(x, to);
}
"""
DMA = """
void dma(const ap_uint<512>* in_r, ap_uint<32>* out_r, unsigned int count, hls::stream<ap_uint<64> >& image) {
#pragma HLS INTERFACE m_axi port=in_r offset=slave bundle=gmem0
#pragma HLS INTERFACE m_axi port=out_r offset=slave bundle=gmem1
#pragma HLS INTERFACE s_axilite port=in_r bundle=control
#pragma HLS INTERFACE s_axilite port=out_r bundle=control
#pragma HLS INTERFACE s_axilite port=count bundle=control
#pragma HLS INTERFACE s_axilite port=return bundle=control
#pragma HLS INTERFACE axis port=image
    image.write(in_r[0]);
}
"""
GOOD = """\
open_project -reset prj
set_top core
add_files core.cpp -cflags "-std=c++14 -Iinclude"
open_solution -reset solution1
set_part xcu250-figd2104-2L-e
create_clock -period 4.000 -name default
config_interface -m_axi_addr64
config_export -format ip_catalog -ipname core -version 1.0
csynth_design
export_design
exit 0
"""


@pytest.fixture(autouse=True)
def sources(bench) -> None:
    (bench.folder / "include").mkdir()
    (bench.folder / "include/shape.hpp").write_text("#pragma once\n")
    bench.write(core__cpp=SOURCE, dma__cpp=DMA, tb__cpp="int main() { return 0; }\n")


def mutated(changes: dict[str, str]) -> str:
    script = GOOD
    for old, new in changes.items():
        assert old in script, old
        script = script.replace(old, new)
    return script


@pytest.mark.parametrize("release", RELEASES)
def test_the_good_script_runs_and_its_reports_are_read(bench, release: str) -> None:
    ended = bench.hls(GOOD, release)
    assert ended.status == 0, ended.text
    solution = bench.folder / "prj/solution1"
    read = hls_csynth_xml.parse((solution / "syn/report/core_csynth.xml").read_text())
    assert (read.top, read.version, read.device) == ("core", release, "xcu250-figd2104-2L-e")
    assert read.clocks[0].target_ns == 4.0
    # 48 beats, one per cycle: the interval is that of the only process.
    assert read.throughput_cycles.max == 48
    text = hls_csynth.parse((solution / "syn/report/core_csynth.rpt").read_text())
    assert {r.resource: r.used for r in text.resources} == {r.resource: r.used for r in read.resources}
    assert log.parse(ended.text).outcome == "ended"
    with zipfile.ZipFile(next((solution / "impl/ip").glob("*.zip"))) as archive:
        assert "component.xml" in archive.namelist()


@pytest.mark.parametrize(("release", "name"), [("2019.2", "x_V_V"), ("2022.2", "x")])
def test_ports_have_the_names_of_the_release_and_run_the_way_the_source_says(bench, release: str, name: str) -> None:
    bench.hls(GOOD, release)
    core = component.read(bench.folder / "prj/solution1/impl/ip/component.xml")
    # 20 bits are three bytes; x is read and to is written, whatever their order.
    assert core.width(core.bus(name), "TDATA") == 24
    assert core.bus(name).mode == "slave"
    assert core.bus(name.replace("x", "to")).mode == "master"
    assert core.bus("ap_clk").parameters["ASSOCIATED_BUSIF"].split(":") == [name.replace("x", "to"), name]


@pytest.mark.parametrize(("addr64", "offsets"), [(True, (0x10, 0x1C, 0x28)), (False, (0x10, 0x18, 0x20))])
def test_registers_follow_the_width_of_addresses(bench, addr64: bool, offsets: tuple[int, ...]) -> None:
    script = mutated(
        {
            "set_top core": "set_top dma",
            "core.cpp": "dma.cpp",
            "config_interface -m_axi_addr64\n": "config_interface -m_axi_addr64\n" if addr64 else "",
        }
    )
    assert bench.hls(script).status == 0
    registers = component.read(bench.folder / "prj/solution1/impl/ip/component.xml").registers
    assert tuple(registers[name].offset for name in ("in_r", "out_r", "count")) == offsets


REFUSED = [
    ("unknown command", {"set_top core": "set_topp core"}, "", "invalid command name"),
    ("unknown option", {"open_project -reset": "open_project -resett"}, "HLS 200-101", "resett"),
    ("option spelt short", {"-period": "-per"}, "HLS 200-101", "per"),
    ("value that is no choice", {"-format ip_catalog": "-format zip"}, "HLS 200-101", "zip"),
    ("two parts", {"2L-e\n": "2L-e again\n"}, "HLS 200-101", "Too many"),
    ("part not installed", {"xcu250-figd2104-2L-e": "xc7z020clg400-1"}, "HLS 200-1023", ""),
    ("no solution yet", {"open_solution -reset solution1\n": ""}, "HLS 200-103", "set_part"),
    ("clock before the solution", {"set_top core\n": "set_top core\ncreate_clock -period 4\n"}, "HLS 200-103", "create_clock"),
    ("no project", {"open_project -reset prj\n": ""}, "HLS 200-102", ""),
    ("no part", {"set_part xcu250-figd2104-2L-e\n": ""}, "HLS 200-106", ""),
    ("no clock", {"create_clock -period 4.000 -name default\n": ""}, "HLS 200-107", ""),
    ("export before synthesis", {"csynth_design\nexport_design": "export_design\ncsynth_design"}, "HLS 200-108", ""),
    ("configuration after synthesis", {"csynth_design\n": "csynth_design\nconfig_rtl -reset all\n"}, "HLS 200-1032", "config_rtl"),
    ("cosim without a test bench", {"export_design": "cosim_design"}, "HLS 200-627", ""),
    ("csim without a test bench", {"csynth_design": "csim_design"}, "SIM 211-100", ""),
    ("source that is not there", {"core.cpp": "cores.cpp"}, "HLS 200-78", ""),
    ("header that is not there", {" -Iinclude": ""}, "HLS 207-812", "shape.hpp"),
    ("top that is not there", {"set_top core": "set_top cores"}, "HLS 214-157", "cores"),
    ("period that is no number", {"4.000": "four"}, "HLS 200-101", "four"),
    ("hidden option", {"csynth_design": "config_compile -disable_unroll_code_size_check 1\ncsynth_design"}, "HLS 200-101", ""),
    ("not modelled", {"csynth_design": "create_tclapp\ncsynth_design"}, "Stand-in 1-2", ""),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "code", "words"), [pytest.param(*case[1:], id=case[0]) for case in REFUSED])
def test_a_script_with_a_mistake_is_refused(bench, changes: dict[str, str], code: str, words: str) -> None:
    bench.hls(mutated(changes)).fails_with(code, words)


@pytest.mark.parametrize(
    ("release", "changes", "code"),
    [
        ("2019.2", {"solution1": "-flow_target vivado solution1"}, "HLS 200-101"),
        ("2022.2", {"csynth_design": "csim_design -compiler clang"}, "HLS 200-101"),
        ("2022.2", {"csynth_design": "config_array_partition -maximum_size 4096\ncsynth_design"}, "HLS 200-642"),
        ("2022.2", {"csynth_design": "config_bind -effort high\ncsynth_design"}, "HLS 200-101"),
        ("2019.2", {"csynth_design": "config_op add -impl dsp\ncsynth_design"}, "HLS 200-101"),
        ("2022.2", {"open_solution -reset solution1": "open_component c"}, "HLS 200-101"),
    ],
)
def test_what_a_release_does_not_have_is_refused(bench, release: str, changes: dict[str, str], code: str) -> None:
    bench.hls(mutated(changes), release).fails_with(code)


def test_config_export_after_synthesis_passed_in_vivado_hls_only(bench) -> None:
    script = mutated(
        {
            "config_export -format ip_catalog -ipname core -version 1.0\n": "",
            "csynth_design\n": "csynth_design\nconfig_export -ipname core\n",
        }
    )
    assert bench.hls(script, "2019.2").status == 0
    bench.hls(script, "2022.2").fails_with("HLS 200-1032", "config_export")


def test_a_span_that_is_an_estimate_is_a_warning(bench) -> None:
    ended = bench.hls(mutated({"csynth_design": "config_rtl -register_reset\ncsynth_design"}))
    assert ended.status == 0
    assert re.search(r"WARNING: \[Stand-in 1-1\] option '-register_reset'", ended.text)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("port=x", "port=y", "HLS 207-5301"),
        ("axis port=x", "axiss port=x", "HLS 207-5302"),
        ("#pragma HLS INTERFACE axis port=x\n", "", "HLS 214-320"),
        ("move<48>(x, to);", "", "HLS 200-992"),
        ("hls::stream<ap_uint<20> >& x", "hls::stream<ap_uint<20> > x", "HLS 214-208"),
    ],
)
def test_a_top_with_a_mistake_is_refused(bench, old: str, new: str, code: str) -> None:
    bench.write(core__cpp=SOURCE.replace(old, new))
    bench.hls(GOOD).fails_with(code)


@pytest.mark.parametrize(("release", "words"), [("2022.2", ("-f", "s.tcl")), ("2019.2", ("s.tcl", "-tclargs"))])
def test_words_of_the_user_begin_where_the_tool_has_them(bench, release: str, words: tuple[str, ...]) -> None:
    bench.write(s__tcl="puts [lindex $argv 0]\nexit 0\n")
    program = "vivado_hls" if release == "2019.2" else "vitis_hls"
    ended = bench.run(program, *words, *(["-tclargs"] if "-f" in words else []), "mine", release=release)
    assert ("-f" if "-f" in words else "mine") in ended.text.splitlines()


def test_cosim_passes_and_fails_on_request(bench) -> None:
    script = mutated({"set_top core": "set_top core\nadd_files -tb tb.cpp", "export_design": "cosim_design"})
    assert "COSIM 212-1000" in bench.hls(script).text
    report = bench.folder / "prj/solution1/sim/report/core_cosim.rpt"
    assert hls_cosim.parse(report.read_text()).passed is True
    bench.hls(script, AMD_STAND_IN_FAULT="vitis_hls@cosim_design:cosim").fails_with("COSIM 212-4")
    assert hls_cosim.parse(report.read_text()).passed is False


@pytest.mark.parametrize(("release", "same"), [("2019.2", True), ("2022.2", False)])
def test_inner_modules_share_names_before_the_prefix_was_automatic(bench, release: str, same: bool) -> None:
    names = []
    for top in ("core", "again"):
        bench.write(core__cpp=SOURCE.replace("void core(", f"void {top}("))
        assert bench.hls(mutated({"set_top core": f"set_top {top}"}), release).status == 0
        names.append({path.name for path in (bench.folder / "prj/solution1/syn/verilog").glob("*.v")} - {f"{top}.v"})
    assert (names[0] == names[1]) is same


@pytest.mark.parametrize(("release", "option", "top"), [
    ("2019.2", "-auto_prefix", "core_core"), ("2019.2", "", "core"), ("2020.2", "-module_auto_prefix", "core"),
])  # fmt: skip
def test_vivado_hls_prefixes_the_top_too(bench, release: str, option: str, top: str) -> None:
    (bench.folder / "include").mkdir(exist_ok=True)
    script = GOOD.replace("csynth_design", f"config_rtl {option}\ncsynth_design") if option else GOOD
    ended = bench.hls(script, release)
    assert ended.status == 0, ended.text
    assert component.read(bench.folder / "prj/solution1/impl/ip/component.xml").top == top
    assert (bench.folder / f"prj/solution1/syn/verilog/{top}.v").is_file()
