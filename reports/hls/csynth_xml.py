"""The XML form of a function's HLS estimate: `<top>_csynth.xml`, or `csynth.xml` of a whole solution (its top).

If both forms exist, prefer this one: it has the average latency. Since 2019.1 its interval of a function that is not
pipelined is one more than in the text, which prints the latency instead. Unknown is `undef`. Layouts from public files
of 2016.4 to 2025.2.
"""

from __future__ import annotations

from reports.hls.csynth import PRINTED, Csynth, HlsClock, HlsLoop, HlsResource, Range
from reports.hls.text import UNKNOWN
from reports.reading.errors import UnknownLayoutError
from reports.reading.expect import expect
from reports.reading.kind import Kind, Precedence
from reports.reading.markup import Branch, read_xml
from reports.reading.number import Number

_LOOP_FIELDS = frozenset({"Latency", "IterationLatency", "InstanceList", "AbsoluteTimeLatency"})


def matches(head: str) -> bool:
    """Whether a text begins like an HLS estimate in XML."""
    return "<profile>" in head[:200] and "<ReportVersion>" in head[:400] and "<UserAssignments>" in head[:800]


def parse(text: str, file: str = "") -> Csynth:
    """Return the value of a `csynth.xml`. Raises ReportError."""
    expect(text, file, matches, "an HLS estimate in XML")
    root = read_xml(text, file)
    user = root.needed("UserAssignments")
    performance = root.needed("PerformanceEstimates")
    overall = performance.needed("SummaryOfOverallLatency")
    top = user.text("TopModelName")
    version = root.text("ReportVersion/Version")
    device = user.text("Part")
    if top is None or version is None or device is None:
        what = "<TopModelName>, <Version> or <Part> is blank"
        raise UnknownLayoutError(file, user.line, what, "expected all three")
    unit = user.text("unit")
    if unit not in (None, "ns"):
        raise UnknownLayoutError(file, user.line, f"the unit is '{unit}'", "expected ns")
    resources, dsp_name = _resources(root.needed("AreaEstimates"))
    loops = performance.maybe("SummaryOfLoopLatency")
    return Csynth(
        top=top,
        version=version,
        device=device,
        family=user.text("ProductFamily"),
        flow=user.text("FlowTarget"),
        clocks=(
            HlsClock(
                name="ap_clk",
                target_ns=_real(user.number("TargetClockPeriod", UNKNOWN)),
                estimated_ns=_real(performance.number("SummaryOfTimingAnalysis/EstimatedClockPeriod", UNKNOWN)),
                uncertainty_ns=_real(user.number("ClockUncertainty", UNKNOWN)),
            ),
        ),
        latency_cycles=Range(
            overall.count("Best-caseLatency", UNKNOWN),
            overall.count("Worst-caseLatency", UNKNOWN),
            overall.count("Average-caseLatency", UNKNOWN),
        ),
        interval_cycles=Range(overall.count("Interval-min", UNKNOWN), overall.count("Interval-max", UNKNOWN)),
        latency_absolute=(_known(overall, "Best-caseRealTimeLatency"), _known(overall, "Worst-caseRealTimeLatency")),
        pipeline_type=performance.text("PipelineType"),
        resources=resources,
        dsp_name=dsp_name,
        loops=tuple(_loops(loops, 0)) if loops else (),
        instances=(),
        issue=_known(performance, "SummaryOfViolations/IssueType"),
        pipeline_depth_cycles=overall.count("PipelineDepth", UNKNOWN),
        throughput_cycles=_throughput(overall),
    )


def _real(value: Number | None) -> float | None:
    return None if value is None else float(value)


def _known(branch: Branch, path: str) -> str | None:
    text = branch.text(path)
    return None if text in UNKNOWN else text


def _throughput(overall: Branch) -> Range | None:
    """Return the interval of a dataflow region; None for any other function."""
    found = overall.maybe("DataflowPipelineThroughput")
    return None if found is None else _range(found)


def _range(branch: Branch) -> Range:
    """Return a range. The file has a number, or <range> with <min> and <max>."""
    inner = branch.maybe("range")
    if inner is not None:
        return Range(inner.count("min", UNKNOWN), inner.count("max", UNKNOWN))
    content = branch.content()
    if content in UNKNOWN:
        return Range(None, None)
    if not content.isascii() or not content.isdigit() or len(content) > 30:
        raise UnknownLayoutError(branch.file, branch.line, f"<{branch.tag}> is '{content[:40]}'", "expected cycles")
    return Range(int(content), int(content))


def _resources(area: Branch) -> tuple[tuple[HlsResource, ...], str | None]:
    used, available = area.needed("Resources"), area.needed("AvailableResources")
    found: list[HlsResource] = []
    dsp_name: str | None = None
    for child in used.children():
        name = PRINTED.get(child.tag)
        if name is not None:
            dsp_name = child.tag if name == "DSP" else dsp_name
            found.append(
                HlsResource(name, used.count(child.tag, UNKNOWN), available.count(child.tag, UNKNOWN), None, None)
            )
    if not found:
        raise UnknownLayoutError(area.file, used.line, "no known resource", "expected LUT, FF, …")
    order = list(dict.fromkeys(PRINTED.values()))
    return tuple(sorted(found, key=lambda item: order.index(item.resource))), dsp_name


def _loops(branch: Branch, depth: int) -> list[HlsLoop]:
    """Return the loops below, nested ones too. A loop is an element with the loop's name that has a <TripCount>."""
    found: list[HlsLoop] = []
    for child in branch.children():
        if child.tag in _LOOP_FIELDS or child.maybe("TripCount") is None:
            continue
        latency = child.maybe("Latency")
        interval = child.count("PipelineII", UNKNOWN)
        iteration = child.maybe("PipelineDepth") or child.maybe("IterationLatency")
        found.append(
            HlsLoop(
                name=child.tag,
                depth=depth,
                latency_cycles=_range(latency) if latency else Range(None, None),
                iteration_latency_cycles=_span(iteration) if iteration else None,
                achieved_ii_cycles=interval,
                target_ii_cycles=None,
                trip_count=_trips(child),
                pipelined=interval is not None,
            )
        )
        found += _loops(child, depth + 1)
    return found


def _trips(loop: Branch) -> str | None:
    found = loop.maybe("TripCount")
    return None if found is None else _span(found)


def _span(branch: Branch) -> str | None:
    """Return a range in the form of the text report: `4`, or `4125 ~ 4128`."""
    found = _range(branch)
    if found.min is None or found.max is None:
        return None
    return str(found.min) if found.min == found.max else f"{found.min} ~ {found.max}"


KIND = Kind("hls_csynth_xml", Precedence.LAYOUT, matches, parse)
