"""FIFO depths of the HLS view: the bound of the graph, and the latencies of the pipelines that csynth reports.

The bound of a skip FIFO counts the beats that the long way takes in before it gives one out, and knows no pipeline: in
RTL an operator's registers are few and counted in it, in HLS they are what the scheduler makes of the clock. A pipeline
of n stages holds n beats at most: the sum over all functions of the core is enough for any way through it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from reports.hls.csynth import Csynth

_WORST = re.compile(r"[0-9]+")


def pipeline_cycles(reports: Iterable[Csynth]) -> int:
    """The sum over functions of the longest pipeline in each, in cycles."""
    total = 0
    for report in reports:
        depths = [0 if report.pipeline_depth_cycles is None else report.pipeline_depth_cycles]
        for loop in report.loops:
            # "4125 ~ 4128": the longer counts. A loop without a pipeline holds one beat at a time.
            stages = [int(word) for word in _WORST.findall(loop.iteration_latency_cycles or "")]
            if loop.pipelined and stages:
                depths.append(max(stages))
        total += max(depths)
    return total


def deeper(body: str, depths: Mapping[str, int], cycles: int) -> str:
    """The body with `cycles` more places in each of these FIFOs. Raises ValueError for a FIFO that it does not have."""
    for stream, depth in depths.items():
        line = f"#pragma HLS STREAM variable={stream} depth={depth}\n"
        if body.count(line) != 1:
            raise ValueError(f"the body has {body.count(line)} FIFOs {stream} of depth {depth}, not one")
        body = body.replace(line, f"#pragma HLS STREAM variable={stream} depth={depth + cycles}\n")
    return body
