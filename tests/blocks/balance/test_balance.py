"""Foldings for a wanted rate: legal by the reader, as fast as wanted, and an error with a rate that can be had."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
import topologies
import yaml
from drawn_networks import drawn_network
from everyday import first, only

from blocks.balance import FoldingError, balance, folded
from blocks.balance.__main__ import main
from blocks.balance.options import fastest
from blocks.layers.activation import Thresholds
from blocks.layers.values import Values
from blocks.network import Network, find_network, read_network

CLOCK = 250.0
TINY = """\
name: tiny
image: {height: 4, width: 4, channels: 1}
blocks:
  - name: front
    kind: block
    layers:
      - {name: conv0, type: convolution, channels: 2, kernel: 3, pad: [1, 1, 1, 1], weight_bits: 4}
      - {name: act0, type: threshold, bits: 2}
  - name: back
    kind: block
    layers:
      - {name: fc, type: fully_connected, channels: 3, weight_bits: 4}
      - {name: best, type: top_k}
"""


def _read(folder: Path, mapping: dict[str, Any]) -> Network:
    path = folder / f"{mapping['name']}.yaml"
    path.write_text(yaml.safe_dump(mapping, sort_keys=False))
    return read_network(path)


def _layers(mapping: dict[str, Any]) -> dict[str, dict[str, Any]]:
    lists = ("before", "layers", "main", "side", "after")
    return {layer["name"]: layer for block in mapping["blocks"] for key in lists for layer in block.get(key, ())}


@pytest.mark.parametrize("seed", first(range(40), everyday=6))
def test_the_reader_takes_a_folding_and_its_cycles_are_within_the_rate(tmp_path: Path, seed: int) -> None:
    mapping = yaml.safe_load(drawn_network(seed))
    shape = _read(tmp_path, mapping)
    for fps in (1000, 50_000, 300_000):
        network = _read(tmp_path, folded(mapping, fps, CLOCK))
        assert network.interval()[0] <= CLOCK * 1e6 / fps
        assert [block.output.stored for block in network.blocks] == [block.output.stored for block in shape.blocks]


def test_an_activation_too_wide_for_all_its_channels_at_once_is_folded() -> None:
    """256 sums of -499,800 to 374,850 have 256 * 20 = 5,120 bits, more than the 4,096 of a port; 128 have half."""
    source = Values(1, 1, 256, -499_800, 374_850, sums="fc0")
    layer = Thresholds("act0", source, 3, "unsigned", None, None, 0, descending=False)
    assert fastest(layer).cycles == 256 // 128


@pytest.mark.parametrize("seed", only(range(40), [0, 1, 9]))  # in 9 a pool of one pixel has no operator to be folded
def test_the_best_rate_of_the_error_can_be_had(tmp_path: Path, seed: int) -> None:
    mapping = yaml.safe_load(drawn_network(seed))
    with pytest.raises(FoldingError) as error:
        folded(mapping, CLOCK * 1e6 / 2, CLOCK)
    (best,) = re.findall(r"at most (\d+) images a second", str(error.value))
    network = _read(tmp_path, folded(mapping, float(best), CLOCK))
    assert network.interval()[0] <= CLOCK * 1e6 / float(best)


def test_no_folding_of_a_small_network_is_faster(tmp_path: Path) -> None:
    """Every folding that the reader takes, one after the other: the error names the rate of the fastest one."""
    mapping = yaml.safe_load(TINY)
    layers = _layers(mapping)
    fastest = None
    for pe, simd, mmv, pixels, act, out, inputs in itertools.product(
        (1, 2), (1, 3), (1, 2, 4), (1, 2, 4), (0, 2), (3,), (32,)
    ):
        layers["conv0"] |= {"pe": pe, "simd": simd, "mmv": mmv, "pixels_in": pixels}
        layers["act0"] |= {"pe": act} if act else {}
        layers["fc"] |= {"pe": out, "simd": inputs}
        cycles = _read(tmp_path, mapping).interval()[0]
        fastest = min(cycles, fastest or cycles)
        layers["act0"].pop("pe", None)
    with pytest.raises(FoldingError, match=f"at most {int(CLOCK * 1e6 // fastest)} images a second"):
        folded(yaml.safe_load(TINY), 1e9, CLOCK)


def test_the_cheapest_folding_by_hand() -> None:
    """16 pixels, 9 inputs, 2 channels: 288 products. The window fills 18 beats and gives 4 rows of 36: 162 cycles.

    With 3 inputs at once it gives rows of 12: 48 beats. A product of 4 by 8 bits is worth 32 LUTs, a sum of 16 bits 48.
    Within 150 cycles two sums of one product are 160, one sum of three products is 144. Within 95 it takes 2 x 3.
    """
    slow, fast = (_layers(folded(yaml.safe_load(TINY), CLOCK * 1e6 / cycles, CLOCK))["conv0"] for cycles in (150, 95))
    assert (slow["pe"], slow["simd"]) == (1, 3)
    assert (fast["pe"], fast["simd"]) == (2, 3)


def test_without_a_rate_layers_take_alike_and_no_memory_is_too_deep(tmp_path: Path) -> None:
    """5 million weights serve one pixel each: with a product a cycle a memory would have as many beats."""
    mapping = yaml.safe_load(TINY.replace("channels: 3, weight_bits: 4", "channels: 50000, weight_bits: 2"))
    network = _read(tmp_path, folded(mapping))
    assert network.interval()[0] <= 1.1 * (50000 + 1)  # top_k takes the numbers one by one
    assert network.blocks[1].core().cycles()["fc"] <= 32_768
    ports = [port for block in network.blocks for port in block.core().graph.parameter_ports()]
    assert max(port.stream.depth for port in ports) <= 32_768


def test_a_folding_that_the_mapping_has_is_replaced(tmp_path: Path) -> None:
    mapping = yaml.safe_load(TINY)
    _layers(mapping)["conv0"].update(pe=2, simd=3, mmv=4, pixels_in=2)
    before = yaml.safe_dump(mapping)
    assert folded(mapping, 1000, CLOCK) == folded(yaml.safe_load(TINY), 1000, CLOCK)
    assert yaml.safe_dump(mapping) == before


def test_the_command_writes_a_folding_file(tmp_path: Path, capsys) -> None:
    (tmp_path / "small.yaml").write_text(topologies.small())
    assert main([str(tmp_path / "small.yaml"), "--fps", "100000", "--name", "fast"]) == 0
    text = capsys.readouterr().out
    (tmp_path / "fast.yaml").write_text(text)
    network = read_network(tmp_path / "fast.yaml")
    cycles, slowest = network.interval()
    assert cycles <= 2500
    assert text.startswith(
        f"# {cycles} cycles an image, {250_000_000 // cycles} images a second at 250 MHz; the slowest"
    )
    assert slowest in text


def test_errors_are_one_line(tmp_path: Path, capsys) -> None:
    assert main(["digits_chain", "--fps", "1e8"]) == 1
    assert capsys.readouterr().err.startswith(
        "ERROR: 1e+08 images a second at 250 MHz leave 2 cycles for an image, but front."
    )
    assert main(["resnet50", "--fps", "10"]) == 1
    assert capsys.readouterr().err == "ERROR: preres: a block of kind stem is folded by hand; give its pe and simd\n"


def test_a_shipped_network_is_not_slower_than_wanted() -> None:
    found = balance(find_network("digits_basic"), 200_000, CLOCK)
    assert found.cycles <= 1250
    assert found.network.interval() == (found.cycles, found.slowest)
