"""Compares the interfaces of compiled cores with the design that joins them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def check_interfaces(design: Mapping[str, Any], interfaces: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Find mismatches between the design and the interfaces that the compiled cores report.

    Args:
        design: The output of `Design.describe`.
        interfaces: Core name to {"ports": [{"name", "direction", "width_bits", "role"}]}.

    Returns:
        One sentence per fault; empty when every data port is joined exactly once with the right width.
    """
    cores = {entry["name"]: entry["core"] for entry in design["instances"]}
    faults = [f"{name}: core {core} is missing" for name, core in cores.items() if core not in interfaces]
    joined: dict[tuple[str, str], int] = {}
    for link in design["links"]:
        for side, direction in (("source", "out"), ("sink", "in")):
            end = link[side]
            joined[end["instance"], end["port"]] = joined.get((end["instance"], end["port"]), 0) + 1
            if end["instance"] not in cores:
                faults.append(f"{end['instance']}.{end['port']}: the design has no such instance")
            elif cores[end["instance"]] in interfaces:
                faults += _end_faults(end, direction, cores[end["instance"]], interfaces)
    for instance, core in cores.items():
        for port in interfaces.get(core, {"ports": ()})["ports"]:
            count = joined.get((instance, port["name"]), 0)
            if port["role"] == "data" and count != 1:
                faults.append(f"{instance}.{port['name']}: joined {count} times instead of once")
    return faults


def _end_faults(
    end: Mapping[str, Any], direction: str, core: str, interfaces: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    where = f"{end['instance']}.{end['port']}"
    port = next((port for port in interfaces[core]["ports"] if port["name"] == end["port"]), None)
    if port is None:
        yield f"{where}: core {core} has no such port"
    elif port["direction"] != direction:
        yield f"{where}: the port's direction is {port['direction']}, the design needs {direction}"
    elif port["width_bits"] != end["lanes"] * end["bits"]:
        yield f"{where}: {port['width_bits']} bits wide, the design needs {end['lanes'] * end['bits']}"
