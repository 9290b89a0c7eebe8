"""Counts of a simulating payload: read with care, told in cycles and at the simulated clock."""

from __future__ import annotations

import json

import numpy as np
import pytest

import runtime
from runtime.__main__ import main
from runtime.emulation.payload import Limits
from runtime.errors import CardError, InputError, PayloadError
from runtime.simulation import bottleneck, statistics


@pytest.fixture()
def parsed(counts):
    return lambda interval=1000, **changes: statistics.parse(counts(interval, **changes).encode(), "here")


def test_values_are_those_that_were_counted(parsed):
    found = parsed()
    assert (found.cycles, found.images, found.interval_cycles) == (3500, 3, 1000)
    # 250 MHz: 1,000 cycles an image are 250,000 images/s; 1,500 cycles are 6 us.
    assert found.images_per_s == 250_000
    assert found.milliseconds(found.latency_cycles[0]) == pytest.approx(0.006)
    assert [block.name for block in found.blocks] == ["inoutdma", "preres", "res2a", "res2b", "postres"]
    assert found.blocks[2] == statistics.Block("res2a", 98, 2, 0, 1234)
    assert found.fifos == (statistics.Fifo("res2a.skip", 64, 40),)
    assert found.links[0] == statistics.Link("inoutdma", "preres", 4, 2, 9, 3, 1)
    assert found.banks == (statistics.Bank("bank0", 640, 36, 20),)


def test_one_image_has_no_interval(counts):
    value = json.loads(counts(images=1, start=[5], end=[1505], latency_cycles=[1500]))
    del value["interval_cycles"]
    found = statistics.parse(json.dumps(value).encode(), "here")
    assert (found.interval_cycles, found.images_per_s) == (None, None)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 2}, "format 2, not 1"),
        ({"clock_mhz": 0}, "clock_mhz"),
        ({"clock_mhz": "fast"}, "clock_mhz"),
        ({"clock_mhz": float("nan")}, "clock_mhz"),
        ({"cycles": -1}, "cycles"),
        ({"cycles": 1.5}, "cycles"),
        ({"cycles": True}, "cycles"),
        ({"cycles": 1 << 70}, "cycles"),
        ({"images": 4}, "4 images, but times of 3"),
        ({"start": None}, "start"),
        ({"end": [1, 2, 3]}, "latency_cycles is not the difference"),
        ({"interval_cycles": None}, "interval_cycles"),
        ({"blocks": {}}, "blocks"),
        ({"blocks": [3]}, r"blocks\[0\] is not an object"),
        ({"blocks": [{"name": "a"}]}, r"busy of blocks\[0\]"),
        ({"blocks": [{"name": "", "busy": 1, "starved": 1, "blocked": 1, "toggles": 1}]}, r"name of blocks\[0\]"),
        ({"links": [{"source": "a"}]}, r"sink of links\[0\]"),
        ({"fifos": [{"name": "a", "depth": 1}]}, r"mark of fifos\[0\]"),
        ({"banks": [{"tag": 5}]}, r"tag of banks\[0\]"),
    ],
)
def test_what_is_not_a_report_is_named(parsed, changes, words):
    with pytest.raises(PayloadError, match=f"here: .*STAT is not understood.*{words}"):
        parsed(**changes)


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"\xff", b"{", b"[" * 100_000, b'{"format": 1}'])
def test_noise_is_named(data):
    with pytest.raises(PayloadError, match="STAT is not understood"):
        statistics.parse(data, "here")


def test_the_sentence_names_the_slowest_block_and_who_waits(parsed):
    assert bottleneck.explain(parsed()) == (
        "res2a is busy in 98% of the cycles, more than any other block; it holds up preres before it (40% blocked); "
        "res2b and 1 more behind it wait (up to 80% starved)"
    )


def test_the_order_of_the_blocks_is_that_of_the_links(parsed):
    links = parsed().links
    assert bottleneck.upstream("res2b", links) == ["res2a", "preres", "inoutdma"]
    assert bottleneck.downstream("res2b", links) == ["postres", "inoutdma"]
    assert bottleneck.downstream("inoutdma", links) == ["preres", "res2a", "res2b", "postres"]


def test_ports_are_no_blocks(parsed):
    end = {"depth": 1, "mark": 1, "beats": 1, "stalled": 1, "starved": 1}
    links = [
        {"source": "preres.out", "sink": "res2a.data", **end},
        {"source": "res2a.out", "sink": "res2b.data", **end},
    ]
    found = parsed(links=links)
    assert bottleneck.upstream("res2b", found.links) == ["res2a", "preres"]


def test_nothing_is_said_of_nothing(parsed):
    assert "tells nothing" in bottleneck.explain(parsed(blocks=[]))
    zero = {"busy": 0, "starved": 0, "blocked": 0, "toggles": 0}
    assert "tells nothing" in bottleneck.explain(parsed(blocks=[{"name": "a", **zero}]))
    alone = {"busy": 9, "starved": 0, "blocked": 0, "toggles": 0}
    assert "no block waits long for it" in bottleneck.explain(parsed(blocks=[{"name": "a", **alone}]))


def test_the_accelerator_tells_of_its_last_call(simulated):
    images = np.zeros((3, 8, 8, 1), np.uint8)
    with runtime.Accelerator(simulated()) as accelerator:
        assert accelerator.simulated
        accelerator.classify(images)
        assert accelerator.statistics().interval_cycles == 1000
        accelerator.set_memory_efficiency(60)
        accelerator.classify(images)
        assert accelerator.statistics().interval_cycles == 1250
        for percent in (0, 101, 50.5, True, "80"):
            with pytest.raises(InputError, match="give a whole number from 1 to 100"):
                accelerator.set_memory_efficiency(percent)
    with pytest.raises(runtime.FarmRuntimeError, match="is closed"):
        accelerator.statistics()


def test_a_file_without_a_simulation_counts_no_cycles(build):
    with runtime.Accelerator(build(fc=bytes(160))) as accelerator:
        assert not accelerator.simulated
        for ask in (accelerator.statistics, lambda: accelerator.set_memory_efficiency(80)):
            with pytest.raises(CardError, match=r"counts no cycles.*target=hw_emu"):
                ask()


def test_a_program_that_knows_no_such_request_says_so(build):
    """As a program of sw_emu does; the child stays usable."""
    with runtime.Accelerator(build(fc=bytes(160), facts={"target": "hw_emu"})) as accelerator:
        with pytest.raises(PayloadError, match="refused STAT: an unknown operation; classify images first"):
            accelerator.statistics()
        assert len(accelerator.classify(np.zeros((2, 8, 8, 1), np.uint8))) == 2


def test_an_answer_without_end_is_not_read(simulated):
    words = r"1099511627776 bytes, expected b'OKAY' and at most 1048576"
    with runtime.Accelerator(simulated(mode=19)) as accelerator, pytest.raises(PayloadError, match=words):
        accelerator.statistics()


def test_an_image_may_take_minutes_in_a_simulation():
    assert Limits.from_environment(simulates=True).image_timeout_s == 300
    assert Limits.from_environment().image_timeout_s == Limits().image_timeout_s == 30


def test_benchmark_tells_cycles_and_no_time_of_this_machine(simulated, tmp_path, capsys):
    words = ["benchmark", "--xclbin", str(simulated()), "--json", str(tmp_path / "out.json")]
    assert main(words) == 0
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert lines[0] == "digits, SIMULATED cycle by cycle, times at 250 MHz"
    assert [line.split() for line in lines[2:5]] == [
        ["100", "%", "3", "3,500", "1,000", "250,000", "0.006", "0.01392"],
        ["80", "%", "3", "3,500", "1,000", "250,000", "0.006", "0.01392"],
        ["60", "%", "3", "4,250", "1,250", "200,000", "0.007", "0.01692"],
    ]
    assert ["res2a", "98%", "2%", "0%", "1,234"] in [line.split() for line in lines]
    assert "res2a is busy in 98% of the cycles" in out
    assert "the memory matters: with 60 % of the bandwidth the interval is 25.0% longer" in out
    assert "a proxy of power, and not a power" in out
    assert "nobody has measured" in out
    assert "p50" not in out
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["time_is"] == "simulated, cycle by cycle"
    assert [one["memory_efficiency_percent"] for one in found["simulated"]] == [100, 80, 60]
    assert [one["images_per_s"] for one in found["simulated"]] == [250_000, 250_000, 200_000]
    assert found["simulated"][0]["latency_ms"][0] == pytest.approx(0.006)


def test_benchmark_of_a_program_with_an_ideal_memory(simulated, capsys):
    assert main(["benchmark", "--xclbin", str(simulated(mode=20))]) == 0
    out = capsys.readouterr().out
    assert "100 %" in out
    assert "80 %      3" not in out
    assert "the program cannot vary the memory's bandwidth" in out


def test_the_memory_may_not_matter(simulated, counts, capsys):
    assert main(["benchmark", "--xclbin", str(simulated(counts(), counts(), counts()))]) == 0
    assert (
        "the memory does not limit it: with 60 % of the bandwidth the interval is the same" in capsys.readouterr().out
    )


def test_names_of_the_payload_do_not_command_the_terminal(simulated, counts, capsys):
    evil = {"name": "\x1b[31mred", "busy": 9, "starved": 0, "blocked": 0, "toggles": 0}
    assert main(["benchmark", "--xclbin", str(simulated(*[counts(blocks=[evil])] * 3))]) == 0
    assert "\x1b" not in capsys.readouterr().out
