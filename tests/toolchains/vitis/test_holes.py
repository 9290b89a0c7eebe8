"""Mistakes that the scripts of the 2020 reference build had, each looked for in everything that is rendered here."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from blocks.network import find_network
from config.settings import Settings
from farm.step import Text
from integration.fit_problem import problem_of
from integration.platform import find_platform
from toolchains.vitis.discovery import Tools
from toolchains.vitis.link_config import link_config, link_words
from toolchains.vitis.ooc_scripts import constraints
from toolchains.vitis.packaging_scripts import kernel_script, packaging_script
from toolchains.vitis.render_scripts import ROOT, scripts
from toolchains.vitis.settings import VitisSettings
from toolchains.vitis.steps import VitisToolchain, open_steps
from toolchains.vitis.stitch_scripts import design_script

RELEASES = ("2019.2", "2022.2", "2025.1")
PROGRAMS = ("run_hls", "run_hls_cosim", "run_ooc", "run_netlist", "run_stitch", "run_link")


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


def at_mhz(clock_mhz: float, release: str = "2022.2") -> VitisToolchain:
    network, platform = find_network("digits"), find_platform("u250")
    shared = open_steps(ROOT, network, platform, "hw", clock_mhz)
    settings, problem = VitisSettings(release=release), problem_of(network, platform, Settings.defaults())
    return VitisToolchain(ROOT, network, platform, "hw", clock_mhz, settings, Tools(), shared, problem)


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
        [sys.executable, "-m", f"toolchains.vitis.{program}", "--no-such-word"],
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
    for path, lines in tcl().items():
        for at, line in enumerate(lines):
            # At the top level of a script, `return` is success to Vivado.
            assert not re.match(r"return \d", line), path
            if line.startswith("wait_on_run"):
                assert "PROGRESS" in lines[at + 1], path
                assert lines[at + 2].startswith("error "), path


def test_5_every_script_says_as_its_last_act_that_it_is_done() -> None:
    for path, lines in tcl().items():
        if "/link/" in path:
            continue
        assert re.fullmatch(r'puts "farm done: .+"', lines[-2]), path
        assert lines[-1] == "exit 0", path


def test_6_300_mhz_is_a_period_of_3333_ps() -> None:
    toolchain = at_mhz(300)
    assert constraints(toolchain.clock_ns) == "create_clock -name ap_clk -period 3.333 [get_ports ap_clk]\n"
    core = find_network("digits").cores()["res2b"]
    export = next(item for item in toolchain.hls(core).inputs if item.path == "export.tcl")
    assert isinstance(export, Text)
    assert "create_clock -period 3.333 " in export.content


def test_7_one_clock_reaches_every_script() -> None:
    toolchain = at_mhz(300)
    core = find_network("digits").cores()["inoutdma"]
    inputs = [item for step in (toolchain.hls(core), toolchain.ooc(core)) for item in step.inputs]
    texts = [item.content for item in inputs if isinstance(item, Text) and item.path.endswith((".tcl", ".xdc"))]
    texts += [packaging_script(toolchain.job), design_script(toolchain.job), kernel_script(toolchain.job)]
    texts += [link_config(toolchain.link_job())]
    for text in texts:
        stated = re.findall(r"-period ([0-9.]+)|\b([0-9]{9})\b|kernel_frequency=0:([0-9]+)", text)
        for period, hertz, mhz in stated:
            assert (period or "3.333", hertz or "300000000", mhz or "300") == ("3.333", "300000000", "300")
    assert sum(bool(re.search(r"3\.333|300000000|0:300", text)) for text in texts) >= 5


@pytest.mark.parametrize("release", RELEASES)
def test_8_no_shell_sees_the_clock(release: str) -> None:
    job = at_mhz(250, release).link_job()
    stated = link_config(job) + "\n".join(link_words(job))
    assert re.search(r"kernel_frequency[=\n]0:250$", stated, re.MULTILINE)
    assert "|" not in stated
    assert '"' not in stated
