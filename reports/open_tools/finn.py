"""The JSON reports of FINN's builds: estimates per layer and network, time per step, synthesis, simulation.

They have no field that names their kind, so it is recognised by their members. `Delay` of the synthesis repeats its
slack, and an empty key is ignored. Layouts from public files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reports.reading.document import Record, read_json
from reports.reading.errors import UnknownLayoutError
from reports.reading.expect import expect
from reports.reading.kind import Kind, Precedence

_FIRST = re.compile(
    r"\s{0,100}\{\s{0,100}\"(?P<key>[^\"\\]{0,200})\"\s{0,20}:\s{0,20}(?P<value>-?[0-9][0-9.e+-]{0,40})"
)


@dataclass(frozen=True)
class LayerCycles:
    """A layer and the cycles that it needs for an image."""

    layer: str
    cycles: int


@dataclass(frozen=True)
class FinnLayerCycles:
    """The cycles of each layer in the order of the network."""

    layers: tuple[LayerCycles, ...]

    @property
    def bottleneck(self) -> LayerCycles:
        """The slowest layer; the first one if several are equal."""
        return max(self.layers, key=lambda layer: layer.cycles)


@dataclass(frozen=True)
class FinnPerformance:
    """FINN's estimate of a network: cycles of the longest path and of the slowest layer; times at its target clock."""

    critical_path_cycles: int
    max_cycles: int
    bottleneck: str
    throughput_fps: float
    latency_ns: float


@dataclass(frozen=True)
class StepTime:
    """The time of a step of the build."""

    step: str
    seconds: float


@dataclass(frozen=True)
class FinnStepTimes:
    """The times of all steps, in order."""

    steps: tuple[StepTime, ...]

    @property
    def longest(self) -> StepTime:
        """The step that took longest."""
        return max(self.steps, key=lambda step: step.seconds)


@dataclass(frozen=True)
class FinnSynthesis:
    """An out-of-context synthesis by FINN. `bram` counts tiles of 36 kbit; `bram_18k` counts halves used alone."""

    lut: int
    lutram: int
    ff: int
    dsp: int
    bram: float
    bram_18k: int
    bram_36k: int
    uram: int
    wns_ns: float
    fmax_mhz: float
    vivado_version: str
    throughput_fps: float | None


@dataclass(frozen=True)
class FinnSimulation:
    """An RTL simulation of the whole network. `latency_cycles` and `interval_cycles` are None in older files."""

    cycles: int
    latency_cycles: int | None
    interval_cycles: int | None
    throughput_fps: float
    clock_mhz: float


def _starts(head: str) -> str:
    return head.lstrip("\ufeff \r\n\t")


def matches_layers(head: str) -> bool:
    """Whether a text begins like cycles per layer: a number under a layer's name (`MVAU_hls_0`)."""
    first = _FIRST.match(_starts(head))
    return first is not None and re.fullmatch(r"[A-Z]\w{2,80}_[0-9]{1,6}", first["key"]) is not None


def parse_layers(text: str, file: str = "") -> FinnLayerCycles:
    """Return the cycles per layer. Raises ReportError."""
    expect(text, file, matches_layers, "FINN's cycles per layer")
    root = Record(read_json(text, file), file)
    return FinnLayerCycles(tuple(LayerCycles(layer, root.count(layer)) for layer in root.value))


def matches_performance(head: str) -> bool:
    """Whether a text begins like a network's estimate."""
    return _starts(head).startswith("{") and '"critical_path_cycles"' in head and '"max_cycles_node_name"' in head


def parse_performance(text: str, file: str = "") -> FinnPerformance:
    """Return a network's estimate. Raises ReportError."""
    expect(text, file, matches_performance, "FINN's estimate of a network")
    root = Record(read_json(text, file), file)
    return FinnPerformance(
        critical_path_cycles=root.count("critical_path_cycles"),
        max_cycles=root.count("max_cycles"),
        bottleneck=root.text("max_cycles_node_name"),
        throughput_fps=root.number("estimated_throughput_fps"),
        latency_ns=root.number("estimated_latency_ns"),
    )


def matches_times(head: str) -> bool:
    """Whether a text begins like times per step."""
    first = _FIRST.match(_starts(head))
    return first is not None and first["key"].startswith("step_")


def parse_times(text: str, file: str = "") -> FinnStepTimes:
    """Return the times per step. Raises ReportError."""
    expect(text, file, matches_times, "FINN's times per step")
    root = Record(read_json(text, file), file)
    return FinnStepTimes(tuple(StepTime(step, root.number(step)) for step in root.value))


def matches_synthesis(head: str) -> bool:
    """Whether a text begins like the result of an out-of-context synthesis by FINN."""
    return _starts(head).startswith("{") and '"fmax_mhz"' in head and '"WNS"' in head and '"BRAM_36K"' in head


def parse_synthesis(text: str, file: str = "") -> FinnSynthesis:
    """Return the result of a synthesis. Raises ReportError."""
    expect(text, file, matches_synthesis, "FINN's out-of-context synthesis")
    root = Record(read_json(text, file), file)
    version = root.value.get("vivado_version")
    return FinnSynthesis(
        lut=_whole(root, "LUT"),
        lutram=_whole(root, "LUTRAM"),
        ff=_whole(root, "FF"),
        dsp=_whole(root, "DSP"),
        bram=root.number("BRAM"),
        bram_18k=_whole(root, "BRAM_18K"),
        bram_36k=_whole(root, "BRAM_36K"),
        uram=_whole(root, "URAM"),
        wns_ns=root.number("WNS"),
        fmax_mhz=root.number("fmax_mhz"),
        # The file has a number (2022.2), so 2022.10 could not be told from 2022.1.
        vivado_version=version if isinstance(version, str) else f"{root.number('vivado_version'):g}",
        throughput_fps=root.maybe_number("estimated_throughput_fps"),
    )


def _whole(root: Record, key: str) -> int:
    """Return a count; FINN writes it as `8451.0`. Raises UnknownLayoutError for a fraction."""
    value = root.number(key)
    if value != int(value):
        raise UnknownLayoutError(root.file, root.line, f"'{key}' is {value}", "expected a whole number")
    return int(value)


def matches_simulation(head: str) -> bool:
    """Whether a text begins like the result of a simulation by FINN."""
    return _starts(head).startswith("{") and '"throughput[images/s]"' in head and '"fclk[mhz]"' in head


def parse_simulation(text: str, file: str = "") -> FinnSimulation:
    """Return the result of a simulation. Raises ReportError."""
    expect(text, file, matches_simulation, "FINN's simulation of a network")
    root = Record(read_json(text, file), file)
    return FinnSimulation(
        cycles=_whole(root, "cycles"),
        latency_cycles=_whole(root, "latency_cycles") if "latency_cycles" in root else None,
        interval_cycles=_whole(root, "interval_cycles") if "interval_cycles" in root else None,
        throughput_fps=root.number("throughput[images/s]"),
        clock_mhz=root.number("fclk[mhz]"),
    )


KINDS = (
    Kind("finn_layer_cycles", Precedence.TITLE, matches_layers, parse_layers),
    Kind("finn_performance", Precedence.LAYOUT, matches_performance, parse_performance),
    Kind("finn_step_times", Precedence.TITLE, matches_times, parse_times),
    Kind("finn_synthesis", Precedence.LAYOUT, matches_synthesis, parse_synthesis),
    Kind("finn_simulation", Precedence.LAYOUT, matches_simulation, parse_simulation),
)
