"""Platforms, cards, FINN's resources by layer, crash reports. The texts are made by hand in the forms of the tools."""

from __future__ import annotations

import json

import pytest
from made_reports import CRASH, EXAMINED, JAVA, PLATFORM

from reports.reading.errors import ReportError, TruncatedReportError, UnknownLayoutError
from reports.registry import parse, recognise


def test_a_platform() -> None:
    value = parse(PLATFORM)
    assert (value.platform, value.board, value.device, value.board_part) == ("gen3x16_example", "U999", "xcu999", None)
    assert [(one.index, one.frequency_mhz, one.is_default) for one in value.clocks] == [
        (1, 500.0, True),
        (0, 300.0, False),
    ]
    assert [(one.tag, one.segments, one.slrs) for one in value.memories] == [
        ("DDR", 2, ("SLR0", "SLR1")),
        ("PLRAM", 0, ()),
    ]
    assert [(one.region, one.resource, one.amount) for one in value.resources] == [
        ("total", "LUTs", 1000),
        ("total", "DSPs", 20),
        ("SLR0", "LUTs", 600),
        ("SLR1", "LUTs", 400),
    ]
    with pytest.raises(TruncatedReportError):
        parse(PLATFORM[: PLATFORM.index("====\nHardware")])
    with pytest.raises(ReportError):
        parse(PLATFORM.partition("\n")[2].join(("\n", "")), "the first bar is blank")


def test_cards() -> None:
    value = parse(json.dumps(EXAMINED))
    first, second = value.cards
    assert (value.xrt_version, first.bdf, first.shell) == ("2.14.354", "0000:65:00.1", "xilinx_u250_example")
    assert (first.is_ready, first.status, first.power_w) == (True, "HEALTHY", 26.5)
    assert first.xclbin_uuid == "11111111-2222-3333-4444-555555555555"
    assert [(one.name, one.status) for one in first.compute_units] == [("k:k_1", "IDLE")]
    assert [(one.name, one.frequency_mhz) for one in first.clocks] == [("KERNEL_CLK", 500.0)]
    assert (second.bdf, second.is_ready, second.compute_units) == ("0000:b3:00.1", False, ())
    assert "box" not in repr(value), "the host is private"


@pytest.mark.parametrize("texts", [True, False])
def test_resources_by_layer(texts: bool) -> None:
    amounts = {"BRAM_18K": 5, "BRAM_efficiency": 0.5, "LUT": 317, "URAM": 0, "DSP": 2}
    shown = {name: str(value) if texts else value for name, value in amounts.items()}
    document = {"MVAU_hls_0": shown, "Thresholding_rtl_0": {"LUT": 12}, "total": {"LUT": 329.0}}
    text = json.dumps(document, indent=2)
    assert recognise(text).name == "finn_layer_resources"
    value = parse(text)
    assert [one.layer for one in value.layers] == ["MVAU_hls_0", "Thresholding_rtl_0"]
    assert {one.resource: one.amount for one in value.layers[0].amounts} == amounts
    assert [(one.resource, one.amount) for one in value.total] == [("LUT", 329.0)]
    with pytest.raises(UnknownLayoutError, match="'LUT' of 'Thresholding_rtl_0' is no number"):
        parse(text.replace('"LUT": 12', '"LUT": "many"'))


def test_resources_after_synthesis_begin_with_the_top() -> None:
    value = parse('{"(top)": {"LUT": 9, "FF": 8}, "Layer_0": {"LUT": 3, "SRL": null}}')
    assert [(one.resource, one.amount) for one in value.total] == [("LUT", 9), ("FF", 8)]
    assert [(one.resource, one.amount) for one in value.layers[0].amounts] == [("LUT", 3), ("SRL", None)]


def test_crash_reports() -> None:
    value = parse(CRASH)
    assert (value.signal, value.pid, value.place) == ("signal 11", None, "librdi_place.so")
    assert value.libraries == ("libc.so.6", "librdi_place.so", "librdi_commontasks.so")
    value = parse(JAVA)
    assert (value.signal, value.pid, value.place) == ("SIGSEGV", 4711, None)
    windows = "#\r\n# An unexpected error has occurred (EXCEPTION_ACCESS_VIOLATION)\r\n#\r\nStack:\r\nno stack\r\n"
    assert parse(windows).signal == "EXCEPTION_ACCESS_VIOLATION"
    with pytest.raises(TruncatedReportError):
        parse(JAVA[: JAVA.index("SIGSEGV")])
