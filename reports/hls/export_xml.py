"""The XML form of the result of an HLS export: `export_syn.xml`, `export_impl.xml`.

NA and an empty element both mean that there is no value: a function without registers has a worst slack but no period.
Layouts from public files of 2023.1.
"""

from __future__ import annotations

from reports.hls.export import RESOURCES, ExportUse, HlsExport
from reports.reading.errors import UnknownLayoutError
from reports.reading.expect import expect
from reports.reading.kind import Kind, Precedence
from reports.reading.markup import Branch, read_xml

_STAGES = {"synth": "synthesis", "impl": "implementation"}
_VERDICTS = {None: None, "TRUE": True, "FALSE": False}


def matches(head: str) -> bool:
    """Whether a text begins like the result of an export in XML."""
    return "<profile>" in head[:200] and "<RunData>" in head[:400] and "<TimingReport>" in head[:2000]


def parse(text: str, file: str = "") -> HlsExport:
    """Return the value of an `export_*.xml`. Raises ReportError."""
    expect(text, file, matches, "the result of an HLS export in XML")
    root = read_xml(text, file)
    run, timing = root.needed("RunData"), root.needed("TimingReport")
    stage = _STAGES.get(run.text("RUN_TYPE") or "")
    version = run.text("VIVADO_VERSION")
    if stage is None or version is None:
        what = "<RUN_TYPE> or <VIVADO_VERSION> is missing or unknown"
        raise UnknownLayoutError(file, run.line, what, "expected synth or impl, and a version")
    verdict = timing.text("TIMING_MET")
    if verdict not in _VERDICTS:
        raise UnknownLayoutError(file, timing.line, f"<TIMING_MET> is '{str(verdict)[:40]}'", "expected TRUE or FALSE")
    modules = root.maybe("RtlModules")
    tops = [module for module in modules.children("RtlModule") if module.attribute("IS_TOP") == "1"] if modules else []
    return HlsExport(
        version=version.removeprefix("v."),
        device=None,
        stage=stage,
        top=tops[0].attribute("MODULENAME") if tops else None,
        target_ns=_real(timing, "CP_TARGET"),
        synthesis_ns=_real(timing, "CP_SYNTH"),
        route_ns=_real(timing, "CP_ROUTE"),
        timing_met=_VERDICTS[verdict],
        resources=_resources(root.needed("AreaReport")),
        wns_ns=_real(timing, "WNS_FINAL"),
        wns_synthesis_ns=_real(timing, "WNS_SYNTH"),
        wns_route_ns=_real(timing, "WNS_ROUTE"),
        tns_ns=_real(timing, "TNS_FINAL"),
    )


def _real(branch: Branch, path: str) -> float | None:
    value = branch.number(path)
    return None if value is None else float(value)


def _resources(area: Branch) -> tuple[ExportUse, ...]:
    used, available = area.needed("Resources"), area.needed("AvailableResources")
    found: list[ExportUse] = []
    for name in RESOURCES:
        count = used.count(name)
        if count is not None:
            found.append(ExportUse(name, count, available.count(name)))
    if not found:
        raise UnknownLayoutError(area.file, used.line, "no known resource", "expected LUT, FF, …")
    return tuple(found)


KIND = Kind("hls_export_xml", Precedence.LAYOUT, matches, parse)
