"""Join the netlists of a kernel: `python -m toolchains.open.netlist.merge` is step `netlist:logic`.

It reads `cores/`, `links.json` and `memories/` (empty ones: their contents come later) one after the other, and writes
the logic files and `area.json`. No core is synthesised again.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from toolchains.open.netlist.area import Census, summary
from toolchains.open.netlist.cells import NetlistError, Part, parts_of
from toolchains.open.netlist.check import Checks
from toolchains.open.netlist.files import Writer
from toolchains.open.netlist.join import Ports, join, memory_name, ports_of
from toolchains.open.netlist.names import AREA, LINKS
from toolchains.open.synthesis.netlist import Netlist, read_netlist


def read_parts(path: Path, top: str) -> tuple[Part, ...]:
    """The modules of a file, the top last.

    Raises:
        NetlistError: the file is another module's netlist, or cannot be joined.
    """
    (parts,) = read_tops(path, (top,))
    return parts


def read_tops(path: Path, tops: Iterable[str]) -> Iterator[tuple[Part, ...]]:
    """The same for a file with several tops, which is read once: the modules of each.

    Raises:
        NetlistError: as `read_parts`.
    """
    netlist: Netlist | None = None
    for top in tops:
        try:
            netlist = replace(netlist, top=top) if netlist else read_netlist(path, top)
            yield parts_of(netlist)
        except (KeyError, TypeError, AttributeError, ValueError, IndexError, RecursionError):
            raise NetlistError(f"{path}: this is no netlist of {top}; make it again: doit {_maker(path)}") from None


def _maker(path: Path) -> str:
    """The task that makes a netlist, by the folder that it is in."""
    return "netlist" if path.stem == LINKS else "ooc" if path.parent.name == "cores" else "memories"


def merge(job: Mapping[str, Any], slrs: Mapping[str, str], folder: Path, device: str) -> dict[str, Any]:
    """Write the logic files into a folder that has the netlists; return the content of `area.json`.

    Raises:
        NetlistError: two netlists do not fit together; the text names both ends.
    """
    writer, census, checks = Writer(folder), Census(), Checks()
    modules: dict[str, Ports] = {}

    def take(parts: Iterable[Part], *, write: bool = True) -> None:
        for part in parts:
            checks.add(part)
            census.add(part)
            modules[part.name] = ports_of(part)
            if write:
                writer.add(part)

    for path, names in _logic(job, folder):
        for parts in read_tops(path, names):
            take(parts)
    empty: dict[str, Part] = {}
    for memory in job["memories"]:
        module = memory["module"]
        if module not in empty:
            (empty[module],) = read_parts(folder / "memories" / f"{module}.json", module)
        take([replace(empty[module], name=memory_name(memory))], write=False)
    joined = join(job, slrs, modules)
    checks.add(joined.part)
    checks.top(joined.part, joined.slrs, job["dma"])
    if checks.faults:
        raise NetlistError("\n".join(checks.faults))
    census.add(joined.part)
    shapes = {memory_name(memory): empty[memory["module"]].shape() for memory in job["memories"]}
    writer.finish(joined.part, census.primitives(), device, shapes)
    return summary(job, joined, census)


def _logic(job: Mapping[str, Any], folder: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """The netlists by file, with the modules to take from each: all links are in one."""
    for core in dict.fromkeys(block["core"] for block in job["blocks"]):
        yield folder / "cores" / f"{core}.json", (core,)
    modules = dict.fromkeys(name for link in job["links"] for name in (link["module"], link["slice"]))
    yield folder / f"{LINKS}.json", tuple(modules)


def read_slrs(fit: Path) -> dict[str, str]:
    """Block to SLR of a fit; the first of two, if the placer divides a block."""
    return {each["block"]: each["slrs"][0] for each in json.loads(fit.read_text())["blocks"]}


def main(arguments: list[str] | None = None) -> int:
    """Run the step in the current folder.

    Returns:
        0, or 1 after printing error lines; then nothing is written.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--job", type=Path, required=True)
    parser.add_argument("--fit", type=Path, required=True)
    parser.add_argument("--device", required=True, help="for the EDIF; may be empty")
    given = parser.parse_args(arguments)
    job = json.loads(given.job.read_text())
    try:
        values = merge(job, read_slrs(given.fit), Path(), given.device)
    except NetlistError as error:
        print("\n".join(f"ERROR: {line}" for line in str(error).splitlines()))
        return 1
    Path(AREA).write_text(json.dumps(values, indent=1) + "\n")
    print(f"{job['kernel']}: {values['total']['luts']} LUT, {sum(values['cells'].values())} primitives")
    return 0


if __name__ == "__main__":
    sys.exit(main())
