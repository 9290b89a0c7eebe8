"""The plan of a link: all that the flow knows of a build and the program that links it cannot find in its folder.

`integration/design.py` makes it of a network; it is a module of its own because the program knows no network files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from integration.kernel import Kernel


@dataclass(frozen=True)
class LinkPlan:
    """One build. `sources` are the step's inputs whose digests the manifest lists, by their paths in its folder.

    `folding` maps `block.unit` to its PE and SIMD as text; `interval_cycles` is predicted, of the block `bottleneck`.
    """

    network: str
    kernel: Kernel
    toolchain: str
    target: str
    view: str
    clock_mhz: float
    blocks: tuple[str, ...]
    folding: Mapping[str, str]
    interval_cycles: int
    bottleneck: str
    labels: tuple[str, ...]
    dataset: Mapping[str, Any] | None
    tools: Mapping[str, str]
    sources: tuple[str, ...]

    def describe(self) -> dict[str, Any]:
        """The plan as plain JSON values; `from_description` reads it back."""
        return asdict(self)

    @classmethod
    def from_description(cls, values: Mapping[str, Any]) -> LinkPlan:
        """The plan that `describe` wrote."""
        texts = {name: tuple(values[name]) for name in ("blocks", "labels", "sources")}
        return cls(**{**values, **texts, "kernel": Kernel.from_description(values["kernel"])})
