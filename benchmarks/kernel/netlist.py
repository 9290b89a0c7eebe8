"""Times a kernel's netlist with free tools: `python -m benchmarks.kernel.netlist resnet50`.

A copy of this checkout synthesises the cores of the network, then merges their netlists; then again to the xclbin and
the netlist with one block folded anew, and with new weights of that block. For each it prints the steps that ran,
seconds by the clock and of CPU, and memory. Then it adds the LUTs that `ooc` and `memories` reported one by one, and
says what the whole kernel has beside them. `--own-store` takes from your store what it has, so only what is not there
is synthesised. `--read-back` reads the EDIF with spydrnet at the end and compares its cells, and its nets by how many
ends each has, with those of the JSON; that takes longer than the merge.
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.kernel.build import Checkout, table_of
from benchmarks.sw_emu import machine
from blocks.kinds.residual import Residual
from blocks.network import Network, find_network
from blocks.parameter_memory.plan import memory_plans
from config.problem import ConfigError
from toolchains.open.netlist.names import ENDINGS

LIMIT_SHARE, LIMIT_READ_S = 0.03, 300


def luts_of_parts(network: Network, built: Path) -> Counter[str]:
    """LUTs of each block's core and memories, as Yosys counted each alone."""
    found: Counter[str] = Counter()
    for name, core in network.cores().items():
        found[name] += _luts(built / "ooc" / core.name)
    for block in network.blocks:
        for plan in memory_plans(block.core().graph):
            found[block.name] += _luts(built / "memories" / plan.module)
    return found


def _luts(folder: Path) -> int:
    return int(json.loads((folder / "values.json").read_text("utf-8"))["luts"])


def area_of(network: Network, built: Path) -> Table:
    """The LUTs of the whole kernel, taken apart."""
    values = json.loads((built / "netlist" / "values.json").read_text("utf-8"))
    parts = sum(luts_of_parts(network, built).values())
    blocks = sum(each["luts"] for each in values["blocks"].values())
    crossings = sum(each["luts"] for name, each in values["between"].items() if "crossing" in name)
    between = sum(each["luts"] for each in values["between"].values())
    whole = values["total"]["luts"]
    table = Table("LUT", "of", "share of the parts", box=None, pad_edge=False)
    for count, what in (
        (parts, "blocks with their memories, each alone, by Yosys (the parts)"),
        (blocks - parts, "the same cells, counted in the netlist: inverters and LUT2 are counted block by block"),
        (between - crossings, "converters and FIFOs between the blocks"),
        (crossings, "registers at the boundaries of SLRs"),
        (whole - blocks - between, "LUT2 that share a logic cell with a LUT of another part"),
        (whole, f"the whole kernel; at most {LIMIT_SHARE:.0%} above the parts"),
    ):
        table.add_row(f"{count:,}", what, f"{count / parts:+.2%}" if count != whole else f"{count / parts - 1:+.2%}")
    return table


def read_back(network: Network, built: Path) -> str:
    """Compare the EDIF, read by a parser that is not ours, with the JSON.

    Raises:
        SystemExit: they differ, or spydrnet is not installed.
    """
    logging.disable(logging.CRITICAL)
    try:
        spydrnet: Any = importlib.import_module("spydrnet")
    except ImportError:
        raise SystemExit("spydrnet is not installed; pip install spydrnet") from None
    begin = time.process_time()
    netlist = spydrnet.parse(str(built / "netlist" / f"{network.name}.edf"))
    took = time.process_time() - begin
    modules = json.loads((built / "netlist" / f"{network.name}.json").read_text("utf-8"))["modules"]
    cells = Counter((name, cell["type"]) for name, module in modules.items() for cell in module["cells"].values())
    nets = Counter((name, ends) for name, module in modules.items() for ends in _ends(module))
    found: Counter[tuple[str, str]] = Counter()
    wires: Counter[tuple[str, int]] = Counter()
    for library in netlist.libraries:
        for definition in library.definitions if library.name == "work" else ():
            found.update((definition.name, each.reference.name) for each in definition.children)
            for cable in definition.cables:
                wires.update((definition.name, len(wire.pins)) for wire in cable.wires)
    found = Counter({key: count for key, count in found.items() if key[1] not in {"GND", "VCC"}})
    if found != cells:
        raise SystemExit(f"the EDIF has other cells than the JSON: {dict((found - cells) + (cells - found))}")
    if wires != nets:
        raise SystemExit(f"the EDIF has other nets than the JSON: {dict((wires - nets) + (nets - wires))}")
    return (
        f"EDIF read back by spydrnet in {took:.0f} CPU s (limit {LIMIT_READ_S}): {sum(found.values())} cells and "
        f"{sum(nets.values())} nets in {len(modules)} modules as in the JSON"
    )


def _ends(module: dict[str, Any]) -> Iterable[int]:
    """How many ends each net of a module has, and each constant that it uses: that has its source as well."""
    joined = [port["bits"] for port in module["ports"].values()]
    joined += [bits for cell in module["cells"].values() for bits in cell["connections"].values()]
    ends = Counter(bit for bits in joined for bit in bits)
    return (count + isinstance(bit, str) for bit, count in ends.items())


def main(arguments: list[str] | None = None) -> int:
    """Print the figures.

    Returns:
        0.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kernel.netlist", description=__doc__)
    parser.add_argument("network", nargs="?", default="resnet50")
    parser.add_argument("--own-store", action="store_true", help="take from your store what it has")
    parser.add_argument("--read-back", action="store_true", help="read the EDIF with spydrnet")
    given = parser.parse_args(arguments)
    try:
        network = find_network(given.network)
    except ConfigError as error:
        raise SystemExit(str(error)) from None
    block = [block for block in network.blocks if isinstance(block, Residual)][-1]
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    with TemporaryDirectory(prefix="netlist-") as folder:
        checkout = Checkout(Path(folder), network, own_store=given.own_store)
        built = checkout.folder / "build" / network.name / "open-hw_emu"
        found = [
            checkout.build("synthesis of cores and memories, and the xclbin", "ooc", "memories", "build"),
            checkout.build("netlist after it", "netlist"),
        ]
        console.print(area_of(network, built))
        files = [built / "netlist" / f"{network.name}.{ending}" for ending in ENDINGS]
        console.print(", ".join(f"{file.name}: {file.stat().st_size / 1e6:.0f} MB" for file in files))
        checkout.refold(block)
        found.append(checkout.build(f"{block.name} folded anew, to xclbin and netlist", "netlist", "build"))
        checkout.reweigh(block)
        found.append(checkout.build(f"new weights of {block.name}, to xclbin and netlist", "netlist", "build"))
        console.print(f"doit netlist network={network.name} target=hw_emu on {machine()}")
        console.print(table_of(found))
        if given.read_back:
            console.print(read_back(network, built))
    return 0


if __name__ == "__main__":
    sys.exit(main())
