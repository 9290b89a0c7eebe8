"""What a network's netlist is joined from, as plain values: the step has them as `job.json`."""

from __future__ import annotations

from typing import Any

from blocks.core.base import Core
from blocks.core.rtl import data_bits
from blocks.dma import DmaCore
from blocks.dma.rtl import outside_ports
from blocks.network import Network
from blocks.parameter_memory.plan import plan_memory
from integration.design import End, design_of
from integration.kernel_rtl.link import LinkModule, SliceModule

FORMAT = 1


def job_of(network: Network) -> dict[str, Any]:
    """Blocks with the ports that their cores promise, memories and links of a network, in the order of its stream.

    A stream of a block is {"name", "direction", "bits"} with the bits of its TDATA.
    """
    links = design_of(network).links
    return {
        "format": FORMAT,
        "kernel": network.name,
        "dma": network.dma.name,
        "blocks": [{"name": name, "core": core.name, **_ports(core)} for name, core in network.cores().items()],
        "memories": [
            {
                "block": name,
                "port": port.name,
                "module": plan_memory(port.stream.width_bits, port.stream.depth).module,
                "bits": data_bits(port.stream.width_bits),
            }
            for name, core in network.cores().items()
            for port in core.parameter_ports()
        ],
        "links": [
            {
                "name": f"link{index}",
                "module": LinkModule.of(link).name,
                "slice": SliceModule.behind(link).name,
                "source": _end(link.source),
                "sink": _end(link.sink),
            }
            for index, link in enumerate(links)
        ],
    }


def _ports(core: Core) -> dict[str, Any]:
    streams = [
        {"name": port.name, "direction": port.direction, "bits": data_bits(port.width_bits)}
        for port in core.ports()
        if port.role != "memory"
    ]
    pins = outside_ports(core) if isinstance(core, DmaCore) else ()
    return {"streams": streams, "pins": [list(pin) for pin in pins]}


def _end(end: End) -> dict[str, Any]:
    return {
        "block": end.instance,
        "port": end.port,
        "lanes": end.lanes,
        "bits": end.bits,
        "width": data_bits(end.lanes * end.bits),
    }
