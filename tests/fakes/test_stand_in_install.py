"""The install trees of the stand-in."""

from __future__ import annotations

import subprocess

import pytest
from amd_stand_in import install, table


@pytest.mark.parametrize(
    ("release", "program", "place"),
    [
        ("2019.2", "vivado_hls", "Vivado/2019.2"),
        ("2020.2", "vitis_hls", "Vitis_HLS/2020.2"),
        ("2024.2", "vitis_hls", "Vitis/2024.2"),
        ("2025.1", "vitis-run", "Vitis/2025.1"),
    ],
)
def test_each_release_has_its_hls_program_where_it_is(bench, release: str, program: str, place: str) -> None:
    root = bench.tree(release)
    hls = {path.name for path in root.rglob("bin/*")} & {"vivado_hls", "vitis_hls"}
    assert hls == ({program} if program != "vitis-run" else set())
    assert (root / place / "bin" / program).is_file()
    assert (root / place / "STAND_IN").is_file()


def test_settings_set_what_the_environment_says(bench) -> None:
    root = bench.tree("2022.2")
    text = subprocess.run(
        ["bash", "-c", f"source {root}/Vitis/2022.2/settings64.sh && source {root}/xrt/setup.sh && env"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin"},
    ).stdout
    found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    wanted = install.environment(root, "2022.2")
    assert {name: found[name] for name in ("XILINX_VIVADO", "XILINX_VITIS", "XILINX_HLS", "XILINX_XRT")} == {
        name: wanted[name] for name in ("XILINX_VIVADO", "XILINX_VITIS", "XILINX_HLS", "XILINX_XRT")
    }
    assert set(wanted["PATH"].split(":")) <= set(found["PATH"].split(":"))


def test_platforms_and_xrt_may_be_left_out(tmp_path) -> None:
    root = install.make(tmp_path / "t", "2022.2", ["xilinx_u50_gen3x16_xdma_5_202210_1"], xrt=False)
    assert [path.name for path in (root / "platforms").iterdir()] == ["xilinx_u50_gen3x16_xdma_5_202210_1"]
    assert not (root / "xrt").exists()


@pytest.mark.parametrize("program", ["vivado", "v++", "vitis_hls", "xclbinutil"])
def test_versions_are_told(bench, program: str) -> None:
    ended = bench.run(program, "-version" if program in ("vivado", "vitis_hls") else "--version")
    assert ended.status == 0
    assert "2022.2" in ended.text


def test_tables_are_whole() -> None:
    # 169 commands of Vivado, 84 of HLS and 216 of the packager are known by name, and three aliases.
    assert len(table.commands("ipx")) == 216
    assert len(table.commands("hls")) == 84
    assert len(table.commands("vivado")) == 169
    assert table.commands("vivado")["launch_run"] is table.commands("vivado")["launch_runs"]
    assert not table.commands("ipx")["ipx::add_env_id"].modelled
