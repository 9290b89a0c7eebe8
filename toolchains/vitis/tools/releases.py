"""Releases of AMD's tools, and their differences: the name of the HLS program and its command line.

Sources: AMD UG1399 (2020.2 to 2025.2) and UG1702 for programs and options; FINN chooses the program by the same rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_RELEASE = re.compile(r"(20[0-9]{2})\.([1-9])(?:\.[0-9]+)?")


@dataclass(frozen=True, order=True)
class Release:
    """A release of the tools, such as 2022.2. An update (2022.2.1) counts as its release."""

    year: int
    minor: int

    def __str__(self) -> str:
        """The release as in names of folders: 2022.2."""
        return f"{self.year}.{self.minor}"

    @staticmethod
    def of(text: str) -> Release | None:
        """Parse a release; None if the text is not one."""
        match = _RELEASE.fullmatch(text)
        return Release(int(match[1]), int(match[2])) if match else None

    @property
    def is_supported(self) -> bool:
        """Whether the flow knows this release."""
        return self >= OLDEST

    @property
    def hls_program(self) -> str:
        """The program that runs an HLS script; it depends on the release, not on PATH."""
        if self > Release(2024, 2):
            return "vitis-run"
        return "vitis_hls" if self >= Release(2020, 1) else "vivado_hls"

    @property
    def is_vitis_hls(self) -> bool:
        """Whether the HLS compiler is Vitis HLS; Vivado HLS has other options."""
        return self >= Release(2020, 1)

    @property
    def has_y2k22(self) -> bool:
        """Whether packaging fails without AMD's patch (answer record 76960): the core revision overflows 32 bits."""
        return self < Release(2022, 1)

    def hls_command(self, script: str, log: str) -> tuple[str, ...]:
        """The command that runs a script in batch mode."""
        if self.hls_program == "vitis-run":
            return ("vitis-run", "--mode", "hls", "--tcl", script)
        return (self.hls_program, "-f", script, "-l", log)


OLDEST = Release(2019, 2)
"""The oldest supported release, which is that of the reference design."""
