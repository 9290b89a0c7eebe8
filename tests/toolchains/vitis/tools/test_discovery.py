from __future__ import annotations

from pathlib import Path

import pytest

from integration.platform import find_platform
from toolchains.vitis.tools.discovery import find_tools
from toolchains.vitis.tools.missing import missing_for
from toolchains.vitis.tools.releases import Release

U250 = "xilinx_u250_xdma_201830_2"


def program(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / "bin" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\nexit 99\n")
        path.chmod(0o755)


def whole(root: Path, release: str = "2022.2") -> dict[str, str]:
    """An installation with everything, and the variables that settings64.sh would set."""
    program(root / "Vitis" / release, "v++")
    program(root / "Vivado" / release, "vivado")
    program(root / "Vitis_HLS" / release, "vitis_hls")
    program(root / "xrt", "xclbinutil")
    shell = root / "platforms" / U250
    shell.mkdir(parents=True)
    (shell / f"{U250}.xpfm").write_text("<sdx/>")
    return {
        "XILINX_VITIS": str(root / "Vitis" / release),
        "XILINX_XRT": str(root / "xrt"),
        "PLATFORM_REPO_PATHS": str(root / "platforms"),
        "XILINXD_LICENSE_FILE": "2100@server",
        "PATH": "",
    }


def missing(variables: dict[str, str], *, release: str | None = None, needs_hls: bool = True) -> list[str]:
    tools = find_tools(None, None, variables)
    wanted = Release.of(release) if release else None
    return list(missing_for(tools, wanted, find_platform("u250"), needs_hls=needs_hls, needs_licence=True))


@pytest.fixture(autouse=True)
def _nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this machine has does not count."""
    monkeypatch.setattr("toolchains.vitis.tools.discovery.USUAL", ())
    monkeypatch.setattr("toolchains.vitis.tools.discovery.USUAL_PLATFORMS", "/nowhere")
    monkeypatch.setattr("toolchains.vitis.tools.discovery.USUAL_XRT", "/nowhere")


def test_a_whole_installation_by_its_variables(tmp_path: Path) -> None:
    variables = whole(tmp_path)
    (found,) = find_tools(None, None, variables).installations
    assert found.release == Release(2022, 2)
    assert [name for name, _ in found.programs] == ["v++", "vitis_hls", "vivado"]
    assert not found.is_stand_in
    assert missing(variables) == []


def test_by_path_alone(tmp_path: Path) -> None:
    whole(tmp_path)
    variables = {"PATH": f"/usr/bin:{tmp_path}/Vivado/2022.2/bin"}
    (found,) = find_tools(None, None, variables).installations
    assert found.program("v++") == str(tmp_path / "Vitis/2022.2/bin/v++")


@pytest.mark.parametrize("turned", [False, True])
def test_the_newest_of_several(tmp_path: Path, turned: bool) -> None:
    for release in ("2020.2", "2025.1", "2023.2"):
        program(tmp_path / (f"{release}/Vivado" if turned else f"Vivado/{release}"), "vivado")
    tools = find_tools(str(tmp_path), None, {})
    assert [str(one.release) for one in tools.installations] == ["2020.2", "2023.2", "2025.1"]
    newest = tools.newest()
    assert newest is not None
    assert str(newest.release) == "2025.1"


def test_a_release_before_2019_2_is_no_installation(tmp_path: Path) -> None:
    program(tmp_path / "Vivado" / "2018.3", "vivado")
    tools = find_tools(str(tmp_path), None, {})
    assert tools.installations == ()
    (said,) = missing_for(tools, None, find_platform("u250"), needs_hls=False, needs_licence=False)
    assert "too old" in said
    assert "2018.3" in said
    assert "2019.2" in said


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("XILINX_VITIS", "not installed here"),
        ("XILINX_XRT", "XRT is not installed"),
        ("PLATFORM_REPO_PATHS", f"platform {U250} is not installed"),
        ("XILINXD_LICENSE_FILE", "no licence"),
    ],
)
def test_each_thing_that_is_missing_is_named(tmp_path: Path, gone: str, said: str) -> None:
    variables = whole(tmp_path)
    del variables[gone]
    found = missing(variables)
    assert len(found) == 1
    assert said in found[0]


def test_a_licence_file_at_home_is_a_licence(tmp_path: Path) -> None:
    variables = whole(tmp_path)
    del variables["XILINXD_LICENSE_FILE"]
    (tmp_path / ".Xilinx").mkdir()
    (tmp_path / ".Xilinx" / "mine.lic").write_text("")
    assert missing({**variables, "HOME": str(tmp_path)}) == []


def test_hls_is_needed_for_its_view_only(tmp_path: Path) -> None:
    variables = whole(tmp_path)
    (tmp_path / "Vitis_HLS/2022.2/bin/vitis_hls").unlink()
    (said,) = missing(variables)
    assert "vitis_hls" in said
    assert missing(variables, needs_hls=False) == []


def test_another_release_than_the_one_asked_for(tmp_path: Path) -> None:
    (said,) = missing(whole(tmp_path), release="2024.1")
    assert "2024.1" in said
    assert "installed: 2022.2" in said


@pytest.mark.parametrize(
    ("release", "hls"),
    # The last release with vivado_hls alone, the first and last with vitis_hls, the first without.
    [("2019.2", "vivado_hls"), ("2020.1", "vitis_hls"), ("2024.2", "vitis_hls"), ("2025.1", "vitis-run")],
)
def test_the_hls_program_follows_from_the_release(release: str, hls: str) -> None:
    found = Release.of(release)
    assert found is not None
    assert found.hls_program == hls


def test_a_release_is_a_number_not_a_text() -> None:
    assert Release(2019, 2) < Release(2020, 1)
    assert Release.of("2022.2.1") == Release(2022, 2)
    assert Release.of("22.2") is None
    assert Release.of("2022.2-beta") is None
