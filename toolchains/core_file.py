"""A core as the file that its steps are given: kind and shape, as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from blocks.core.graph import Core, from_description
from blocks.dma import DmaCore


def core_text(core: Core | DmaCore) -> str:
    """The file's text."""
    shape = core.describe() if isinstance(core, DmaCore) else core.graph.describe()
    return json.dumps({"kind": core.kind, "shape": shape}, indent=1, sort_keys=True) + "\n"


def read_core(path: Path) -> Core | DmaCore:
    """The core that `core_text` wrote."""
    given = json.loads(path.read_text("utf-8"))
    if given["kind"] == "dma":
        return DmaCore.from_description(given["shape"])
    return Core(given["kind"], from_description(given["shape"]))
