"""The clock as v++ is told it: by a scalable clock's id, or in Hz where the shell's clocks are fixed."""

from __future__ import annotations

import configparser
import re
from dataclasses import replace
from pathlib import Path

import pytest

from blocks.network import find_network
from config.problem import ConfigError
from integration.platform import BOARDS, find_platform
from toolchains.vitis.link.config import LinkJob, link_config, link_words
from toolchains.vitis.render_scripts import toolchain_for
from toolchains.vitis.stages.link import link_job

FROM_2020_2 = ("2020.2", "2022.2", "2024.2", "2025.1")


def job(release: str, clock_mhz: float = 187.5, *, fixed: bool) -> LinkJob:
    found = link_job(toolchain_for(find_network("digits"), release, "rtl").build)
    return replace(found, clock_mhz=clock_mhz, has_fixed_clocks=fixed)


def sections(text: str) -> configparser.ConfigParser:
    """The file as sections, what stands before the first of them as `top`."""
    parser = configparser.ConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string("[top]\n" + text)
    return parser


@pytest.mark.parametrize("release", ["2020.1", *FROM_2020_2])
def test_scalable_clocks_in_mhz_by_id(release: str) -> None:
    found = sections(link_config(job(release, 250, fixed=False)))
    assert found["top"]["kernel_frequency"] == "0:250"
    assert not found.has_section("clock")


def test_scalable_clocks_of_2019_2() -> None:
    words = link_words(job("2019.2", 250, fixed=False))
    assert words[words.index("--kernel_frequency") + 1] == "0:250"


def test_what_v_plus_plus_is_told_is_what_it_can_lower() -> None:
    """A file at 187 MHz is as asked where 187.5 were wanted: v++ scales in whole MHz."""
    scaled = job("2022.2", 187.5, fixed=False)
    assert (scaled.asked_mhz, scaled.frequency) == (187.0, "0:187")
    assert job("2022.2", 187.5, fixed=True).asked_mhz == 187.5
    assert scaled.most_mhz == 187.0
    assert job("2022.2", 187.5, fixed=True).most_mhz > 187.5


@pytest.mark.parametrize("release", FROM_2020_2)
def test_fixed_clocks_in_hertz_by_compute_unit(release: str) -> None:
    found = sections(link_config(job(release, fixed=True)))
    assert found["clock"]["freqHz"] == "187500000:digits_1"
    assert "kernel_frequency" not in found["top"]


def board(folder: Path, clocks: str) -> Path:
    text = (BOARDS / "u50.yaml").read_text().replace('cu_path: "', f'clocks: {clocks}, cu_path: "')
    (folder / "u50.yaml").write_text(text)
    return folder


def test_a_board_s_file_says_which(tmp_path: Path) -> None:
    shells = find_platform("u50", board(tmp_path, "fixed")).shells
    assert shells
    assert all(shell.has_fixed_clocks for shell in shells)
    assert not any(shell.has_fixed_clocks for shell in find_platform("u50", board(tmp_path, "scalable")).shells)


def test_another_word_is_refused_where_it_stands(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=re.compile(r"u50.yaml:\d+: 'clocks' cannot be 'fixd'", re.DOTALL)):
        find_platform("u50", board(tmp_path, "fixd"))


@pytest.mark.parametrize("name", sorted(path.stem for path in BOARDS.glob("*.yaml")))
def test_the_alveo_shells_have_scalable_clocks(name: str) -> None:
    assert not any(shell.has_fixed_clocks for shell in find_platform(name).shells)
