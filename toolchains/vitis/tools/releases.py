"""Releases of AMD's tools, and what differs between them: the name of the HLS program and words of its command line.

Sources: AMD UG1399 (2020.2 to 2025.2) and UG1702 for the programs and their options; FINN's rule for the program.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_RELEASE = re.compile(r"(20[0-9]{2})\.([1-9])(?:\.[0-9]+)?")


@dataclass(frozen=True, order=True)
class Release:
    """A release of the tools, such as 2022.2; updates (2022.2.1) are the release itself."""

    year: int
    minor: int

    def __str__(self) -> str:
        """As in the names of folders."""
        return f"{self.year}.{self.minor}"

    @staticmethod
    def of(text: str) -> Release | None:
        """The release that a text is, else None."""
        match = _RELEASE.fullmatch(text)
        return Release(int(match[1]), int(match[2])) if match else None

    @property
    def is_supported(self) -> bool:
        """Whether the flow knows this release."""
        return self >= OLDEST

    @property
    def hls_program(self) -> str:
        """The program that runs an HLS script: chosen by release, never by what PATH happens to hold."""
        if self > Release(2024, 2):
            return "vitis-run"
        return "vitis_hls" if self >= Release(2020, 1) else "vivado_hls"

    @property
    def is_vitis_hls(self) -> bool:
        """Whether the HLS compiler is Vitis HLS, whose options differ from those of Vivado HLS."""
        return self >= Release(2020, 1)

    @property
    def has_y2k22(self) -> bool:
        """Whether packaging fails without AMD's patch (answer record 76960): the core revision overflows 32 bits."""
        return self < Release(2022, 1)

    def hls_command(self, script: str, log: str) -> tuple[str, ...]:
        """The words that run a script in batch."""
        if self.hls_program == "vitis-run":
            return ("vitis-run", "--mode", "hls", "--tcl", script)
        return (self.hls_program, "-f", script, "-l", log)


OLDEST = Release(2019, 2)
"""The release of the reference design; the flow is written for it and all later ones."""
