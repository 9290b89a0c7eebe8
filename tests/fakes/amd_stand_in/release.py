"""Releases of the tools, compared by year and minor."""

from __future__ import annotations

from dataclasses import dataclass


def order(release: str) -> tuple[int, int]:
    """`2022.2` and `2022.2.1` as (2022, 2)."""
    year, _, minor = release.partition(".")
    return int(year), int(minor.split(".")[0] or 0)


def hls_program(release: str) -> str:
    """The HLS program of a release."""
    if order(release) >= (2025, 1):
        return "vitis-run"
    return "vitis_hls" if order(release) >= (2020, 1) else "vivado_hls"


@dataclass(frozen=True)
class Span:
    """The releases that have a feature. `sure` is False if the range is a guess."""

    since: str
    until: str
    sure: bool

    @classmethod
    def read(cls, text: str) -> Span:
        """`~2020.1..2024.2`, `!2020.1..`; either end may be open."""
        since, _, until = text[1:].partition("..")
        return cls(since, until, text[0] == "!")

    def has(self, release: str) -> bool:
        """Whether the span contains a release."""
        now = order(release)
        return (not self.since or order(self.since) <= now) and (not self.until or now <= order(self.until))

    def __str__(self) -> str:
        return f"{self.since or 'the first'} to {self.until or 'the newest'}"
