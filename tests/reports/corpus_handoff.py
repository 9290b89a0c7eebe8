"""How the values of hand-off files and of FINN's reports in the corpus are read from ours."""

from __future__ import annotations

from typing import Any

from corpus import Getter


def address_map(value: Any, expected: Any) -> Any:
    return {one.instance: [one.base, one.high] for one in value.ranges if one.instance in expected}


def modules(value: Any, expected: Any) -> Any:
    return {one.name: one.vlnv for one in value.modules if one.name in expected}


HANDOFF: dict[str, Getter] = {
    "kernel": lambda value, _: value.name,
    "language": lambda value, _: value.language,
    "vlnv": lambda value, _: value.vlnv,
    "hw_control_protocol": lambda value, _: value.control_protocol,
    "ports": lambda value, _: {port.name: port.width_bits for port in value.ports},
    "args": lambda value, _: [[one.name, one.port, one.offset] for one in value.arguments],
    "family": lambda value, _: value.families[0],
    "core_revision": lambda value, _: value.core_revision,
    "bus_interfaces": lambda value, _: list(value.bus_interfaces),
    "n_ports": lambda value, _: len(value.ports),
    "arch": lambda value, _: value.architecture,
    "board": lambda value, _: value.board,
    "package": lambda value, _: value.package,
    "speed": lambda value, _: value.speed,
    "design": lambda value, _: value.design,
    "n_modules": lambda value, _: len(value.modules),
    "modules": modules,
    "address_map": address_map,
}
FINN: dict[str, Getter] = {
    "n_layers": lambda value, _: len(value.layers),
    "max_layer": lambda value, _: value.bottleneck.layer,
    "max_cycles": lambda value, _: value.bottleneck.cycles if hasattr(value, "layers") else value.max_cycles,
    "first": lambda value, _: [value.layers[0].layer, value.layers[0].cycles],
    "critical_path_cycles": lambda value, _: value.critical_path_cycles,
    "max_cycles_node_name": lambda value, _: value.bottleneck,
    "estimated_throughput_fps": lambda value, _: value.throughput_fps,
    "estimated_latency_ns": lambda value, _: value.latency_ns,
    "report": lambda value, _: "report_utilization -hierarchical in XML" if value.resources else None,
    "design": lambda value, _: value.design,
    "design_state": lambda value, _: value.state,
    "columns": lambda value, _: ["Instance", "Module", *value.resources],
    "n_steps": lambda value, _: len(value.steps),
    "longest": lambda value, _: value.longest.step,
    "seconds": lambda value, _: value.longest.seconds,
    "step_hw_ipgen": lambda value, _: next(one.seconds for one in value.steps if one.step == "step_hw_ipgen"),
    "outcome": lambda value, _: (
        "complete" if len(value.runs[-1].steps) == value.runs[-1].planned_steps else "incomplete"
    ),
    "last_step": lambda value, _: value.runs[-1].steps[-1],
    "last_step_index": lambda value, _: f"{len(value.runs[-1].steps)}/{value.runs[-1].planned_steps}",
    "LUT": lambda value, _: value.lut,
    "LUTRAM": lambda value, _: value.lutram,
    "FF": lambda value, _: value.ff,
    "DSP": lambda value, _: value.dsp,
    "BRAM": lambda value, _: value.bram,
    "BRAM_18K": lambda value, _: value.bram_18k,
    "BRAM_36K": lambda value, _: value.bram_36k,
    "URAM": lambda value, _: value.uram,
    "WNS": lambda value, _: value.wns_ns,
    "fmax_mhz": lambda value, _: value.fmax_mhz,
    "vivado_version": lambda value, _: float(value.vivado_version),
    "cycles": lambda value, _: value.cycles,
    "latency_cycles": lambda value, _: value.latency_cycles,
    "interval_cycles": lambda value, _: value.interval_cycles,
    "throughput_images_per_s": lambda value, _: value.throughput_fps,
    "fclk_mhz": lambda value, _: value.clock_mhz,
}
