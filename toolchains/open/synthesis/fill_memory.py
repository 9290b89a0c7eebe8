"""Fill contents into the netlists of parameter memories. Only INIT parameters of their primitives change.

`python -m toolchains.open.synthesis.fill_memory --block NAME` is step `memories`. From the images of the `weights` step
and the empty netlists it makes one module `<block>_<port>` per memory, as JSON and Verilog.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
from pathlib import Path
from typing import Any

from blocks.parameter_memory.contents import ContentsError, cell_names, initial_values, unpack_image
from blocks.parameter_memory.plan import MemoryPlan, plan_memory
from toolchains.open.synthesis.script import FILLED_JSON, FILLED_VERILOG
from toolchains.open.synthesis.yosys import YosysError, run_script

INIT_BITS = {"RAM32M16": 64, "RAM64M8": 64, "RAMB36E2": 256, "RAMB18E2": 256}
"""Bits of one INIT parameter, by primitive."""


def fill(netlist: dict[str, Any], plan: MemoryPlan, image: bytes, name: str = "memory") -> dict[str, Any]:
    """Return a copy of Yosys's JSON netlist of `plan.module`, filled with `image`.

    Raises:
        ContentsError: The image has another size, or the netlist lacks the memory's primitives.
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


def fill_block(block: str, images: bytes, described: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one netlist with all memories of a block. Raises ContentsError if an image and its memory do not match."""
    modules: dict[str, Any] = {}
    end = 0
    for memory in described:
        plan = plan_memory(memory["width_bits"], memory["depth"])
        end = memory["offset"] + memory["bytes"]
        name = f"{block}.{memory['port']}"
        empty = Path(f"{plan.module}.json")
        if not empty.exists():
            what = f"a memory of {plan.depth} beats of {plan.width_bits} bits is described, but no core has one"
            raise ContentsError(f"{name}: {what}; make it again: doit weights")
        netlist = json.loads(empty.read_text())
        filled = fill(netlist, plan, images[memory["offset"] : end], name)["modules"]
        modules[f"{block}_{memory['port']}"] = filled.pop(plan.module)
        # The other modules are the primitives, as black boxes.
        modules |= filled
    if end != len(images):
        what = f"memories.bin has {len(images)} bytes, but its memories take {end}"
        raise ContentsError(f"{block}: {what}; make it again: doit weights")
    return {"creator": "parameter memories", "modules": modules}


def main(arguments: list[str] | None = None) -> int:
    """Run the step in the current folder.

    Returns:
        0, or 1 after printing an error line.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--block", required=True)
    given = parser.parse_args(arguments)
    described = json.loads(Path("memories.json").read_text())["memories"]
    try:
        netlist = fill_block(given.block, Path("memories.bin").read_bytes(), described)
        Path(FILLED_JSON).write_text(json.dumps(netlist) + "\n")
        Path("verilog.ys").write_text(f"read_json {FILLED_JSON}\nwrite_verilog -noattr {FILLED_VERILOG}\n")
        run_script(Path("verilog.ys"), Path("verilog.log"))
    except (ContentsError, YosysError) as error:
        print(f"ERROR: {error}")
        return 1
    print(f"{given.block}: {len(described)} memories filled")
    return 0


if __name__ == "__main__":
    sys.exit(main())
