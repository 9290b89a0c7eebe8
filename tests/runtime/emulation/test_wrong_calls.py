"""A call with wrong arguments is refused before it runs, by a message that says what to do."""

from __future__ import annotations

import gc

import numpy as np
import pytest

pynq = pytest.importorskip("pynq")

from runtime.emulation.device import EmulatedCard  # noqa: E402
from runtime.errors import CardError  # noqa: E402


class Number:
    """Something that claims to be at an address."""

    def __init__(self, value):
        self.device_address = value


def bad_calls(ol, source, result, fc):
    """Mistake -> (arguments, words of the message)."""

    def array(shape, dtype, bank="bank0"):
        return pynq.allocate(shape, dtype, target=getattr(ol, bank))

    gone = array((2, 8, 8, 1), np.uint8)
    gone.freebuffer()
    dropped = Number(array((2, 8, 8, 1), np.uint8).device_address)
    gc.collect()
    return {
        "bank": ((array((8, 8, 1), np.uint8, "bank1"), result, fc, 1), ["in_r", "bank1", "ol.bank0"]),
        "bank of weights": ((source, result, array((10, 16), np.int8, "bank1"), 1), ["weightsmem", "bank1"]),
        "extent": ((source, result, fc, 3), ["3 images", "192 bytes", "128", "(3, 8, 8, 1)"]),
        "extent of one": ((array((8, 8), np.uint8)[1:], result, fc, 1), ["64 bytes", "56", "(8, 8, 1)"]),
        "extent of weights": ((source, result, fc[1:], 1), ["weightsmem", "160 bytes", "144", "(10, 16)"]),
        "extent of result": ((source, result[1:], fc, 2), ["out_r", "24 bytes", "12", "(2, 3)"]),
        "dtype": ((array((16,), np.float32), result, fc, 1), ["in_r", "float32", "uint8"]),
        "dtype of result": ((source, array((3,), np.int32), fc, 1), ["out_r", "int32", "uint32"]),
        "dtype of a view": ((source.reshape(-1).view(np.uint16), result, fc, 1), ["uint16"]),
        "byte order": ((source, array((3,), ">u4"), fc, 1), [">u4"]),
        "freed": ((gone, result, fc, 1), ["freed", "(2, 8, 8, 1)", "allocate"]),
        "dropped": ((dropped, result, fc, 1), ["freed", "(2, 8, 8, 1)", "reference"]),
        "computed": ((source + 1, result, fc, 1), ["computed", "buf[:]"]),
        "no address": ((Number(0x1234), result, fc, 1), ["no buffer at address 0x1234"]),
        "strided": ((source[:, ::2], result, fc, 1), ["strided", "in_r"]),
        "negative": ((source, result, fc, -1), ["-1", "numReps"]),
        "absurd": ((source, result, fc, 1 << 31), ["2147483648 images"]),
        "too wide": ((source, result, fc, 1 << 40), ["does not fit"]),
        "float": ((source, result, fc, 1.0), ["1.0", "integer"]),
        "swapped": ((source, result, 1, fc), ["weightsmem", "int"]),
        "plain array": ((np.zeros((8, 8, 1), np.uint8), result, fc, 1), ["ndarray", "pynq.allocate"]),
        "too few": ((source, result, fc), ["numReps", "in_r, out_r, weightsmem, numReps"]),
        "too many": ((source, result, fc, 1, 1), ["too many"]),
    }  # fmt: skip


NAMES = [
    "bank", "bank of weights", "extent", "extent of one", "extent of weights", "extent of result", "dtype",
    "dtype of result", "dtype of a view", "byte order", "freed", "dropped", "computed", "no address", "strided",
    "negative", "absurd", "too wide", "float", "swapped", "plain array", "too few", "too many",
]  # fmt: skip


@pytest.mark.parametrize("way", ["call", "start_sw"])
def test_a_wrong_call_says_what_to_do(loaded, way):
    ol, source, result, fc = loaded()
    cases = bad_calls(ol, source, result, fc)
    assert list(cases) == NAMES
    for name, (arguments, words) in cases.items():
        with pytest.raises(CardError) as caught:
            getattr(ol.digits_1, way)(*arguments)
        assert all(word in str(caught.value) for word in words), (name, str(caught.value))
        assert caught.value.remedy, name
        # The unit is idle and works.
        assert ol.digits_1.read(0) & 0x4
    ol.digits_1.call(source, result, fc, 2)
    result.sync_from_device()
    # 64 pixels of value 1 or 2, 160 weights of -1, a bias of 1000, and the rank.
    assert result.tolist() == [[904, 905, 906], [968, 969, 970]]


def test_buffer_of_another_card(loaded, build):
    ol, _, result, fc = loaded()
    other_card = EmulatedCard()
    other = pynq.Overlay(str(build()), device=other_card)
    foreign = pynq.allocate((8, 8, 1), np.uint8, target=other.bank0)
    with pytest.raises(CardError) as caught:
        ol.digits_1.call(foreign, result, fc, 1)
    assert other_card.tag in str(caught.value)
    other_card.close()
