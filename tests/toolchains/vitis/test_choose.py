"""Bad input, told before a tool starts: where it stands, what is wrong, what to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from blocks.network import find_network, read_network
from config.problem import ConfigError
from config.settings import load_settings
from farm.settings import FarmSettings
from integration.platform import find_platform
from toolchains.choose import find_toolchain
from toolchains.open.settings import CosimSettings
from toolchains.vitis import toolchain
from toolchains.vitis.settings import VitisSettings

ROOT = Path(__file__).resolve().parents[3]
SECTIONS = {"farm": FarmSettings, "cosim": CosimSettings, "vitis": VitisSettings}


def chosen(tmp_path: Path, *words: str, yaml: str = "", network: str = "digits") -> Any:
    (tmp_path / "farm.yaml").write_text(f"network: {network}\n{yaml}")
    settings = load_settings(tmp_path, SECTIONS, words)
    return find_toolchain(ROOT, settings, find_network(network), find_platform(settings.platform))


def refused(tmp_path: Path, *words: str, yaml: str = "", network: str = "digits") -> str:
    with pytest.raises(ConfigError) as error:
        chosen(tmp_path, "toolchain=vitis", "target=hw", *words, yaml=yaml, network=network)
    return str(error.value)


@pytest.mark.parametrize(
    ("asked", "target", "kind"),
    [
        ("vitis", "hw", "vitis"),
        ("vitis", "hw_emu", "vitis"),
        ("vitis", "sw_emu", "open"),
        ("auto", "sw_emu", "open"),
        ("auto", "hw", "vitis"),
    ],
)
def test_who_builds_what(tmp_path: Path, asked: str, target: str, kind: str) -> None:
    assert chosen(tmp_path, f"toolchain={asked}", f"target={target}").build.toolchain == kind


def test_a_toolchain_without_a_target_says_what_is_built(tmp_path: Path) -> None:
    found = chosen(tmp_path, "toolchain=vitis")
    said = (
        "vitis does not build target sw_emu, so the open toolchain builds it; "
        "add target=hw_emu or target=hw to build with vitis"
    )
    assert found.build.toolchain == "open"
    assert {item.note for item in found.items("link")} == {said}
    # The project's own farm.yaml names both.
    both = "toolchain: open\ntarget: sw_emu\n"
    assert chosen(tmp_path, "toolchain=vitis", yaml=both).note == said
    # Whoever writes the target beside the toolchain knows it.
    assert not chosen(tmp_path, "toolchain=vitis", "target=sw_emu").note
    assert not chosen(tmp_path, yaml="toolchain: vitis\ntarget: sw_emu\n").note
    assert not chosen(tmp_path, yaml=both).note
    assert not chosen(tmp_path).note


def test_steps_that_need_missing_tools_say_so_before_they_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XILINX_VITIS", "XILINX_VIVADO", "XILINX_HLS", "XILINX_XRT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    found = chosen(tmp_path, "toolchain=vitis", "target=hw", f"vitis.install={tmp_path}", f"vitis.platforms={tmp_path}")
    if found.build.installation is not None:
        pytest.skip("AMD's tools are installed here")
    for task in ("ooc", "stitch", "link"):
        for item in found.items(task):
            assert item.note.startswith("target hw cannot be built here: AMD's tools are not installed here"), task
            assert item.note.count("'doit tools'") == 1
    assert {item.note for item in found.items("weights")} == {""}, "weights need none of AMD's tools"


def test_a_release_before_2019_2_where_it_stands(tmp_path: Path) -> None:
    said = refused(tmp_path, yaml="vitis: {release: '2018.3'}\n")
    assert "farm.yaml:2" in said
    assert "2018.3" in said
    assert "use 2019.2 or later" in said


def test_a_release_that_is_none(tmp_path: Path) -> None:
    assert "vitis.release '22.2' is not a valid release" in refused(tmp_path, "vitis.release=22.2")


def views_of(found) -> dict[str, str]:  # type: ignore[no-untyped-def]
    return {block: found.build.view(core) for block, core in found.build.network.cores().items()}


def mixed(tmp_path: Path, *words: str):  # type: ignore[no-untyped-def]
    """The toolchain of digits with views in its file."""
    text = (ROOT / "blocks" / "networks" / "digits.yaml").read_text()
    for block in ("res2a", "postres"):
        text = text.replace(f"  - name: {block}\n", f"  - name: {block}\n    view: hls\n")
    (tmp_path / "digits.yaml").write_text(text)
    (tmp_path / "farm.yaml").write_text("network: digits\n")
    settings = load_settings(tmp_path, SECTIONS, ("toolchain=vitis", "target=hw", *words))
    return find_toolchain(ROOT, settings, read_network(tmp_path / "digits.yaml"), find_platform("u250"))


def test_a_release_later_than_all_that_are_known_is_taken_for_the_newest(tmp_path: Path) -> None:
    found = chosen(tmp_path, "toolchain=vitis", "target=hw", "vitis.release=2027.2", "vitis.view=hls")
    step = found.step("hls", found.build.network.cores()["res2b"])
    (header,) = (item.content for item in step.inputs if item.path == "farm_release.hpp")
    assert "BIND_STORAGE" in header


def test_views_by_block(tmp_path: Path) -> None:
    found = mixed(tmp_path)
    assert {block for block, view in views_of(found).items() if view == "hls"} == {"res2a", "postres"}
    inputs = {item.path for item in found.step("ooc", found.build.network.cores()["res2a"]).inputs}
    assert "ip.zip" in inputs
    assert not any(path.endswith(".sv") for path in inputs)


@pytest.mark.parametrize("view", ["hls", "rtl"])
def test_the_setting_is_for_all_blocks(tmp_path: Path, view: str) -> None:
    assert set(views_of(mixed(tmp_path, f"vitis.view={view}")).values()) == {view}


def test_a_part_of_another_board(tmp_path: Path) -> None:
    platform = replace(find_platform("u250"), part="xcu280-fsvh2892-2L-e")
    (tmp_path / "farm.yaml").write_text("network: digits\n")
    settings = load_settings(tmp_path, SECTIONS, ("toolchain=vitis", "target=hw"))
    with pytest.raises(ConfigError, match="xcu280-fsvh2892-2L-e and the platform xilinx_u250_xdma_201830_2"):
        toolchain.toolchain(ROOT, settings, find_network("digits"), platform)


def test_more_memory_ports_than_memories(tmp_path: Path) -> None:
    board = find_platform("u250")
    platform = replace(board, connect=tuple(wire for wire in board.connect if wire[0] != "weightsmem"))
    (tmp_path / "farm.yaml").write_text("network: digits\n")
    settings = load_settings(tmp_path, SECTIONS, ("toolchain=vitis", "target=hw"))
    with pytest.raises(ConfigError, match="board u250 gives no memory to these ports of the kernel: weightsmem"):
        toolchain.toolchain(ROOT, settings, find_network("digits"), platform)


@pytest.mark.parametrize("board", ["u50", "u55c", "u200", "u250", "u280"])
def test_part_and_platform_of_every_board_agree(tmp_path: Path, board: str) -> None:
    found = chosen(tmp_path, "toolchain=vitis", "target=hw", f"platform={board}")
    assert found.build.platform.name == board


def test_where_the_tools_are_is_no_part_of_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XILINXD_LICENSE_FILE", "2100@secret-server")
    step = chosen(tmp_path, "toolchain=vitis", "target=hw").step("ooc", find_network("digits").cores()["res2b"])
    assert ("XILINXD_LICENSE_FILE", "2100@secret-server") in step.private
    assert "secret-server" not in repr(step)
    assert step.environment == ()


def test_a_memory_port_narrower_than_a_card_s() -> None:
    """75 bytes are a whole number of 1-byte words only; 64 of digits are one 64-byte word."""
    digits = find_network("digits")
    problems: list[Any] = []
    toolchain._check_words(digits, problems)
    assert problems == []
    image = replace(digits.dma.image, lanes=1, beats=75)
    narrow: Any = SimpleNamespace(file=digits.file, dma=replace(digits.dma, image=image))
    toolchain._check_words(narrow, problems)
    (problem,) = problems
    assert problem.file == "digits.yaml"
    assert "75 bytes (image) make a memory port of 8 bits" in problem.what
    assert "multiple of 4" in problem.remedy
