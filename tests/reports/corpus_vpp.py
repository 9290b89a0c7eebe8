"""How the values of v++ and xclbinutil in the corpus are read from ours."""

from __future__ import annotations

from typing import Any

from corpus import Getter, cycles


def system_clocks(value: Any, expected: Any) -> Any:
    return [{key: getattr(one, key) for key in row} for one, row in zip(value.system_clocks, expected, strict=True)]


XCLBIN_INFO: dict[str, Getter] = {
    "content": lambda value, _: value.content,
    "uuid": lambda value, _: value.uuid,
    "platform_vbnv": lambda value, _: value.platform_vbnv,
    "fpga_device": lambda value, _: value.device,
    "platform_generated_by": lambda value, _: value.platform_tool,
    "kernels": lambda value, _: list(value.kernels),
    "compute_units": lambda value, _: {
        unit.name: {"kernel": unit.kernel, "base": unit.base_address} for unit in value.compute_units
    },
    "clocks": lambda value, _: [{"name": one.name, "type": one.type, "mhz": one.frequency_mhz} for one in value.clocks],
    "system_clocks": system_clocks,
    "memory_banks_used": lambda value, _: [bank.name for bank in value.banks if bank.is_used],
    "n_memory_banks_used": lambda value, _: sum(bank.is_used for bank in value.banks),
    "args": lambda value, _: {one.name: [one.port, one.offset] for one in value.compute_units[0].arguments},
    "n_args": lambda value, _: len(value.compute_units[0].arguments),
}
ENTRY_FORMAT = "a sequence of <ENTRY>…</ENTRY>, each with one JSON object (not one JSON document)"
LINK_SUMMARY: dict[str, Getter] = {
    # The words are the reader's; that there are entries is what they say.
    "format": lambda value, _: ENTRY_FORMAT if value.entries else None,
    "entries": lambda value, _: value.entries,
    "hardware_platform": lambda value, _: value.platform,
    "target": lambda value, _: value.target,
    "container": lambda value, _: value.container,
    "kernels": lambda value, _: {kernel.name: list(kernel.compute_units) for kernel in value.kernels},
    "report_entries": lambda value, _: len(value.reports),
    "overall_state": lambda value, _: value.state,
    "steps_never_closed": lambda value, _: list(value.open_steps),
    "started": lambda value, _: value.began,
    "ended": lambda value, _: value.ended,
}


def estimates(value: Any, expected: Any) -> Any:
    found = {f"{one.compute_unit}/{one.module}": one for one in value.modules}
    shown = {}
    for name, wanted in expected.items():
        one = found[name]
        interval = one.interval_cycles
        printed = str(interval.min) if interval.min == interval.max else f"{interval.min} ~ {interval.max}"
        shown[name] = {
            "target_mhz": one.target_mhz,
            "estimated_mhz": one.estimated_mhz,
            "start_interval": None if interval.min is None else printed,
            "latency": cycles(one.latency_cycles, wanted["latency"]),
            "FF": one.ff,
            "LUT": one.lut,
            "DSP": one.dsp_printed,
            "BRAM": one.bram,
            "URAM": one.uram,
        }
    return shown


SYSTEM_ESTIMATE: dict[str, Getter] = {
    "design": lambda value, _: value.design,
    "target_clock": lambda value, expected: expected if value.platform_clock_mhz == mhz(expected) else None,
    "n_kernels": lambda value, _: len(value.kernels),
    "kernels": lambda value, _: {kernel.name: kernel.compute_units for kernel in value.kernels},
    "modules": estimates,
    "n_module_rows": lambda value, _: len(value.modules),
}


def mhz(text: str) -> float:
    return float(text.removesuffix("MHz"))
