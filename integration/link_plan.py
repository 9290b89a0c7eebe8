"""The plan of a link: the facts about a build that the linking program cannot find in its folder.

`integration/design.py` makes it from a network. It is a separate module because the program reads no network files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from config.frozen import dataclass
from integration.kernel import Kernel

FC_WEIGHTS = "fc_weights.bin"
"""The streamed weights in the folder of a step, if the network has such."""


@dataclass(frozen=True)
class LinkPlan:
    """One build. The manifest lists the digests of `sources`, inputs of the step by their paths in its folder.

    `folding` maps `block.unit` to its PE and SIMD as text. `interval_cycles` is predicted; `bottleneck` is the
    `block.operator` that causes it. `indices` says whether the kernel gives indices of the
    best of `classes`, or the sum of each.
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
    indices: bool
    classes: int | None

    def describe(self) -> dict[str, Any]:
        """The plan as plain JSON values; `from_description` reads it back."""
        return asdict(self)

    @classmethod
    def from_description(cls, values: Mapping[str, Any]) -> LinkPlan:
        """The plan that `describe` wrote."""
        texts = {name: tuple(values[name]) for name in ("blocks", "labels", "sources")}
        return cls(**{**values, **texts, "kernel": Kernel.from_description(values["kernel"])})
