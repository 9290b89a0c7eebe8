"""Makes a block's memory images from its trained values or stand-ins: `python -m blocks.weights` is the `weights` step.

`blocks/memories.py` describes `memories.bin`. `memories.json` lists the memories and the origins of the values. A
head's `fc_weights.bin` holds the streamed weights in the layout of card memory.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from blocks.core.graph import Graph, from_description
from blocks.memories import images
from blocks.origin import STAND_IN, STAND_IN_WEIGHTS, UNKNOWN
from blocks.parameters import ParameterError, read_block
from blocks.parameters.recipes import LayerParameters, Recipe
from blocks.parameters.stand_in import stand_in_fc_weights, stand_in_parameters
from config.frozen import dataclass

Tensor = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Values:
    """A block's values: arrays by parameter port, streamed weights (heads only), their origins, the file's notes."""

    arrays: dict[str, Tensor]
    streamed: Tensor | None
    origins: tuple[str, ...]
    meta: Mapping[str, object]

    def logical(self, graph: Graph) -> dict[str, Tensor]:
        """The arrays by parameter port, like `BlockParameters.logical`."""
        return self.arrays


def values_of(graph: Graph, block: str, path: Path | None, recipes: Sequence[Recipe] = ()) -> Values:
    """A block's values from its file. Stand-ins replace a missing file, or the streamed weights that a file lacks.

    `recipes` are those of a general block (`General.recipes`); other kinds have none.

    Raises:
        ParameterError: the file does not fit the core.
    """
    streams = graph.streamed is not None
    if path is None:
        streamed = stand_in_fc_weights(graph, block, recipes) if streams else None
        # A block of pools has no values, so none that are missing.
        missing = streams or graph.parameter_ports()
        return Values(stand_in_parameters(graph, block, recipes), streamed, (STAND_IN,) if missing else (), {})
    parameters = read_block(path)
    if recipes:
        parameters = LayerParameters(parameters.file, parameters.arrays, parameters.meta, tuple(recipes))
    logical = parameters.logical(graph)
    origins = [str(parameters.meta.get("origin", UNKNOWN))]
    streamed = parameters.streamed(graph) if streams else None
    if streams and streamed is None:
        streamed = stand_in_fc_weights(graph, block, recipes)
        origins.append(STAND_IN_WEIGHTS)
    return Values(logical, streamed, tuple(origins), parameters.meta)


def read_recipes(path: Path | None) -> tuple[Recipe, ...]:
    """The recipes in a step's file; none for blocks of other kinds."""
    return tuple(json.loads(path.read_text("utf-8"))) if path else ()


def main() -> int:
    """Write a block's memory images.

    Returns:
        0, or 1 after printing why the parameters do not fit.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", type=Path, required=True, help="the core's graph, as JSON")
    parser.add_argument("--block", required=True, help="its name, which seeds stand-ins")
    parser.add_argument("--recipes", type=Path, help="how a general block's arrays are made, as JSON")
    parser.add_argument("--parameters", type=Path, help="the block's trained values [default: stand-ins]")
    arguments = parser.parse_args()
    graph = from_description(json.loads(arguments.core.read_text()))
    try:
        recipes = read_recipes(arguments.recipes)
        values = values_of(graph, arguments.block, arguments.parameters, recipes)
        memories, content = images(graph, values.arrays)
    except ParameterError as error:
        print(f"ERROR: {error}")
        return 1
    Path("memories.bin").write_bytes(content)
    described = {
        "memories": [asdict(memory) for memory in memories],
        "origins": list(values.origins),
        "meta": dict(values.meta),
    }
    Path("memories.json").write_text(json.dumps(described, indent=1))
    if values.streamed is not None:
        # The layout of card memory is row-major.
        Path("fc_weights.bin").write_bytes(values.streamed.tobytes())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
