"""What a simulation of three blocks counted, by hand."""

from __future__ import annotations

import json

import pytest


def report(interval: int = 1000, **changes) -> dict:
    """Three images. res2a is the slowest block: preres before it is blocked, what is behind it is starved."""
    names = ("inoutdma", "preres", "res2a", "res2b", "postres")
    cycles = 500 + 3 * interval
    shares = {"inoutdma": (50, 50, 0), "preres": (60, 0, 40), "res2a": (98, 2, 0), "res2b": (70, 30, 0)}
    blocks = [
        {
            "name": name,
            **dict(zip(("busy", "starved", "blocked"), shares.get(name, (20, 80, 0)), strict=True)),
            "toggles": 1234,
        }
        for name in names
    ]
    links = [
        {"source": one, "sink": other, "depth": 4, "mark": 2, "beats": 9, "stalled": 3, "starved": 1, "slices": 0}
        for one, other in zip(names, (*names[1:], names[0]), strict=True)
    ]
    value = {
        "format": 1,
        "clock_mhz": 250.0,
        "cycles": cycles,
        "images": 3,
        "start": [0, 10, 20],
        "end": [500 + interval, 500 + 2 * interval, cycles],
        "interval_cycles": interval,
        "latency_cycles": [500 + interval, 490 + 2 * interval, 480 + 3 * interval],
        "blocks": blocks,
        "fifos": [{"name": "res2a.skip", "depth": 64, "mark": 40}],
        "links": links,
        "banks": [{"tag": "bank0", "read_bytes": 640, "written_bytes": 36, "busy_cycles": 20}],
        "told_by_newer_programs": True,
    }
    return {**value, **changes}


@pytest.fixture()
def counts():
    """The counts as text, with changes."""
    return lambda interval=1000, **changes: json.dumps(report(interval, **changes))


@pytest.fixture()
def simulated(build, counts):
    """An hw_emu file whose memory matters at 60 %."""

    def make(*texts, **options):
        texts = texts or (counts(), counts(), counts(1250))
        return build(fc=bytes(160), counts=texts, facts={"target": "hw_emu"}, **options)

    return make
