"""The part that an installed platform names against the one of the board's file."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from integration.platform import Platform, find_platform
from toolchains.vitis.tools.discovery import Installation, Tools
from toolchains.vitis.tools.installed_platform import part_of
from toolchains.vitis.tools.missing import missing_for
from toolchains.vitis.tools.releases import Release

U250 = "xilinx_u250_xdma_201830_2"
PART = "xcu250-figd2104-2L-e"
# The elements and attributes that public readers of platforms look for.
HPFM = """<?xml version="1.0" encoding="UTF-8"?>
<xd:component xmlns:xd="http://www.xilinx.com/xd" xd:type="platform">
  <xd:platformInfo><xd:deviceInfo xd:name="{part}"/></xd:platformInfo>
</xd:component>
"""


def platform_folder(folder: Path, text: str | None, archive: str = f"{U250}.xsa", member: str = f"{U250}.hpfm") -> Path:
    place = folder / U250
    (place / "hw").mkdir(parents=True)
    xpfm = place / f"{U250}.xpfm"
    xpfm.write_text("<sdx/>")
    if text is not None:
        with zipfile.ZipFile(place / "hw" / archive, "w") as writer:
            writer.writestr("xsa.json", "{}")
            writer.writestr(member, text)
    return xpfm


@pytest.mark.parametrize(
    ("archive", "member"),
    [(f"{U250}.xsa", f"{U250}.hpfm"), (f"{U250}.dsa", f"{U250}.hpfm"), ("hw.xsa", "hw.hpfm")],
)
def test_the_part_that_the_hardware_names(tmp_path: Path, archive: str, member: str) -> None:
    assert part_of(platform_folder(tmp_path, HPFM.format(part=PART), archive, member)) == PART


@pytest.mark.parametrize("text", [None, "<half", "<other/>", HPFM.format(part="")])
def test_a_platform_that_does_not_say(tmp_path: Path, text: str | None) -> None:
    assert part_of(platform_folder(tmp_path, text)) is None


def test_an_archive_that_is_none(tmp_path: Path) -> None:
    xpfm = platform_folder(tmp_path, None)
    (xpfm.parent / "hw" / f"{U250}.xsa").write_bytes(b"PK no zip")
    assert part_of(xpfm) is None


def missing(xpfm: Path, platform: Platform, release: tuple[int, int] = (2022, 2)) -> list[str]:
    installed = Installation(Release(*release), (("v++", "/v++"), ("vivado", "/vivado")), ())
    tools = Tools((installed,), (), ((U250, str(xpfm)),), "/xrt", None, (("XILINXD_LICENSE_FILE", "1@x"),))
    return list(missing_for(tools, None, platform, needs_hls=False, needs_licence=True))


def test_parts_that_agree(tmp_path: Path) -> None:
    assert missing(platform_folder(tmp_path, HPFM.format(part=PART.upper())), find_platform("u250")) == []


def test_parts_that_disagree(tmp_path: Path) -> None:
    (said,) = missing(platform_folder(tmp_path, HPFM.format(part="xcu250-figd2104-2-e")), find_platform("u250"))
    assert "platform/u250.yaml has part xcu250-figd2104-2L-e" in said
    assert "is for part xcu250-figd2104-2-e" in said
    assert "write 'part: xcu250-figd2104-2-e'" in said


def fixed(board: Platform) -> Platform:
    return replace(board, shells=tuple(replace(shell, has_fixed_clocks=True) for shell in board.shells))


@pytest.mark.parametrize(("release", "known"), [((2019, 2), False), ((2020, 1), False), ((2020, 2), True)])
def test_fixed_clocks_need_a_release_that_takes_hertz(tmp_path: Path, release: tuple[int, int], known: bool) -> None:
    said = missing(platform_folder(tmp_path, None), fixed(find_platform("u250")), release)
    assert (said == []) == known
    assert known or "fixed clocks" in said[0]
