"""A PLRAM that the weights lie in is made as large as they need, in the words that each release of v++ knows."""

from __future__ import annotations

import configparser
import re
from dataclasses import replace

import pytest

from blocks.network import find_network
from toolchains.vitis.link.config import LinkJob, link_config, link_words, plram_script
from toolchains.vitis.render_scripts import toolchain_for
from toolchains.vitis.stages.link import link_job


def job(release: str, bank: str) -> LinkJob:
    found = link_job(toolchain_for(find_network("digits"), release, "rtl").build)
    return replace(found, banks=tuple((name, bank if name == "weightsmem" else sp) for name, sp in found.banks))


@pytest.mark.parametrize("release", ["2020.1", "2022.2", "2025.1"])
def test_the_file_names_the_script(release: str) -> None:
    parser = configparser.ConfigParser(strict=False)
    parser.read_string("[top]\n" + link_config(job(release, "PLRAM[0]")))
    assert parser["advanced"]["param"] == "compiler.userPreSysLinkOverlayTcl=@HERE@/plram.tcl"


def test_the_command_line_of_2019_2_names_it_as_its_authors_did() -> None:
    words = link_words(job("2019.2", "PLRAM[0]"))
    assert words[words.index("--xp") + 1] == "param:compiler.userPreSysLinkTcl=@HERE@/plram.tcl"


def test_the_script_asks_for_2_mib_in_ultraram() -> None:
    """2 MiB hold the 1000 x 2048 weights of ResNet-50, for which the public one asked for SIZE 2M."""
    (line,) = [line for line in plram_script(job("2022.2", "PLRAM[0]")).splitlines() if "PLRAM_MEM" in line]
    found = re.fullmatch(r"(\S+) \[get_bd_cells /memory_subsystem\] (\S+) \{(.*)\}", line)
    assert found is not None
    assert found.group(1, 2) == ("sdx_memory_subsystem::update_plram_specification", "PLRAM_MEM00")
    words = found[3].split()
    values = dict(zip(words[::2], words[1::2], strict=True))
    assert values["SIZE"] == f"{2 * 1024}K"
    assert (values["AXI_DATA_WIDTH"], values["SLR_ASSIGNMENT"], values["MEMORY_PRIMITIVE"]) == ("512", "SLR0", "URAM")


@pytest.mark.parametrize("bank", ["DDR[0]", "PLRAM[1]"])
def test_no_other_memory_is_touched(bank: str) -> None:
    """PLRAM[1] is used as the shell has it."""
    found = job("2022.2", bank)
    assert plram_script(found) == ""
    assert "plram.tcl" not in link_config(found)


def test_a_job_reads_back() -> None:
    found = job("2022.2", "PLRAM[0]")
    assert LinkJob.from_description(found.describe()) == found
