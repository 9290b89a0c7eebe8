"""The file that describes a core to its steps: kind and shape, as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from blocks.core.base import Core
from blocks.core.graph import GraphCore, from_description
from blocks.dma import DmaCore


def json_text(value: object) -> str:
    """Render plain values as JSON, with sorted keys. On one line, because json's fast encoder cannot indent."""
    return json.dumps(value, sort_keys=True) + "\n"


def core_text(core: Core) -> str:
    """Render the file of a core."""
    return json_text({"kind": core.kind, "shape": core.describe()})


def read_core(path: Path) -> Core:
    """Read a file that `core_text` rendered."""
    given = json.loads(path.read_text("utf-8"))
    return DmaCore.from_description(given["shape"]) if given["kind"] == DmaCore.kind else read_graph_core(path)


def read_graph_core(path: Path) -> GraphCore:
    """Read the file of any core but the DMA's."""
    given = json.loads(path.read_text("utf-8"))
    return GraphCore(given["kind"], from_description(given["shape"]))
