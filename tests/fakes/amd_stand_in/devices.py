"""Devices and platforms with their resources.

Facts from public logs of v++ (user budgets), from `platforminfo` samples in AMD UG1393 and UG1702, and from FINN's table
of Alveo devices (BSD-3-Clause); in a form of our own. Amounts per SLR are (LUT, FF, BRAM36, URAM, DSP).
"""

from __future__ import annotations

from dataclasses import dataclass

Amounts = tuple[int, int, int, int, int]


@dataclass(frozen=True)
class Device:
    """A part: family and its SLRs."""

    part: str
    family: str
    slrs: tuple[Amounts, ...]

    @property
    def total(self) -> Amounts:
        """All SLRs together."""
        lut, ff, bram, uram, dsp = (sum(column) for column in zip(*self.slrs, strict=True))
        return lut, ff, bram, uram, dsp


@dataclass(frozen=True)
class Platform:
    """A platform (shell): `memories` maps tags to (count, bytes each); `budget` is what v++ leaves to the user.

    With `scalable` its kernel clocks take any frequency (the Alveo shells); otherwise they are fixed.
    """

    name: str
    part: str
    budget: Amounts
    lut_memory: int
    overhead: tuple[int, int, int, int, int, int]
    memories: dict[str, tuple[int, int]]
    cu_path: str
    scalable: bool = True

    @property
    def slrs(self) -> int:
        """The number of SLRs."""
        return len(DEVICES[self.part].slrs)

    @property
    def generation(self) -> str:
        """The tool release encoded in the name, e.g. 201830."""
        return next(word for word in reversed(self.name.split("_")) if len(word) == 6 and word.isdigit())


_U250 = (432000, 864000, 672, 320, 3072)
DEVICES = {
    device.part: device
    for device in (
        Device(
            "xcu50-fsvh2104-2-e", "virtexuplusHBM", ((374400, 748800, 564, 304, 2592), (368160, 736320, 564, 304, 2760))
        ),
        Device(
            "xcu50-fsvh2104-2L-e",
            "virtexuplusHBM",
            ((374400, 748800, 564, 304, 2592), (368160, 736320, 564, 304, 2760)),
        ),
        Device("xcu55c-fsvh2892-2L-e", "virtexuplusHBM", ((439680, 879360, 672, 320, 2880), _U250, _U250)),
        # Divided equally, because the device is symmetrical; the sum is the published 1,182,240 LUT.
        Device("xcu200-fsgd2104-2-e", "virtexuplus", ((394080, 788160, 720, 320, 2280),) * 3),
        Device("xcu250-figd2104-2L-e", "virtexuplus", (_U250,) * 4),
        Device("xcu280-fsvh2892-2L-e", "virtexuplusHBM", ((439680, 879360, 672, 320, 2880), _U250, _U250)),
    )
}
_GB = 1 << 30
_HBM50 = {"HBM": (32, 0x10000000), "PLRAM": (4, 0x20000)}
_DDR4 = {"DDR": (4, 16 * _GB)}
PLATFORMS = {
    platform.name: platform
    for platform in (
        *(
            Platform(
                name,
                "xcu50-fsvh2104-2-e",
                (769788, 1616627, 1166, 640, 5936),
                393543,
                (100228, 8473, 123405, 178, 0, 4),
                _HBM50,
                "level0_i/ulp",
            )
            for name in ("xilinx_u50_gen3x16_xdma_201920_3", "xilinx_u50_gen3x16_xdma_5_202210_1")
        ),
        Platform(
            "xilinx_u55c_gen3x16_xdma_3_202210_1",
            "xcu55c-fsvh2892-2L-e",
            (1176075, 2428660, 1816, 960, 9020),
            590632,
            (127605, 10328, 178700, 200, 0, 4),
            {"HBM": (32, 0x20000000), "PLRAM": (6, 0x20000), "HOST": (1, 16 * _GB)},
            "level0_i/ulp",
        ),
        *(
            Platform(
                name,
                "xcu200-fsgd2104-2-e",
                (1030509, 2143352, 1859, 960, 6833),
                574191,
                (151731, 17649, 221128, 301, 0, 7),
                {**_DDR4, "PLRAM": (3, 0x20000)},
                path,
            )
            for name, path in (
                ("xilinx_u200_xdma_201830_2", "pfm_top_i/dynamic_region"),
                ("xilinx_u200_gen3x16_xdma_2_202110_1", "level0_i/level1/level1_i/ulp"),
            )
        ),
        *(
            Platform(
                name,
                "xcu250-figd2104-2L-e",
                (1576074, 3213658, 2452, 1280, 12281),
                774796,
                (150966, 15764, 240422, 236, 0, 7),
                {**_DDR4, "PLRAM": (4, 0x20000)},
                path,
            )
            for name, path in (
                ("xilinx_u250_xdma_201830_2", "pfm_top_i/dynamic_region"),
                ("xilinx_u250_gen3x16_xdma_2_1_202010_1", "level0_i/level1/level1_i/ulp"),
                ("xilinx_u250_gen3x16_xdma_3_1_202020_1", "level0_i/level1/level1_i/ulp"),
                ("xilinx_u250_gen3x16_xdma_4_1_202210_1", "level0_i/level1/level1_i/ulp"),
            )
        ),
        # No public log has a user budget of a U280; this is the sum over the SLRs that FINN found free.
        *(
            Platform(
                name,
                "xcu280-fsvh2892-2L-e",
                (1163520, 2327040, 1752, 960, 8496),
                581760,
                (140160, 12000, 200000, 264, 0, 7),
                {"HBM": (32, 0x10000000), "DDR": (2, 16 * _GB), "PLRAM": (6, 0x20000), **host},
                path,
            )
            for name, path, host in (
                ("xilinx_u280_xdma_201920_3", "pfm_top_i/dynamic_region", {}),
                ("xilinx_u280_gen3x16_xdma_1_202211_1", "level0_i/ulp", {"HOST": (1, 16 * _GB)}),
            )
        ),
    )
}
