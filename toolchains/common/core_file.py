"""A core as the file that its steps are given: kind and shape, as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from blocks.core.base import Core
from blocks.core.graph import GraphCore, from_description
from blocks.dma import DmaCore


def json_text(value: object) -> str:
    """Plain values as the text of a file, always the same. One line: json's fast encoder does not indent."""
    return json.dumps(value, sort_keys=True) + "\n"


def core_text(core: Core) -> str:
    """The file's text."""
    return json_text({"kind": core.kind, "shape": core.describe()})


def read_core(path: Path) -> Core:
    """The core that `core_text` wrote."""
    given = json.loads(path.read_text("utf-8"))
    return DmaCore.from_description(given["shape"]) if given["kind"] == DmaCore.kind else read_graph_core(path)


def read_graph_core(path: Path) -> GraphCore:
    """The same for a program that runs on cores of blocks only."""
    given = json.loads(path.read_text("utf-8"))
    return GraphCore(given["kind"], from_description(given["shape"]))
