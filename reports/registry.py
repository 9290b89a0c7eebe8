"""All kinds of reports: which one is a text, and what is its value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reports.hls import cosim as hls_cosim
from reports.hls import csynth as hls_csynth
from reports.hls import csynth_xml as hls_csynth_xml
from reports.hls import export as hls_export
from reports.hls import export_xml as hls_export_xml
from reports.hls import summary as hls_summary
from reports.logs import log
from reports.open_tools import finn, finn_log, nextpnr, opensta, yosys_json, yosys_stat
from reports.reading.errors import EmptyReportError, ReportError, UnknownLayoutError, WrongKindError
from reports.reading.kind import HEAD_CHARACTERS, Kind
from reports.summary import stand_in
from reports.vivado import (
    accelerator,
    checks,
    clock_utilization,
    design_analysis,
    hierarchy,
    power,
    qor,
    timing,
    utilization,
    utilization_xml,
)
from reports.vivado.appended import Part, parts
from reports.vpp import (
    component,
    hardware_handoff,
    kernel_description,
    link_steps,
    link_summary,
    system_estimate,
    xclbin_info,
)

KINDS: tuple[Kind, ...] = (
    timing.KIND,
    hierarchy.KIND,
    utilization.KIND,
    power.KIND,
    clock_utilization.KIND,
    checks.DRC,
    checks.METHODOLOGY,
    design_analysis.KIND,
    qor.KIND,
    qor.FAILFAST,
    accelerator.KIND,
    utilization_xml.KIND,
    hls_csynth.KIND,
    hls_csynth_xml.KIND,
    hls_summary.KIND,
    hls_cosim.KIND,
    hls_export.KIND,
    hls_export_xml.KIND,
    xclbin_info.KIND,
    link_summary.KIND,
    system_estimate.KIND,
    kernel_description.KIND,
    component.KIND,
    hardware_handoff.KIND,
    finn.PERFORMANCE,
    finn.SYNTHESIS,
    finn.SIMULATION,
    finn.TIMES,
    finn.LAYERS,
    finn_log.KIND,
    yosys_json.KIND,
    nextpnr.KIND,
    yosys_stat.KIND,
    nextpnr.LOG,
    opensta.KIND,
    link_steps.KIND,
    # Last of all: any text with one message of Vivado in its first lines is a log.
    log.KIND,
)
"""Every kind, the more particular before the more general: the first that matches reads the text."""


def recognise(text: str, name: str = "") -> Kind:
    """Return the kind of `text`, judged by content; `name` is only for the message.

    Raises EmptyReportError for white space and WrongKindError for a text of no known kind.
    """
    if not text.strip():
        raise EmptyReportError(name, None, "the file is empty", "run the tool that writes it again")
    head = text[:HEAD_CHARACTERS]
    for kind in KINDS:
        if kind.matches(head):
            return kind
    known = ", ".join(kind.name for kind in KINDS)
    raise WrongKindError(name, 1, "this is no report of a known kind", f"known: {known}")


def parse(text: str, name: str = "") -> Any:
    """Return the value of `text`: a frozen dataclass of the module that reads its kind.

    Raises ReportError; also for several reports in one text, of which `parse_all` gives the values.
    """
    kind, several = recognise(text, name), parts(text)
    if len(several) > 1:
        what = f"another report begins here, {len(several)} are in the file"
        raise UnknownLayoutError(name, several[1].line, what, "one is expected; parse_all reads each")
    return kind.parse(text, name)


@dataclass(frozen=True)
class Parsed:
    """A report of a file: where it begins, its kind, and its value or what is wrong with it.

    `stand_in` tells that the text says of itself that no tool has written it: its figures are invented.
    """

    line: int
    kind: str | None
    value: Any
    error: ReportError | None = None
    stand_in: bool = False


def parse_all(text: str, name: str = "") -> tuple[Parsed, ...]:
    """Return every report of a text, each for itself: one that cannot be read does not hide the others."""
    return tuple(_parsed(part, name) for part in parts(text))


def _parsed(part: Part, name: str) -> Parsed:
    kind: Kind | None = None
    try:
        kind = recognise(part.text, name)
        return Parsed(part.line, kind.name, kind.parse(part.text, name), stand_in=stand_in.wrote(part.text))
    except ReportError as error:
        line = error.line if error.line is None else error.line + part.line - 1
        moved = type(error)(error.file, line, error.what, error.expected)
        return Parsed(part.line, None if kind is None else kind.name, None, moved)
