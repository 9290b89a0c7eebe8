"""FIFO depths of the HLS view: the graph's bound, plus the pipeline latencies that csynth reports.

The bound of a skip FIFO is the number of beats that the long path takes in before its first output. It does not cover
HLS pipelines. In RTL an operator has few registers, and the bound includes them; in HLS the scheduler chooses the
number of stages for the clock. A pipeline of n stages holds at most n beats, so the sum over all functions of the core
is enough for any path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from reports.hls.csynth import Csynth

_WORST = re.compile(r"[0-9]+")


def pipeline_cycles(reports: Iterable[Csynth]) -> int:
    """Sum the longest pipeline of each function, in cycles."""
    total = 0
    for report in reports:
        depths = [0 if report.pipeline_depth_cycles is None else report.pipeline_depth_cycles]
        for loop in report.loops:
            # Of "4125 ~ 4128" the longer counts. A loop that is not pipelined holds one beat at a time.
            stages = [int(word) for word in _WORST.findall(loop.iteration_latency_cycles or "")]
            if loop.pipelined and stages:
                depths.append(max(stages))
        total += max(depths)
    return total


def deeper(body: str, depths: Mapping[str, int], cycles: int) -> str:
    """Return the body with these FIFOs deeper by `cycles` beats. Raises ValueError if it lacks one of them."""
    for stream, depth in depths.items():
        line = f"#pragma HLS STREAM variable={stream} depth={depth}\n"
        if body.count(line) != 1:
            raise ValueError(f"the body has {body.count(line)} FIFOs {stream} of depth {depth}, expected 1")
        body = body.replace(line, f"#pragma HLS STREAM variable={stream} depth={depth + cycles}\n")
    return body
