"""Mistakes that the scripts of the 2020 reference build had, each looked for in everything that is rendered here."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from blocks.network import find_network
from farm.step import Text
from toolchains.toolchain import Toolchain
from toolchains.vitis.build import VitisBuild
from toolchains.vitis.link.config import link_config, link_words
from toolchains.vitis.ooc.scripts import constraints
from toolchains.vitis.render_scripts import ROOT, build_for, scripts
from toolchains.vitis.stages.link import link_job
from toolchains.vitis.stitch.block_design import design_script
from toolchains.vitis.stitch.packaging import kernel_script, packaging_script
from toolchains.vitis.toolchain import toolchain_of

RELEASES = ("2019.2", "2022.2", "2025.1")
PROGRAMS = ("hls.run", "hls.run_cosim", "ooc.run", "stitch.run_netlist", "stitch.run_stitch", "link.run")

START: tuple[str, ...] = (sys.executable, "-m")


@cache
def everything() -> dict[str, str]:
    return {
        f"{release}/{view}/{path}": text
        for release in RELEASES
        for view in ("hls", "rtl")
        for path, text in scripts(find_network("digits"), release, view).items()
    }


def commands(text: str) -> list[str]:
    """The lines of a script without comments, continued lines joined."""
    joined = text.replace("\\\n", " ")
    return [line.strip() for line in joined.splitlines() if line.strip() and not line.strip().startswith("#")]


def tcl() -> dict[str, list[str]]:
    return {path: commands(text) for path, text in everything().items() if path.endswith(".tcl")}


def at_mhz(clock_mhz: float, release: str = "2022.2") -> Toolchain:
    return toolchain_of(build_for(find_network("digits"), release, None, clock_mhz))


def test_1_the_ip_repository_is_a_folder_of_ips_and_not_wherever_the_tool_runs() -> None:
    found = [line for lines in tcl().values() for line in lines if "ip_repo_paths" in line]
    assert found
    assert set(found) == {"set_property ip_repo_paths [file normalize ip] [current_project]"}


def test_2_no_script_takes_arguments() -> None:
    for path, lines in tcl().items():
        assert not [line for line in lines if re.search(r"\$(::)?argv|\$argc", line)], path


@pytest.mark.parametrize("program", PROGRAMS)
def test_2_a_usage_error_is_a_failure(program: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [*START, f"toolchains.vitis.{program}", "--no-such-word"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "usage" in done.stderr


def test_3_only_named_files_are_packaged() -> None:
    for path, lines in tcl().items():
        for line in (line for line in lines if re.search(r"\bglob\b", line)):
            # What HLS wrote cannot be named beforehand; its folder holds nothing else.
            assert "ooc/" in path, line
            assert re.search(r"-directory ip/hdl/(verilog|ip) ", line), line
    added = [line for lines in tcl().values() for line in lines if line.startswith(("add_files", "ipx::add_file "))]
    assert added
    assert not [line for line in added if "*" in line]


def test_4_whatever_is_written_may_be_there_already() -> None:
    writes = [
        line for lines in tcl().values() for line in lines if re.match(r"(write_|create_project|package_xo)", line)
    ]
    assert writes
    assert not [line for line in writes if "-force" not in line and "-in_memory" not in line]


def test_5_the_outcome_of_every_run_is_looked_at() -> None:
    waited = 0
    for path, lines in tcl().items():
        for at, line in enumerate(lines):
            # At the top level of a script, `return` is success to Vivado.
            assert not re.match(r"return \d", line), path
            if run := re.search(r"\bwait_on_runs? ([^\s}]+)", line):
                waited += 1
                # Before anything else is done with the run, its progress decides.
                used = next(index for index in range(at, len(lines)) if lines[index].startswith("open_run "))
                test = f'if {{[get_property PROGRESS [get_runs {run[1]}]] ne "100%"}} {{'
                assert test in lines[at:used], path
                assert lines[lines.index(test, at) + 1].startswith("error "), path
    assert waited >= len(RELEASES)


def test_5_every_script_says_as_its_last_act_that_it_is_done() -> None:
    for path, lines in tcl().items():
        if "/link/" in path:
            continue
        assert re.fullmatch(r'puts "farm done: .+"', lines[-2]), path
        assert lines[-1] == "exit 0", path


def test_6_300_mhz_is_a_period_of_3333_ps() -> None:
    toolchain = at_mhz(300)
    assert constraints(toolchain.build.clock_ns) == "create_clock -name ap_clk -period 3.333 [get_ports ap_clk]\n"
    core = find_network("digits").cores()["res2b"]
    export = next(item for item in toolchain.step("hls", core).inputs if item.path == "export.tcl")
    assert isinstance(export, Text)
    assert "create_clock -period 3.333 " in export.content


def test_7_one_clock_reaches_every_script() -> None:
    toolchain = at_mhz(300)
    core = find_network("digits").cores()["inoutdma"]
    inputs = [item for step in (toolchain.step("hls", core), toolchain.step("ooc", core)) for item in step.inputs]
    texts = [item.content for item in inputs if isinstance(item, Text) and item.path.endswith((".tcl", ".xdc"))]
    texts += [
        packaging_script(toolchain.build.job),
        design_script(toolchain.build.job),
        kernel_script(toolchain.build.job),
    ]
    texts += [link_config(link_job(toolchain.build))]
    for text in texts:
        stated = re.findall(r"-period ([0-9.]+)|\b([0-9]{9})\b|kernel_frequency=0:([0-9]+)", text)
        for period, hertz, mhz in stated:
            assert (period or "3.333", hertz or "300000000", mhz or "300") == ("3.333", "300000000", "300")
    assert sum(bool(re.search(r"3\.333|300000000|0:300", text)) for text in texts) >= 5


@pytest.mark.parametrize("release", RELEASES)
def test_8_no_shell_sees_the_clock(release: str) -> None:
    job = link_job(at_mhz(250, release).build)
    stated = link_config(job) + "\n".join(link_words(job))
    assert re.search(r"kernel_frequency[=\n]0:250$", stated, re.MULTILINE)
    assert "|" not in stated
    assert '"' not in stated


# The tests above, tested: each mistake of the 2020 build is put into what is rendered, and has to be found.

FORGIVING = """
import argparse, runpy, sys
argparse.ArgumentParser.exit = lambda self, status=0, message=None: sys.exit(0)
runpy.run_module(sys.argv[1], run_name="__main__")
"""
PLANTED: list[tuple[Callable[[], None], str, str, str]] = [
    (test_1_the_ip_repository_is_a_folder_of_ips_and_not_wherever_the_tool_runs,
     "design.tcl", r"file normalize ip\]", "file normalize .]"),
    (test_2_no_script_takes_arguments, "ooc.tcl", r"maxThreads 4", "maxThreads [lindex $argv 0]"),
    (test_2_no_script_takes_arguments, "kernel.tcl", r"maxThreads 4", "maxThreads [lindex $::argv 0]"),
    (test_3_only_named_files_are_packaged, "ooc.tcl", r"-directory ip/hdl/verilog \*\.v", "-directory . *.v"),
    (test_3_only_named_files_are_packaged, "export.tcl", r"add_files \S+_top\.cpp", "add_files *.cpp"),
    (test_3_only_named_files_are_packaged, "kernel.tcl", r"ipx::add_file \S+", "ipx::add_file *.v"),
    (test_4_whatever_is_written_may_be_there_already, "ooc.tcl", r"write_checkpoint -force", "write_checkpoint"),
    (test_4_whatever_is_written_may_be_there_already, "ooc.tcl", r"write_verilog -force", "write_verilog"),
    (test_4_whatever_is_written_may_be_there_already, "design.tcl", r"create_project -force", "create_project"),
    (test_4_whatever_is_written_may_be_there_already, "kernel.tcl", r"(package_xo .*) -force", r"\1"),
    (test_5_the_outcome_of_every_run_is_looked_at, "design.tcl", r"PROGRESS \[get", "STATUS [get"),
    (test_5_the_outcome_of_every_run_is_looked_at, "design.tcl", r'error "dataflow-farm: synth_1', 'puts "synth_1'),
    (test_5_the_outcome_of_every_run_is_looked_at, "design.tcl", r"[^\n]*wait_on_run[^\n]*", ""),
    (test_5_the_outcome_of_every_run_is_looked_at, "design.tcl", r"\n(create_bd_design )", r"\nreturn 3\n\1"),
    (test_5_every_script_says_as_its_last_act_that_it_is_done, "ooc.tcl", r'puts "farm done: [^\n]*\n', ""),
    (test_5_every_script_says_as_its_last_act_that_it_is_done, "kernel.tcl", r"exit 0\n", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("test", "file", "old", "new"), [pytest.param(*case, id=f"{case[0].__name__[5:7]}{case[2]}") for case in PLANTED]
)
def test_a_planted_mistake_is_found(
    monkeypatch: pytest.MonkeyPatch, test: Callable[[], None], file: str, old: str, new: str
) -> None:
    right = everything()
    wrong = {path: re.sub(old, new, text) if path.endswith(f"/{file}") else text for path, text in right.items()}
    assert wrong != right
    monkeypatch.setitem(globals(), "everything", lambda: wrong)
    with pytest.raises(AssertionError):
        test()


@pytest.mark.parametrize("program", PROGRAMS[-1:])
def test_2_a_planted_usage_error_that_ends_with_0_is_found(
    monkeypatch: pytest.MonkeyPatch, program: str, tmp_path: Path
) -> None:
    monkeypatch.setitem(globals(), "START", (sys.executable, "-c", FORGIVING))
    with pytest.raises(AssertionError):
        test_2_a_usage_error_is_a_failure(program, tmp_path)


def test_6_a_planted_division_of_whole_numbers_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VitisBuild, "clock_ns", property(lambda self: 1000 // self.clock_mhz))
    with pytest.raises(AssertionError):
        test_6_300_mhz_is_a_period_of_3333_ps()


@pytest.mark.parametrize(
    ("name", "stated"),
    [("packaging_script", "300000000"), ("design_script", "300000000"), ("link_config", "0:300")],
)
def test_7_a_planted_clock_of_its_own_is_found(monkeypatch: pytest.MonkeyPatch, name: str, stated: str) -> None:
    right = globals()[name]
    assert stated in right(link_job(at_mhz(300).build) if name == "link_config" else at_mhz(300).build.job)
    monkeypatch.setitem(globals(), name, lambda job: right(job).replace(stated, stated.replace("300", "250")))
    with pytest.raises(AssertionError):
        test_7_one_clock_reaches_every_script()


@pytest.mark.parametrize("wrong", ['"0:250"', "0:250|1:250", "'0:250'"])
def test_8_a_planted_quote_or_pipe_is_found(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    right = link_config
    monkeypatch.setitem(globals(), "link_config", lambda job: right(job).replace("0:250", wrong))
    with pytest.raises(AssertionError):
        test_8_no_shell_sees_the_clock("2022.2")
