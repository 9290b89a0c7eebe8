"""How fast an accelerator is here, and how fast its manifest says that a card could be at most.

The two are never mixed: what the emulated card takes is time of this machine's processor, and what is said of a card is
arithmetic on the manifest.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .accelerator import Accelerator
from .errors import InputError
from .formats.manifest import Manifest

BATCHES = "1,8,64"
_MOST_IMAGES = 4096
# One batch alone overlaps with nothing.
_FEWEST_IN_A_ROW = 2
_SEED = 2020
# With fewer calls there is no slowest hundredth: the nearest rank is then simply the slowest call.
P99_CALLS = 100
ASSUMPTIONS = (
    "the time between two images once the pipeline is full; its filling, the copies to and from the card and the start "
    "of a call are not in it, so no latency is given, and a card reaches less"
)


@dataclass(frozen=True)
class Timing:
    """One batch size. Latencies in ms are of calls one at a time, each with its copies in and out, over ``calls``."""

    batch: int
    images_per_s: float
    p50_ms: float
    p99_ms: float
    calls: int
    batches_in_a_row: int


@dataclass(frozen=True)
class Bound:
    """A card's upper limit: ``cycles`` per image at ``clock_mhz``; ``source`` tells how the cycles are known."""

    cycles: int
    clock_mhz: float
    source: str

    @property
    def images_per_s(self) -> float:
        """The highest rate."""
        return self.clock_mhz * 1e6 / self.cycles

    def __str__(self) -> str:
        rate = f"{self.images_per_s:,.0f}" if self.images_per_s >= 100 else f"{self.images_per_s:.3g}"
        return f"at most {rate} images/s: {self.cycles:,} cycles per image ({self.source}) at {self.clock_mhz:g} MHz"


def parse_batches(text: str) -> tuple[int, ...]:
    """Batch sizes from ``1,8,64``. Raises InputError."""
    sizes = []
    for word in map(str.strip, text.split(",")):
        if not (word.isascii() and word.isdigit()) or not 1 <= int(word[:9]) <= _MOST_IMAGES:
            raise InputError(
                f"{word!r:.40} is not a batch size",
                where="--batches",
                remedy=f"give numbers of images from 1 to {_MOST_IMAGES}, as in 1,8,64",
            )
        sizes.append(int(word))
    return tuple(dict.fromkeys(sizes))


def check_seconds(seconds: float) -> float:
    """The time per batch size; InputError unless positive and at most a day."""
    if not 0 < seconds <= 86400:
        raise InputError(f"cannot measure for {seconds:g} s", where="--seconds", remedy="give more than 0, as in 5")
    return seconds


def bound(facts: Manifest) -> Bound | None:
    """The limit by the manifest: from measured cycles, else from predicted ones; None if it has neither."""
    cycles = facts.cycles
    if cycles.measured:
        return Bound(cycles.measured, facts.clock_mhz, "measured in simulation of the logic")
    if cycles.predicted_ii:
        place = f" at {cycles.bottleneck}" if cycles.bottleneck else ""
        return Bound(cycles.predicted_ii, facts.clock_mhz, f"predicted from the folding{place}")
    return None


def measure(
    accelerator: Accelerator, batch: int, seconds: float, clock: Callable[[], float] = time.perf_counter
) -> Timing:
    """Random images in batches of this size: half of the time one call at a time, half of it in a row.

    Each half ends with the first batch that is done after its time, so one that takes longer than that is still
    measured. The first call allocates buffers and is left out, unless it is the only one that there is time for. The
    accelerator's own limit must not be smaller than the batch.
    """
    images = random_images(accelerator.manifest, batch)
    accelerator.classify(images[:1])
    latencies: list[float] = []
    end = clock() + seconds / 2
    while not latencies or clock() < end:
        begin = clock()
        accelerator.classify(images)
        latencies.append(clock() - begin)
    latencies = latencies[1:] or latencies
    begin = clock()
    done = sum(1 for _ in accelerator.stream(_repeated(images, begin + seconds / 2, clock)))
    elapsed = clock() - begin
    return Timing(
        batch,
        images_per_s=done * batch / elapsed,
        p50_ms=nearest_rank(latencies, 50) * 1e3,
        p99_ms=nearest_rank(latencies, 99) * 1e3,
        calls=len(latencies),
        batches_in_a_row=done,
    )


def _repeated(images: NDArray[Any], end: float, clock: Callable[[], float]) -> Iterator[NDArray[Any]]:
    for number in itertools.count():
        if number >= _FEWEST_IN_A_ROW and clock() >= end:
            return
        yield images


def nearest_rank(values: Sequence[float], percent: int) -> float:
    """The smallest of the values that at least so many percent of them do not exceed."""
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


def random_images(facts: Manifest, count: int) -> NDArray[Any]:
    """Images with pixels in the range of the network's data set; the same in every run."""
    maximum = (facts.dataset or {}).get("maximum", 255)
    highest = maximum if isinstance(maximum, int) and 0 < maximum < 255 else 255
    dtype = "uint8" if "uint8" in facts.image.dtypes else facts.image.dtypes[0]
    if dtype.startswith("float"):
        raise InputError(f"takes images of {dtype}, which are not made here", remedy="measure with your own program")
    highest = min(highest, int(np.iinfo(dtype).max))
    shape = (count, *facts.image.shape)
    return np.random.default_rng(_SEED).integers(0, highest, shape, np.int64, endpoint=True).astype(dtype)


def to_json(timings: Sequence[Timing], facts: Manifest, *, xclbin: Path, emulated: bool) -> str:
    """Everything that is printed, with the units in the names."""
    most = bound(facts)
    value = {
        "xclbin": str(xclbin),
        "network": facts.network,
        "time_is": "emulated on this machine" if emulated else "measured on the card",
        "measured": [asdict(timing) for timing in timings],
        "modelled_card": None
        if most is None
        else {**asdict(most), "images_per_s_at_most": most.images_per_s, "latency_ms": None, "assumes": ASSUMPTIONS},
    }
    return json.dumps(value, indent=1, allow_nan=False) + "\n"


def simulation_json(measured: Sequence[Mapping[str, Any]], facts: Manifest, xclbin: Path) -> str:
    """The same for a simulated card, whose times follow from its cycles."""
    value = {
        "xclbin": str(xclbin),
        "network": facts.network,
        "time_is": "simulated, cycle by cycle",
        "simulated": list(measured),
    }
    return json.dumps(value, indent=1, allow_nan=False) + "\n"
