"""What shapes say of themselves: published cycles and widths, and every reason not to build one."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from blocks.operators.acc_pool import AccPool
from blocks.operators.add import Add
from blocks.operators.base import Operator, Stream
from blocks.operators.checks import divisors
from blocks.operators.deinterleave import Deinterleave
from blocks.operators.duplicate import Duplicate
from blocks.operators.fifo import Fifo
from blocks.operators.label_select import LabelSelect
from blocks.operators.max_pool import MaxPool
from blocks.operators.mvau import Mvau
from blocks.operators.pad import Pad
from blocks.operators.sliding_window import SlidingWindow
from blocks.operators.threshold import Threshold
from blocks.operators.trim import Trim
from blocks.operators.width_converter import WidthConverter

ROOT = Path(__file__).resolve().parents[3]


def test_the_facts_of_a_stream_are_all_its_fields() -> None:
    stream = Stream(3, 4, 5, signed=True)
    assert stream.facts() == dataclasses.asdict(stream)


CONV0 = Mvau(147, 64, 64, 3, 8, 8, 112 * 112, mmv=16)


@pytest.mark.parametrize(
    ("shape", "cycles"),
    [
        # The reference design's folding and its published cycles per image.
        (CONV0, 38416),
        (Mvau(64, 64, 8, 32, 2, 1, 56 * 56), 50176),
        (Mvau(576, 64, 32, 64, 2, 1, 56 * 56), 56448),
        (Mvau(4608, 512, 32, 64, 2, 1, 7 * 7), 56448),
        (Mvau(1024, 2048, 32, 64, 2, 1, 7 * 7), 50176),
        (Mvau(2048, 1000, 1, 64, 9, 8, 1, streamed_weights=True), 32000),
        (Pad(3, 224, 224, 3, 3, 2, 2, 3, 8), 229 * 229),
        (Threshold(256, 56 * 56, 32, -64, 64, 4), 8 * 56 * 56),
        (AccPool(2048, 49, 32, 4, 8), 64 * 50),
        (LabelSelect(1000, 1, 32, 5), 1005),
        # The RTL inserts the scores of a beat one after the other.
        (LabelSelect(1000, 8, 32, 5), 1005),
        (SlidingWindow(256, 56, 56, 1, 2, 32, 2), 8 * 56 * 56),
        # 3 rows of 9, then 7 rows of max(7 * 9, 9), in 2 folds.
        (SlidingWindow(4, 9, 9, 3, 1, 2, 2), 2 * (3 * 9 + 7 * 63)),
        (MaxPool(64, 113, 113, 3, 2, 64, 2, beatwise=True), 113 * 113),
        # 8 groups of 14 pixels, 7 kernel rows of 3 beats, 112 rows; 12 rows are held, so 2 of 29 beats are waited for.
        (SlidingWindow(3, 229, 232, 7, 2, 7, 8, 14, pixels=8, spare=3), 112 * 8 * 7 * 3 + 2 * 29),
        (Pad(3, 224, 224, 3, 3, 2, 5, 24, 8, pixels=8), 229 * 29),
        (Deinterleave(64, 56 * 56, 16, 7, 12, signed=True), 4 * 56 * 56),
        # 6 folds of 43 for 256 channels.
        (Mvau(256, 256, 43, 128, 2, 1, 56 * 56), 6 * 2 * 56 * 56),
        (Threshold(256, 56 * 56, 43, -768, 768, 4), 6 * 56 * 56),
        (Trim(256, 56 * 56, 43, 64, 4), 6 * 56 * 56),
        (WidthConverter(32, 64, 2, 6400), 200),
        (WidthConverter(6, 4, 2, 48), 8 + 12),
    ],
)
def test_cycles(shape: Operator, cycles: int) -> None:
    assert shape.mistakes() == ()
    assert shape.cycles() == cycles


@pytest.mark.parametrize(
    ("shape", "luts", "tiles", "dsps"),
    [
        # Yosys 0.70, as `python -m benchmarks.rtl.units` prints it.
        (Mvau(64, 64, 8, 32, 2, 1, 3136), 673, 0, 0),
        (Mvau(576, 64, 32, 64, 2, 1, 3136), 4088, 0, 0),
        (Mvau(576, 64, 32, 192, 2, 1, 3136), 11936, 0, 0),
        (Mvau(4608, 512, 8, 64, 2, 1, 49), 1092, 2, 0),
        (Mvau(64, 16, 16, 16, 4, 1, 16, mmv=2), 2145, 0, 0),
        (Mvau(64, 16, 8, 16, 3, 2, 16), 797, 0, 0),
        (Mvau(28, 8, 8, 7, 8, 8, 8, mmv=2), 538, 0, 56),
        (Mvau(27, 8, 8, 3, 8, 8, 9, mmv=3), 271, 0, 36),
    ],
)
def test_area_is_within_ten_percent_of_synthesis(shape: Mvau, luts: int, tiles: int, dsps: int) -> None:
    area = shape.area()
    assert area.luts == pytest.approx(luts, rel=0.1)
    assert (area.bram_tiles, area.dsps) == (tiles, dsps)


@pytest.mark.parametrize(
    ("shape", "dsps"),
    [
        (CONV0, 1536),  # 64 * 3 * 16 / 2
        (Mvau(147, 64, 64, 7, 8, 8, 112 * 112, mmv=14), 3136),  # 64 * 7 * 14 / 2
        (Mvau(12, 5, 5, 4, 8, 8, 6, mmv=3), 4 * 5 + 4 * 3),  # five pairs of pixels; the third pixel takes ceil(5 / 2)
        (Mvau(12, 5, 5, 4, 8, 8, 6), 12),
        (Mvau(12, 4, 4, 4, 8, 9, 6, mmv=2), 32),  # 4 * 255 * 256 = 261,120 takes 19 bits: 19 + 8 > 26
        (Mvau(6, 4, 4, 2, 8, 9, 6, mmv=2), 8),  # 2 * 255 * 256 = 130,560 takes 18
        (Mvau(12, 4, 4, 4, 4, 12, 6, mmv=2), 16),  # 18 + 4 bits: pixels
        (Mvau(12, 4, 4, 4, 12, 4, 6, mmv=2), 16),  # 18 + 4 bits: weights
        (Mvau(8, 1, 1, 8, 8, 8, 1, streamed_weights=True), 8),
    ],
)
def test_dsps_by_what_their_fields_hold(shape: Mvau, dsps: int) -> None:
    assert shape.area().dsps == dsps


def test_widths_follow_from_the_shape() -> None:
    unit = Mvau(576, 64, 32, 64, 2, 1, 56 * 56)
    assert (unit.lowest, unit.highest, unit.accumulator_bits) == (-1728, 1728, 12)
    assert (unit.parameters[0].width_bits, unit.parameters[0].depth) == (2048, 18)
    # 147 * 255 * -128 = -4798080 takes 24 bits.
    assert CONV0.accumulator_bits == 24
    assert CONV0.outputs[0].lanes == 1024
    # Three words of 64 weights for each PE of a 3x3 kernel row of 64 channels.
    row = Mvau(576, 64, 32, 192, 2, 1, 56 * 56).parameters[0]
    assert (row.lanes, row.bits, row.width_bits, row.depth) == (96, 64, 6144, 6)
    # A sum of 127 needs 8 bits; the threshold that is never reached, 128, needs 9.
    assert Threshold(1, 1, 1, -127, 127, 1).threshold_bits == 9
    assert Mvau(127, 1, 1, 1, 1, 1, 1).accumulator_bits == 9
    unsigned = Threshold(4, 1, 2, 0, 15, 2)
    assert (unsigned.input_bits, unsigned.threshold_bits, unsigned.parameters[0].width_bits) == (4, 5, 30)


MISTAKES = [
    (Pad(0, 2, 2, 0, 0, 0, 0, 1, 2), "channels", "at least 1"),
    (Pad(6, 2, 2, 0, 0, 0, 0, 4, 2), "lanes", "1, 2, 3, 6"),
    (Pad(6, 2, 2, -1, 0, 0, 0, 3, 2), "top", "at least 0"),
    (Pad(6, 2, 2, 0, 0, 0, 0, 3, 65), "bits", "64"),
    (SlidingWindow(4, 5, 5, 6, 1, 2, 2), "kernel", "at most 5"),
    (SlidingWindow(4, 5, 5, 3, 0, 2, 2), "stride", "at least 1"),
    (SlidingWindow(4, 3, 9, (4, 1), 1, 2, 2), "kernel", "at most 3 x 9"),
    (SlidingWindow(4, 9, 3, (1, 4), 1, 2, 2), "kernel", "at most 9 x 3"),
    (SlidingWindow(4, 5, 5, (3, 0), 1, 2, 2), "kernel", "or two"),
    (SlidingWindow(4, 5, 5, 3, (2, 1, 1), 2, 2), "stride", "or two"),
    (SlidingWindow(4, 5, 5, (3, 1), 1, 12, 2), "simd", "1, 2, 4"),
    (SlidingWindow(4, 5, 5, 3, 1, 5, 2), "simd", "1, 2, 3, 4, 6, 12"),
    (SlidingWindow(4, 5, 5, 1, 1, 3, 2), "simd", "1, 2, 4"),
    (SlidingWindow(4, 5, 9, 3, 1, 4, 2, pixels=2), "pixels", "1, 3, 9"),
    (Pad(3, 4, 6, 0, 1, 0, 1, 12, 8, pixels=4), "pixels", "1, 2, 3, 6"),
    (Pad(3, 4, 8, 0, 1, 0, 2, 12, 8, pixels=4), "pixels", "1, 11"),
    (SlidingWindow(4, 6, 6, 3, 1, 2, 2, mmv=3), "mmv", "1, 2, 4"),
    (Mvau(12, 8, 9, 4, 2, 1, 4), "pe", "at most 8"),
    (Mvau(12, 8, 3, 4, 2, 4, 1, streamed_weights=True), "pe", "1, 2, 4, 8"),
    (Mvau(12, 8, 4, 5, 2, 1, 4), "simd", "1, 2, 3, 4, 6, 12"),
    (Deinterleave(8, 4, 9, 2, 4), "pe", "at most 8"),
    (Deinterleave(8, 4, 2, 3, 4), "mmv", "1, 2, 4"),
    (Mvau(12, 8, 8, 4, 2, 1, 4, mmv=3), "mmv", "1, 2, 4"),
    (Mvau(12, 8, 8, 4, 2, 4, 4, streamed_weights=True), "pixels", "one pixel"),
    (Mvau(12, 8, 8, 4, 2, 1, 1, streamed_weights=True), "weight_bits", "2 bits"),
    (Mvau(16, 8, 8, 4, 32, 32, 1), "input_bits", "64"),
    (Mvau(16, 8, 8, 4, 33, 1, 1), "input_bits", "1 to 32"),
    (Threshold(8, 1, 9, -4, 4, 2), "pe", "at most 8"),
    (Trim(12, 1, 5, 8, 2), "lanes_out", "1, 2, 3, 4, 6, 12"),
    (Trim(12, 1, 5, 4, 2), "lanes_out", "at least 5"),
    (Threshold(4, 1, 4, 5, 4, 2), "lowest", "at most highest"),
    (Threshold(4, 1, 4, 0, 4, 9), "output_bits", "1 to 8"),
    (Threshold(4, 1, 4, 0, 2**64, 2), "highest", "64"),
    (Duplicate(2, 65, 1), "bits", "64"),
    (Add(2, 0, 4, False, 4, False, 4, False, 8), "beats", "at least 1"),
    (Add(2, 4, 64, True, 64, True, 4, False, 8), "a_bits", "64"),
    (WidthConverter(5, 4, 2, 48), "lanes_in", "1, 2, 3, 4, 6, 8, 12, 16, 24, 48"),
    (WidthConverter(4, 5, 2, 48), "lanes_out", "1, 2, 3, 4, 6, 8, 12, 16, 24, 48"),
    (Fifo(1, 1, 1, 0), "depth", "at least 1"),
    (MaxPool(4, 2, 9, 3, 2, 2, 2), "kernel", "at most 2"),
    (MaxPool(4, 9, 9, 3, 2, 3, 2), "lanes", "1, 2, 4"),
    (MaxPool(4, 5, 5, 3, 2, 4, 2, beatwise=True), "beatwise", "at least 16 beats"),
    (AccPool(4, 9, 3, 4, 8), "lanes", "1, 2, 4"),
    (AccPool(4, 9, 2, 4, 16), "zero_point", "0 to 15"),
    (AccPool(4, 9, 2, 64, 0), "input_bits", "64"),
    (LabelSelect(4, 1, 8, 5), "k", "at most 4"),
    (LabelSelect(4, 3, 8, 2), "lanes", "1, 2, 4"),
]


@pytest.mark.parametrize(("shape", "field", "remedy"), MISTAKES, ids=lambda value: str(value)[:60])
def test_mistakes_name_field_and_remedy(shape: Operator, field: str, remedy: str) -> None:
    found = shape.mistakes()
    assert field in [mistake.field for mistake in found]
    assert any(remedy in mistake.remedy for mistake in found if mistake.field == field), found


def test_divisors() -> None:
    assert divisors(36) == (1, 2, 3, 4, 6, 9, 12, 18, 36)
    assert divisors(1) == (1,)


def test_shapes_load_without_numpy() -> None:
    """`doit list` imports them and has to answer at once."""
    rooms = sorted(path.parent.name for path in (ROOT / "blocks" / "operators").glob("*/__init__.py"))
    assert len(rooms) == 16
    modules = (f"import blocks.operators.{room}" for room in [*rooms, "room"])
    code = "\n".join(["import sys", *modules, "assert 'numpy' not in sys.modules"])
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
