"""Put contents into the netlist of a parameter memory: INIT parameters of its primitives, and nothing else."""

from __future__ import annotations

import copy
from typing import Any

from blocks.parameter_memory.contents import ContentsError, cell_names, initial_values, unpack_image
from blocks.parameter_memory.plan import MemoryPlan

INIT_BITS = {"RAM32M16": 64, "RAM64M8": 64, "RAMB36E2": 256, "RAMB18E2": 256}
"""Bits of one INIT parameter."""


def fill(netlist: dict[str, Any], plan: MemoryPlan, image: bytes, name: str = "memory") -> dict[str, Any]:
    """Return a copy of Yosys' JSON netlist of `plan.module` that holds `image`.

    Raises:
        ContentsError: an image of another size, or a netlist that does not have the memory's primitives.
    """
    values = initial_values(plan, unpack_image(image, plan.width_bits, plan.depth, name))
    filled = copy.deepcopy(netlist)
    try:
        cells = filled["modules"][plan.module]["cells"]
    except KeyError:
        raise ContentsError(f"{name}: the netlist has no module {plan.module}; make it again: doit ooc") from None
    for cell_name, shape, parameters in zip(cell_names(plan), plan.shapes, values, strict=True):
        cell = cells.get(cell_name)
        if cell is None or cell["type"] != shape.primitive:
            what = "no such cell" if cell is None else f"a {cell['type']}"
            raise ContentsError(f"{name}: {plan.module} has {what} at {cell_name}, expected a {shape.primitive}")
        bits = INIT_BITS[shape.primitive]
        cell["parameters"] |= {key: f"{value:0{bits}b}" for key, value in parameters.items()}
    return filled
