"""The reports of HLS, in the layouts of its releases. The figures are computed from the source and mean nothing."""

from __future__ import annotations

from dataclasses import dataclass

from amd_stand_in.console import MARK, now
from amd_stand_in.devices import Device
from amd_stand_in.hardware.component import Port
from amd_stand_in.release import order


@dataclass(frozen=True)
class Estimate:
    """The csynth figures of a function."""

    function: str
    latency: int
    interval: int
    estimated_ns: float
    bram18: int
    dsp: int
    ff: int
    lut: int
    uram: int

    @property
    def amounts(self) -> dict[str, int]:
        """By the names of the reports."""
        return {"BRAM_18K": self.bram18, "DSP": self.dsp, "FF": self.ff, "LUT": self.lut, "URAM": self.uram}


@dataclass(frozen=True)
class Setting:
    """The settings of the solution."""

    release: str
    device: Device
    flow: str
    period_ns: float
    project: str
    solution: str

    @property
    def uncertainty_ns(self) -> float:
        """12.5 % in Vivado HLS, 27 % in Vitis HLS."""
        return self.period_ns * (0.125 if order(self.release) < (2020, 1) else 0.27)

    @property
    def available(self) -> dict[str, int]:
        """The resources of the device."""
        lut, ff, bram, uram, dsp = self.device.total
        return {"BRAM_18K": bram * 2, "DSP": dsp, "FF": ff, "LUT": lut, "URAM": uram}

    @property
    def dsp_tag(self) -> str:
        """The release's name for a DSP."""
        return "DSP48E" if order(self.release) < (2020, 2) else "DSP"


def csynth_xml(setting: Setting, estimate: Estimate, ports: list[Port], dataflow: bool) -> str:
    """`<function>_csynth.xml`. A process is one pipelined loop; its stages are latency minus interval."""
    stages = 0 if ports or dataflow else estimate.latency - estimate.interval
    flow = [] if order(setting.release) < (2020, 1) else [f"<FlowTarget>{setting.flow}</FlowTarget>"]
    lines = [
        "<profile>",
        "",
        f"<!-- {MARK} -->",
        "",
        "<ReportVersion>",
        f"<Version>{setting.release}</Version>",
        "</ReportVersion>",
        "",
        "<UserAssignments>",
        "<unit>ns</unit>",
    ]
    lines += [
        f"<ProductFamily>{setting.device.family}</ProductFamily>",
        f"<Part>{setting.device.part}</Part>",
        f"<TopModelName>{estimate.function}</TopModelName>",
    ]
    lines += [
        f"<TargetClockPeriod>{setting.period_ns:.2f}</TargetClockPeriod>",
        f"<ClockUncertainty>{setting.uncertainty_ns:.2f}</ClockUncertainty>",
        *flow,
    ]
    lines += [
        "</UserAssignments>",
        "",
        "<PerformanceEstimates>",
        f"<PipelineType>{'dataflow' if dataflow else 'no'}</PipelineType>",
        "<SummaryOfTimingAnalysis>",
        "<unit>ns</unit>",
    ]
    lines += [
        f"<EstimatedClockPeriod>{estimate.estimated_ns:.3f}</EstimatedClockPeriod>",
        "</SummaryOfTimingAnalysis>",
        "<SummaryOfOverallLatency>",
        "<unit>clock cycles</unit>",
    ]
    real = f"{estimate.latency * setting.period_ns / 1000:.3f} us"
    for word in ("Best", "Average", "Worst"):
        lines.append(f"<{word}-caseLatency>{estimate.latency}</{word}-caseLatency>")
    for word in ("Best", "Average", "Worst"):
        lines.append(f"<{word}-caseRealTimeLatency>{real}</{word}-caseRealTimeLatency>")
    if dataflow:
        lines.append(f"<DataflowPipelineThroughput>{estimate.interval}</DataflowPipelineThroughput>")
    lines += [
        f"<Interval-min>{estimate.interval}</Interval-min>",
        f"<Interval-max>{estimate.interval}</Interval-max>",
        "</SummaryOfOverallLatency>",
    ]
    if stages:
        lines += [
            "<SummaryOfLoopLatency>",
            "<VITIS_LOOP_1>",
            "<Name>VITIS_LOOP_1</Name>",
            f"<TripCount>{estimate.interval}</TripCount>",
            f"<Latency>{estimate.latency}</Latency>",
            f"<AbsoluteTimeLatency>{real}</AbsoluteTimeLatency>",
            "<PipelineII>1</PipelineII>",
            f"<PipelineDepth>{stages}</PipelineDepth>",
            "</VITIS_LOOP_1>",
            "</SummaryOfLoopLatency>",
        ]
    lines += [
        "</PerformanceEstimates>",
        "",
        "<AreaEstimates>",
    ]
    for title, amounts in (("Resources", estimate.amounts), ("AvailableResources", setting.available)):
        lines.append(f"<{title}>")
        lines += [
            f"<{tag}>{amounts[name]}</{tag}>"
            for name in amounts
            for tag in [setting.dsp_tag if name == "DSP" else name]
        ]
        lines.append(f"</{title}>")
    lines += ["</AreaEstimates>", "", "<InterfaceSummary>"]
    for port in ports:
        lines += [
            "<RtlPorts>",
            f"<name>{port.name}</name>",
            f"<Object>{port.name.rpartition('_')[0] or port.name}</Object>",
            "<Type>scalar</Type>",
            f"<Dir>{port.direction}</Dir>",
            f"<Bits>{port.width}</Bits>",
            "</RtlPorts>",
        ]
    return "\n".join([*lines, "</InterfaceSummary>", "", "</profile>", ""])


def _table(rows: list[list[str]], rule_after: int = 1) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rule = "    +" + "+".join("-" * (w + 2) for w in widths) + "+"
    lines = [rule]
    for at, row in enumerate(rows):
        lines.append("    | " + " | ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) + " |")
        if at + 1 in (rule_after, len(rows)):
            lines.append(rule)
    return lines


def csynth_rpt(setting: Setting, estimate: Estimate, dataflow: bool) -> str:
    """`<function>_csynth.rpt`: head, timing, latency and utilization totals."""
    tool = "Vivado HLS" if order(setting.release) < (2020, 1) else "Vitis HLS"
    bar = "=" * 64
    lines = ["", "", bar, f"== {tool} Report for '{estimate.function}'", bar, f"* Date:           {now()}", ""]
    lines += [
        f"* Version:        {setting.release} (stand-in: nothing was synthesised)",
        f"* Project:        {setting.project}",
        f"* Solution:       {setting.solution} ({'Vivado IP Flow Target' if setting.flow == 'vivado' else 'Vitis Kernel Flow Target'})",
    ]
    lines += [
        f"* Product family: {setting.device.family}",
        f"* Target device:  {setting.device.part}",
        "",
        "",
        bar,
        "== Performance Estimates",
        bar,
        "+ Timing: ",
        "    * Summary: ",
    ]
    lines += _table(
        [
            ["Clock", "Target", "Estimated", "Uncertainty"],
            [
                "ap_clk",
                f"{setting.period_ns:.2f} ns",
                f"{estimate.estimated_ns:.3f} ns",
                f"{setting.uncertainty_ns:.2f} ns",
            ],
        ]
    )
    real = f"{estimate.latency * setting.period_ns / 1000:.3f} us"
    lines += ["", "+ Latency: ", "    * Summary: "]
    kind = "dataflow" if dataflow else "no"
    cells = [str(estimate.latency)] * 2 + [real] * 2 + [str(estimate.interval)] * 2 + [kind]
    widths = [max(9, len(cell)) for cell in cells]
    wide = [widths[0] + widths[1] + 5, widths[2] + widths[3] + 5, widths[4] + widths[5] + 5, max(8, widths[6] + 2)]
    rule = "    +" + "+".join("-" * w for w in wide) + "+"
    inner = "    +" + "+".join("-" * (w + 2) for w in widths[:6]) + "+" + "-" * wide[3] + "+"
    lines += [
        rule,
        "    |"
        + "|".join(
            t.center(w)
            for t, w in zip(("Latency (cycles)", "Latency (absolute)", "Interval", "Pipeline"), wide, strict=True)
        )
        + "|",
    ]
    heads = ["min", "max"] * 3
    head = "|".join(f" {h:^{w}} " for h, w in zip(heads, widths, strict=False))
    lines += [f"    |{head}|{'Type'.center(wide[3])}|", inner]
    row = "|".join(f" {c:>{w}} " for c, w in zip(cells[:6], widths, strict=False))
    lines += [f"    |{row}|{kind.rjust(wide[3] - 1)} |", inner, "", ""]
    lines += [bar, "== Utilization Estimates", bar, "* Summary: "]
    names = list(estimate.amounts)
    head = ["Name", *(setting.dsp_tag if name == "DSP" else name for name in names)]
    total = ["Total", *(str(estimate.amounts[name]) for name in names)]
    available = ["Available", *(str(setting.available[name]) for name in names)]
    share = ["Utilization (%)", *(str(estimate.amounts[n] * 100 // max(1, setting.available[n])) for n in names)]
    lines += _table([head, total, available, share])
    return "\n".join([*lines, "", f"* {MARK}", ""])


def cosim_rpt(passed: bool, latency: int, interval: int) -> str:
    """`<top>_cosim.rpt`."""
    wide = "-" * 47
    edge = f"+----------+----------+{wide}+{wide}+----------------------+"
    inner = f"+----------+----------+{wide}+{wide}+----------------------+"
    value = "Pass" if passed else "Fail"
    cells = [f"{latency:>15}"] * 3 + [f"{interval:>15}"] * 3 if passed else [f"{'NA':>15}"] * 6
    total = f"{latency:>22}" if passed else f"{'NA':>22}"
    absent = "|".join([f"{'NA':>15}"] * 6)
    return "\n".join(
        [
            f"Report time       : {now()}.", "Solution          : solution1.", "Simulation tool   : xsim.", "",
            edge,
            f"|          |          |{'Latency(Clock Cycles)':^47}|{'Interval(Clock Cycles)':^47}| Total Execution Time |",
            f"+   RTL    +  Status  +{wide}+{wide}+    (Clock Cycles)    +",
            "|          |          |" + "|".join([f"{w:^15}" for w in ("min", "avg", "max")] * 2) + "|                      |",
            inner,
            f"|      VHDL|        NA|{absent}|{'NA':>22}|",
            f"|   Verilog|{value:>10}|{'|'.join(cells)}|{total}|",
            inner, "", MARK, "",
        ]
    )  # fmt: skip
