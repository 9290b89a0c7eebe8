"""What a simulation is told beside the memory images: it is found again, and crossings follow from where blocks lie."""

from __future__ import annotations

import struct

from blocks.network import find_network
from integration.design import design_of
from integration.platform import find_platform
from toolchains.open.simulation.kernel.part import settings_part, slr_lines, split_part
from toolchains.open.simulation.kernel.settings import settings_lines


def test_lines_behind_the_images_are_found_again() -> None:
    images = b"".join(struct.pack("<Q", len(image)) + image for image in (b"", b"12345", b"\0" * 8))
    lines = ["clock_mhz 250.0", "argument in_r bank0"]
    assert split_part(images + settings_part(lines)) == (images, lines)


def test_a_crossing_has_a_register_on_each_side_and_later_resets() -> None:
    """res2b lies two SLRs above the DMA; the links before and behind it cross two boundaries."""
    design = design_of(find_network("digits")).describe()
    assert list(slr_lines(design, {"res2b": "slr2"})) == [
        "reset res2b 2",
        "crossings 2 0 1 1 2",
        "crossings 3 2 1 1 0",
    ]


def test_hops_count_from_the_slr_of_the_dma() -> None:
    design = design_of(find_network("digits")).describe()
    slrs = {entry["name"]: "slr1" for entry in design["instances"]}  # type: ignore[attr-defined]
    assert list(slr_lines(design, slrs)) == []
    assert list(slr_lines(design, {**slrs, "preres": "slr0"})) == [
        "reset preres 1",
        "crossings 0 0 1",
        "crossings 1 1 0",
    ]


def test_the_settings_name_clock_banks_and_memory() -> None:
    lines = settings_lines(find_platform("u250"), 300.0, 60)
    assert lines[:4] == ["clock_mhz 300.0", *(f"argument {name} bank0" for name in ("in_r", "out_r", "weightsmem"))]
    assert lines[-1] == "memory efficiency_percent 60"
