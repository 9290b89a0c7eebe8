"""The interfaces of compiled cores against the design that joins them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def check_interfaces(design: Mapping[str, Any], interfaces: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What does not fit between the design and the interfaces that the compiled cores report.

    Args:
        design: What `Design.describe` gave.
        interfaces: Core name to {"ports": [{"name", "direction", "width_bits", "role"}]}.

    Returns:
        One sentence per fault; empty when every data port is joined exactly once with the right width.
    """
    faults: list[str] = []
    joined: dict[tuple[str, str], int] = {}
    cores = {entry["name"]: entry["core"] for entry in design["instances"]}
    for link in design["links"]:
        for side, direction in (("source", "out"), ("sink", "in")):
            end = link[side]
            key = (end["instance"], end["port"])
            joined[key] = joined.get(key, 0) + 1
            ports = {port["name"]: port for port in interfaces[cores[end["instance"]]]["ports"]}
            port = ports.get(end["port"])
            where = f"{end['instance']}.{end['port']}"
            if port is None:
                faults.append(f"{where}: core {cores[end['instance']]} has no such port")
            elif port["direction"] != direction:
                faults.append(f"{where}: the port goes {port['direction']}, the design needs {direction}")
            elif port["width_bits"] != end["lanes"] * end["bits"]:
                faults.append(f"{where}: {port['width_bits']} bits wide, the design needs {end['lanes'] * end['bits']}")
    for instance, core in cores.items():
        for port in interfaces[core]["ports"]:
            count = joined.get((instance, port["name"]), 0)
            if port["role"] == "data" and count != 1:
                faults.append(f"{instance}.{port['name']}: joined {count} times instead of once")
    return faults
