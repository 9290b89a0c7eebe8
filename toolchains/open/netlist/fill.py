"""Put the filled memories into a kernel's netlist: `python -m toolchains.open.netlist.fill` is step `netlist:NETWORK`.

It copies the logic files and renders only the memories, so new weights change nothing but INIT values.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from integration.kernel import Kernel, kernel_xml
from toolchains.open.netlist.cells import NetlistError, Part
from toolchains.open.netlist.files import fill
from toolchains.open.netlist.join import memory_name
from toolchains.open.netlist.merge import read_parts
from toolchains.open.netlist.models import cell_models
from toolchains.open.netlist.names import AREA, MODELS


def filled_memories(job: Mapping[str, Any], folder: Path) -> Iterator[Part]:
    """The memories of all blocks, from `<block>.json`. Raises NetlistError if one has another width than its port."""
    for memory in job["memories"]:
        name = memory_name(memory)
        (part,) = read_parts(folder / f"{memory['block']}.json", name)
        bits = len(part.ports["out_TDATA"][1])
        if bits != memory["bits"]:
            raise NetlistError(
                f"{name} has {bits} bits, but {memory['block']}.{memory['port']}, which it feeds, has "
                f"{memory['bits']}; make the memories again: doit memories"
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
        memories = list(filled_memories(job, Path("filled")))
    except NetlistError as error:
        print(f"ERROR: {error}")
        return 1
    fill(Path(), job["kernel"], memories)
    Path("kernel.xml").write_text(kernel_xml(Kernel.from_description(json.loads(given.kernel.read_text()))))
    shutil.copyfile(AREA, "values.json")
    Path(MODELS).write_text(cell_models("\n".join(path.read_text() for path in given.cells)))
    print(f"{job['kernel']}: {len(memories)} memories filled in")
    return 0


if __name__ == "__main__":
    sys.exit(main())
