"""Put the filled memories into a kernel's netlist: `python -m toolchains.open.netlist.fill` is step `netlist:NETWORK`.

It copies the logic files and renders only the memories, so new weights change nothing but INIT values.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from integration.kernel import Kernel, kernel_xml
from toolchains.open.netlist.cells import NetlistError, Part
from toolchains.open.netlist.files import fill, memory_shapes
from toolchains.open.netlist.join import memory_name
from toolchains.open.netlist.merge import read_tops
from toolchains.open.netlist.models import cell_models
from toolchains.open.netlist.names import AREA, MODELS


def filled_memories(job: Mapping[str, Any], shapes: Mapping[str, str], folder: Path) -> Iterator[Part]:
    """The memories of all blocks, from `<block>.json`; `shapes` as the merge left them.

    Raises:
        NetlistError: one has another width than its port, or differs from the merged memory by more than its contents.
    """
    for block, memories in groupby(job["memories"], key=itemgetter("block")):
        given = {memory_name(memory): memory for memory in memories}
        for (name, memory), (part,) in zip(given.items(), read_tops(folder / f"{block}.json", given), strict=True):
            bits = len(part.ports["out_TDATA"][1])
            if bits != memory["bits"]:
                raise NetlistError(
                    f"{name} has {bits} bits, but {block}.{memory['port']}, which it feeds, has {memory['bits']}; "
                    "make the memories again: doit memories"
                )
            if part.shape() != shapes[name]:
                raise NetlistError(
                    f"{name} of {block}.json is the memory of another network: it differs from {memory['module']}, "
                    f"which was merged for {block}.{memory['port']}, by more than its contents; "
                    "make the memories again: doit memories"
                )
            yield part


def main(arguments: list[str] | None = None) -> int:
    """Run the step in the current folder.

    Returns:
        0, or 1 after printing an error line.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--job", type=Path, required=True)
    parser.add_argument("--kernel", type=Path, required=True, help="the kernel's description, for kernel.xml")
    parser.add_argument("--cells", type=Path, nargs="+", required=True, help="models of cells, without block RAMs")
    given = parser.parse_args(arguments)
    job = json.loads(given.job.read_text())
    try:
        memories = list(filled_memories(job, memory_shapes(Path()), Path("filled")))
        fill(Path(), job["kernel"], memories)
    except NetlistError as error:
        print(f"ERROR: {error}")
        return 1
    Path("kernel.xml").write_text(kernel_xml(Kernel.from_description(json.loads(given.kernel.read_text()))))
    shutil.copyfile(AREA, "values.json")
    Path(MODELS).write_text(cell_models("\n".join(path.read_text() for path in given.cells)))
    print(f"{job['kernel']}: {len(memories)} memories filled in")
    return 0


if __name__ == "__main__":
    sys.exit(main())
