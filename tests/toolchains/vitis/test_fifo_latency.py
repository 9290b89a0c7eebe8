from __future__ import annotations

from pathlib import Path

import pytest

from blocks.graph import Core
from blocks.hls import render
from blocks.network import find_network
from reports import hls_csynth_xml
from toolchains.vitis.fifo_latency import deeper, fifo_depths, pipeline_cycles

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "reports_corpus" / "hls_csynth_xml"


def res2b() -> Core:
    core = find_network("digits").cores()["res2b"]
    assert isinstance(core, Core)
    return core


def test_every_fifo_gets_the_latency_and_nothing_else_changes() -> None:
    core = res2b()
    body, depths = render(core).body, fifo_depths(core)
    assert depths
    changed = deeper(body, depths, 37)
    lines = [(a, b) for a, b in zip(body.splitlines(), changed.splitlines(), strict=True) if a != b]
    assert len(lines) == len(depths)
    for before, after in lines:
        assert int(after.rpartition("=")[2]) == int(before.rpartition("=")[2]) + 37


def test_a_fifo_that_the_body_does_not_have_is_an_error() -> None:
    with pytest.raises(ValueError, match="has 0 FIFOs elsewhere of depth 8"):
        deeper(render(res2b()).body, {"elsewhere": 8}, 1)


def test_the_longest_pipeline_of_each_function_of_real_reports() -> None:
    if not CORPUS.is_dir():
        pytest.skip("the recorded reports are not here")
    reports = [hls_csynth_xml.parse(path.read_text(errors="replace"), path.name) for path in sorted(CORPUS.iterdir())]
    each = [pipeline_cycles([report]) for report in reports]
    assert pipeline_cycles(reports) == sum(each)
    assert any(each)
    for report, cycles in zip(reports, each, strict=True):
        stated = [loop.iteration_latency_cycles for loop in report.loops if loop.pipelined]
        assert (cycles > 0) == bool(report.pipeline_depth_cycles or any(stated)), report.top
