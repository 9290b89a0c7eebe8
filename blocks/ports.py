"""The ports of a core, the same in its C++ and its SystemVerilog view."""

from __future__ import annotations

from dataclasses import dataclass

from blocks.graph import Core


@dataclass(frozen=True)
class InterfacePort:
    """A port of a top: `role` is `data`, `weights`, `thresholds`, `bias`, `memory` or `control`."""

    name: str
    direction: str
    width_bits: int
    role: str


def ports_of(core: Core) -> tuple[InterfacePort, ...]:
    """The stream ports of a core, the same in every view: data in, parameters, data out."""
    graph = core.graph
    return (
        *(InterfacePort(port.name, "in", port.stream.width_bits, "data") for port in graph.inputs),
        *(InterfacePort(port.name, "in", port.stream.width_bits, port.stream.role) for port in graph.parameter_ports()),
        *(InterfacePort(port.name, "out", port.stream.width_bits, "data") for port in graph.outputs),
    )
