"""A core as its steps see it: the file with its kind and shape, and the facts behind a key."""

from __future__ import annotations

import json
from pathlib import Path

from blocks.core.graph import Core, from_description
from blocks.dma import DmaCore

Facts = tuple[tuple[str, str], ...]


def json_text(value: object) -> str:
    """Plain values as the text of a file, always the same."""
    return json.dumps(value, indent=1, sort_keys=True) + "\n"


def core_text(core: Core | DmaCore) -> str:
    """The file's text."""
    shape = core.describe() if isinstance(core, DmaCore) else core.graph.describe()
    return json_text({"kind": core.kind, "shape": shape})


def read_core(path: Path) -> Core | DmaCore:
    """The core that `core_text` wrote."""
    given = json.loads(path.read_text("utf-8"))
    if given["kind"] == "dma":
        return DmaCore.from_description(given["shape"])
    return Core(given["kind"], from_description(given["shape"]))


def core_facts(core: Core | DmaCore) -> Facts:
    """The shape of a core, for explanations."""
    if isinstance(core, DmaCore):
        return (("image_word_bytes", str(core.image_word_bytes)), ("weights_word_bytes", str(core.weights_word_bytes)))
    return tuple(
        (f"{node.name}.{field}", str(value))
        for node in core.graph.nodes
        for field, value in node.operator.facts().items()
        if field != "operator"
    )
