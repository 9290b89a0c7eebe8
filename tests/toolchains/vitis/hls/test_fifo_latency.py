"""FIFO depths of the HLS view: the graph's bound, and the latencies of the pipelines that csynth reports."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from blocks.core.graph import GraphCore
from blocks.core.hls import render
from blocks.network import find_network
from reports.hls import csynth_xml as hls_csynth_xml
from toolchains.vitis.hls import run as run_hls
from toolchains.vitis.hls.fifo_latency import deeper, pipeline_cycles
from toolchains.vitis.hls.scripts import SYNTHESISED
from toolchains.vitis.stitch.job import job_of
from toolchains.vitis.tools.releases import Release
from toolchains.vitis.tools.tool import ToolError

CORPUS = Path(__file__).resolve().parents[5] / "shared" / "reports_corpus" / "hls_csynth_xml"
STREAM = re.compile(r"#pragma HLS STREAM variable=(\w+) depth=(\d+)")


def res2b() -> GraphCore:
    core = find_network("digits").cores()["res2b"]
    assert isinstance(core, GraphCore)
    return core


def test_every_fifo_gets_the_latency_and_nothing_else_changes() -> None:
    core = res2b()
    body, depths = render(core).body, core.fifo_depths()
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


# One function in the layout of public csynth.xml files of 2019.1 and of 2024.1; the numbers are made up.
FUNCTION = """<?xml version="1.0" encoding="UTF-8"?>
<profile>
<ReportVersion><Version>2022.2</Version></ReportVersion>
<UserAssignments>
<unit>ns</unit><ProductFamily>virtexuplus</ProductFamily><Part>xcu250-figd2104-2L-e</Part>
<TopModelName>{name}</TopModelName><TargetClockPeriod>4.00</TargetClockPeriod><ClockUncertainty>1.08</ClockUncertainty>
<FlowTarget>vivado</FlowTarget>
</UserAssignments>
<PerformanceEstimates>
<PipelineType>{kind}</PipelineType>
<SummaryOfTimingAnalysis><unit>ns</unit><EstimatedClockPeriod>2.433</EstimatedClockPeriod></SummaryOfTimingAnalysis>
<SummaryOfOverallLatency>
<unit>clock cycles</unit>
<Best-caseLatency>900</Best-caseLatency><Average-caseLatency>900</Average-caseLatency>
<Worst-caseLatency>900</Worst-caseLatency>
<Interval-min>901</Interval-min><Interval-max>901</Interval-max>{overall}
</SummaryOfOverallLatency>{loops}
</PerformanceEstimates>
<AreaEstimates>
<Resources><BRAM_18K>8</BRAM_18K><DSP>0</DSP><FF>2066</FF><LUT>2193</LUT><URAM>0</URAM></Resources>
<AvailableResources><BRAM_18K>5376</BRAM_18K><DSP>12288</DSP><FF>3456000</FF><LUT>1728000</LUT><URAM>1280</URAM></AvailableResources>
</AreaEstimates>
</profile>
"""
LOOPS = """
<SummaryOfLoopLatency>
<outer><TripCount>4</TripCount><Latency>4100</Latency><IterationLatency>1025</IterationLatency>
<short><TripCount>64</TripCount><Latency>70</Latency><PipelineII>1</PipelineII><PipelineDepth>3</PipelineDepth></short>
<long><TripCount>64</TripCount><Latency>75</Latency><PipelineII>1</PipelineII><PipelineDepth>12</PipelineDepth></long>
</outer>
</SummaryOfLoopLatency>"""
ONE_LOOP = """
<SummaryOfLoopLatency>
<rows><TripCount>64</TripCount><Latency>70</Latency><PipelineII>1</PipelineII>
<PipelineDepth><range><min>6</min><max>9</max></range></PipelineDepth></rows>
</SummaryOfLoopLatency>"""
#: By hand: the top has no pipeline, the longer of two loops counts (12), the longer end of a range (9), and a pipelined
#: function's own depth (35).
STATED = 0 + 12 + 9 + 35


def functions(top: str) -> dict[str, str]:
    depth = "<PipelineDepth>35</PipelineDepth>"
    return {
        top: FUNCTION.format(name=top, kind="dataflow", overall="", loops=""),
        "mvau_conv2a": FUNCTION.format(name="mvau_conv2a", kind="no", overall="", loops=LOOPS),
        "duplicate": FUNCTION.format(name="duplicate", kind="no", overall="", loops=ONE_LOOP),
        "threshold": FUNCTION.format(name="threshold", kind="yes", overall=depth, loops=""),
    }


def test_the_exported_core_has_bound_and_latency(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The `hls` step with a tool that writes these reports: what it synthesises last is what it exports."""
    core = res2b()
    bounds = {stream: int(depth) for stream, depth in STREAM.findall(render(core).body) if stream in core.fifo_depths()}
    assert bounds
    synthesised: list[tuple[str, dict[str, int]]] = []

    def tool(kind: str, words: tuple[str, ...], **_: object) -> str:
        script = words[words.index("-f") + 1]
        depths = {stream: int(depth) for stream, depth in STREAM.findall(Path(f"{core.name}.hpp").read_text())}
        synthesised.append((script, depths))
        place = Path(run_hls.SOLUTION_FOLDER, "syn", "report")
        place.mkdir(parents=True, exist_ok=True)
        for name, text in functions(core.name).items():
            (place / f"{name}_csynth.xml").write_text(text)
        packaged = Path(run_hls.SOLUTION_FOLDER, "impl", "ip", "component.xml")
        packaged.parent.mkdir(parents=True, exist_ok=True)
        packaged.write_text("<component/>")
        return "INFO: [SIM 211-1] CSim done with 0 errors.\n"

    monkeypatch.setattr("toolchains.vitis.tools.tool.run", tool)
    monkeypatch.chdir(tmp_path)
    run_hls.run(core, Release(2022, 2), "xcu250-figd2104-2L-e", "vitis_hls 2022.2", 4.0)
    assert [script for script, _ in synthesised] == ["estimate.tcl", "export.tcl"]
    before, exported = (depths for _, depths in synthesised)
    for stream, bound in bounds.items():
        assert before[stream] == bound
        assert exported[stream] == bound + STATED
    others = set(before) - set(bounds)
    assert others
    assert {stream: exported[stream] for stream in others} == {stream: before[stream] for stream in others}
    assert json.loads(Path("values.json").read_text())["fifo_beats_added"] == STATED
    left = {stream: int(depth) for stream, depth in STREAM.findall(Path(SYNTHESISED).read_text())}
    assert left == exported


@pytest.mark.parametrize(("clock_ns", "refused"), [(4.0, False), (4.003, False), (3.333, True), (6.0, True)])
def test_a_report_for_another_clock_is_refused(clock_ns: float, refused: bool) -> None:
    """The report says 4.00: it prints two digits."""
    text = FUNCTION.format(name="core", kind="dataflow", overall="", loops="")
    top, part = hls_csynth_xml.parse(text, "core_csynth.xml"), "xcu250-figd2104-2L-e"
    if refused:
        with pytest.raises(ToolError, match="scheduled core for 4 ns"):
            run_hls.check_report(top, "core", part, clock_ns)
    else:
        run_hls.check_report(top, "core", part, clock_ns)


@pytest.mark.parametrize("name", ["digits", "resnet50"])
def test_fifos_between_blocks_have_a_depth_that_the_ip_takes(name: str) -> None:
    """`axis_data_fifo` 2.0 takes powers of two from 16 to 32768 (PG085); FIFOs in a core are HLS' own, of any depth."""
    job = job_of(find_network(name), Release(2022, 2), "xcu250-figd2104-2L-e", 250, threads=4, jobs=4)
    assert job.stages
    assert {stage.depth for stage in job.stages} <= {2**power for power in range(4, 16)}
