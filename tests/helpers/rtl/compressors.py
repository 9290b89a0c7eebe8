"""The compressors of the project's networks."""

from __future__ import annotations

from blocks.core.graph import GraphCore
from blocks.network import NETWORKS, read_network
from blocks.operators.mvau import Mvau
from blocks.operators.mvau.compressor.text import Compressor


def in_use() -> list[Compressor]:
    """Each one that a core of digits or resnet50 has, once."""
    cores = [
        core for name in ("digits", "resnet50") for core in read_network(NETWORKS / f"{name}.yaml").cores().values()
    ]
    shapes = {node.operator for core in cores if isinstance(core, GraphCore) for node in core.graph.nodes}
    found = {each for shape in shapes if isinstance(shape, Mvau) for each in shape.compressors}
    return sorted(found, key=lambda each: each.name)
