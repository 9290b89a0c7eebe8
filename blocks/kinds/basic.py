"""The basic block of ResNet-18: two 3x3 convolutions and a side path, a short form of the general block."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from blocks.kinds.convolution import MOST_CHANNELS, Known, known
from blocks.kinds.general import General
from blocks.kinds.general import read as read_general
from blocks.kinds.window import MOST_KERNEL, ONE_PIXEL
from config.document import Section
from config.overlay import Overlaid

CONVOLUTIONS = ("conv_a", "conv_b", "conv_side")
"""Mappings of a basic block: folding and `weight_bits` of its convolutions."""
ACTIVATIONS = ("act_a", "act_b", "act_side", "act")
"""Mappings of a basic block: `bits`, `values`, `zero_point`, `scale`, `descending`, `pe` of its thresholds."""
MAPPINGS = (*CONVOLUTIONS, *ACTIVATIONS, "join")
"""The keys of such a block in a network file whose values are mappings."""
_SIGNED = {"values": "signed"}


def read(section: Section, name: str, source: Known, *, last: bool) -> tuple[General | None, Known]:
    """Read a basic block as the general block that it stands for; mistakes go to the section.

    main: conv_a (3x3), act_a, conv_b (3x3), act_b; side: nothing, or conv_side (1x1), act_side; then the join and act.
    The side path has its convolution where the stride is above 1 or the channels change.
    """
    channels = known(section, lambda: section.integer("channels", minimum=1, maximum=MOST_CHANNELS))
    stride = known(section, lambda: section.pair("stride", default=ONE_PIXEL, minimum=1, maximum=MOST_KERNEL))
    weights = known(section, lambda: section.integer("weight_bits", default=4, minimum=1, maximum=8))
    bits = known(section, lambda: section.integer("bits", default=4, minimum=1, maximum=8))
    if channels is None or stride is None or weights is None or bits is None:
        for key in MAPPINGS:
            section.section(key, default=None)
        return None, Known(None, channels)
    projects = section.has("conv_side") or stride != ONE_PIXEL or source.channels not in (None, channels)
    if source.channels is None:  # after another mistake; the side path may have a convolution
        projects = projects or section.has("act_side")
    if section.has("act_side") and not projects:
        what = f"{name}: act_side follows conv_side, but the side path is the input itself"
        section.problem("act_side", what, "remove act_side, or give the side path a convolution with conv_side")
        section.section("act_side")  # marks it as read, so it is not also reported as an unknown key
    parts = _Parts(section)
    conv = {"channels": channels, "weight_bits": weights}
    window = {"kernel": 3, "pad": [1, 1, 1, 1]}
    scaled = {"bits": bits, **_SIGNED}
    main = [
        parts.layer("conv_a", "convolution", {**conv, **window, "stride": list(stride)}),
        parts.layer("act_a", "threshold", {"bits": bits}),
        parts.layer("conv_b", "convolution", {**conv, **window}),
        parts.layer("act_b", "threshold", scaled),
    ]
    side = []
    if projects:
        side = [
            parts.layer("conv_side", "convolution", {**conv, "kernel": 1, "stride": list(stride)}),
            parts.layer("act_side", "threshold", scaled),
        ]
    after = [parts.layer("act", "threshold", {"bits": bits})]
    whole = _Expanded(section, {"main": main, "side": side, "after": after})
    block, output = read_general(whole, name, source, last=last)
    section.ok = section.ok and whole.ok
    return block, output


class _Parts:
    """Makes the sections of layers: what the short form fixes, under what the file says of the layer."""

    def __init__(self, section: Section) -> None:
        self._section = section

    def layer(self, name: str, kind: str, fixed: Mapping[str, object]) -> Section:
        """The section of a layer."""
        section = self._section
        base = Section(section.file_of(None), _node(section, {"name": name, "type": kind, **fixed}), section.problems)
        if not section.has(name):
            return base
        return Overlaid(base, section.section(name))


class _Expanded(Section):
    """The section of the block with lists of layers in it."""

    def __init__(self, section: Section, lists: Mapping[str, list[Section]]) -> None:
        super().__init__(section.file, section.node, section.problems, name=section.name)
        self._base, self._lists = section, lists

    def has(self, key: str) -> bool:
        """A list, or a key of the file."""
        return key in self._lists or (key == "join" and self._base.has(key))

    def line(self, key: str | None = None) -> int:
        """Lists are where the block is."""
        return self._base.line(key if key == "join" else None)

    def file_of(self, key: str | None) -> str:
        """The file of the block."""
        return self._base.file_of(key)

    def sections(self, key: str, **_more: object) -> list[Section]:
        """The list."""
        return self._lists.get(key, [])

    def section(self, key: str, **more: object) -> Section:
        """`join`, which the file may give."""
        return self._base.section(key, **more)  # type: ignore[arg-type]


def _node(section: Section, values: Mapping[str, object]) -> yaml.MappingNode:
    """The values as nodes in the place of the section."""
    at = section.node.start_mark

    def node(value: object) -> yaml.Node:
        if isinstance(value, list):
            return yaml.SequenceNode("tag:yaml.org,2002:seq", [node(each) for each in value], at, at)
        tag = "tag:yaml.org,2002:int" if isinstance(value, int) else "tag:yaml.org,2002:str"
        return yaml.ScalarNode(tag, str(value), at, at)

    pairs = [(yaml.ScalarNode("tag:yaml.org,2002:str", key, at, at), node(value)) for key, value in values.items()]
    return yaml.MappingNode("tag:yaml.org,2002:map", pairs, at, at)
