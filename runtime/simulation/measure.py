"""What ``benchmark`` tells of a simulated card: cycles, and the times that follow from the clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from rich.table import Table

from ..accelerator import Accelerator
from ..errors import PayloadError
from .bottleneck import explain
from .statistics import Statistics

#: Images in a row, if the user asks for no number: the interval is that of a full pipeline.
IMAGES = 4
#: How much of its bandwidth the card's memory has. Nobody has measured it for these shells, so it is varied.
EFFICIENCIES_PERCENT = (100, 80, 60)
MODELLED = (
    "the logic is simulated exactly; the card's memory is a model: bandwidth and latency of the platform's file, and a "
    "share of the bandwidth that nobody has measured; copies to and from the card and the start of a call are not in it"
)


@dataclass(frozen=True)
class Measurement:
    """One call on so many images, with so much of the memories' bandwidth."""

    efficiency_percent: int
    statistics: Statistics


def measure(
    accelerator: Accelerator,
    images: Any,
    tell: Callable[[str], None],
    efficiencies: Sequence[int] = EFFICIENCIES_PERCENT,
) -> list[Measurement]:
    """Simulate a call on these images [N, height, width, channels] for each efficiency, as far as the program can.

    Raises PayloadError if a call fails, or if the classes depend on the memory's speed.
    """
    found: list[Measurement] = []
    classes: Any = None
    for percent in efficiencies:
        try:
            accelerator.set_memory_efficiency(percent)
        except PayloadError:
            if found:
                break  # a program without that setting: its memory is ideal
        tell(f"{len(images)} images, memory at {percent} % …")
        # One call of the card, whatever the accelerator's own limit.
        (result,) = accelerator.stream([images])
        if classes is None:
            classes = result
        elif not np.array_equal(classes, result):
            raise PayloadError(
                f"with {percent} % of the memory's bandwidth the classes are others",
                where=str(accelerator.path),
                remedy="report this: the logic must not depend on the memory's speed",
            )
        found.append(Measurement(percent, accelerator.statistics()))
    return found


def times(measurements: Sequence[Measurement]) -> Table:
    """A row for each efficiency of the memory."""
    table = Table(box=None)
    for column in ("memory", "images", "cycles", "interval", "images/s", "first image ms", "slowest ms"):
        table.add_column(column, justify="right")
    for measurement in measurements:
        counts = measurement.statistics
        rate = counts.images_per_s
        latencies = [counts.milliseconds(cycles) for cycles in counts.latency_cycles]
        table.add_row(
            f"{measurement.efficiency_percent} %",
            str(counts.images),
            f"{counts.cycles:,}",
            "-" if counts.interval_cycles is None else f"{counts.interval_cycles:,}",
            "-" if rate is None else f"{rate:,.0f}",
            f"{latencies[0]:.4g}" if latencies else "-",
            f"{max(latencies):.4g}" if latencies else "-",
        )
    return table


def blocks(counts: Statistics) -> Table:
    """A row for each block: where its cycles went."""
    table = Table(box=None)
    table.add_column("block")
    for column in ("busy", "starved", "blocked", "toggles*"):
        table.add_column(column, justify="right")
    for block in counts.blocks:
        shares = (f"{cycles / (block.cycles or 1):.0%}" for cycles in (block.busy, block.starved, block.blocked))
        table.add_row(_shown(block.name), *shares, f"{block.toggles:,}")
    return table


def _shown(text: str) -> str:
    # Names are the payload's: control characters in them would command the terminal.
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def notes(measurements: Sequence[Measurement]) -> list[str]:
    """What the tables mean, and which block limits the rate."""
    ideal = measurements[0]
    found = [_shown(explain(ideal.statistics))]
    if len(measurements) > 1:
        found.append(_sensitivity(measurements))
    else:
        found.append("the program cannot vary the memory's bandwidth: build it anew to see 80 % and 60 %")
    found.append("interval: the longest time between the ends of two images in a row, in cycles")
    found.append("* how often bits of a block's streams changed: a proxy of power, and not a power")
    found.append(MODELLED)
    return found


def _sensitivity(measurements: Sequence[Measurement]) -> str:
    ideal, worst = measurements[0], measurements[-1]
    before, after = (_time(each.statistics) for each in (ideal, worst))
    what = "interval" if ideal.statistics.interval_cycles else "latency"
    if after <= before * 1.005:
        return (
            f"the memory does not limit it: with {worst.efficiency_percent} % of the bandwidth the {what} is the same"
        )
    slower = after / before - 1
    return f"the memory matters: with {worst.efficiency_percent} % of the bandwidth the {what} is {slower:.1%} longer"


def _time(counts: Statistics) -> int:
    return counts.interval_cycles or counts.cycles


def to_json(measurements: Sequence[Measurement]) -> list[dict[str, Any]]:
    """Everything that was counted, and the rates and times that follow from it, with the units in the names."""
    return [
        {
            "memory_efficiency_percent": measurement.efficiency_percent,
            "images_per_s": measurement.statistics.images_per_s,
            "latency_ms": [measurement.statistics.milliseconds(n) for n in measurement.statistics.latency_cycles],
            "bottleneck": explain(measurement.statistics),
            **asdict(measurement.statistics),
        }
        for measurement in measurements
    ]
