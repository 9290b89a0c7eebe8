"""How long buffers, banks and contexts live: as on a card, where a later use is undefined and here an error."""

from __future__ import annotations

import time

import numpy as np
import pytest

pynq = pytest.importorskip("pynq")

from runtime.errors import CardError, PayloadError  # noqa: E402

BIAS = 1000


USES = {
    "sync to": lambda b: b.sync_to_device(),
    "sync from": lambda b: b.sync_from_device(),
    "address": lambda b: b.device_address,
    "item": lambda b: b[0],
    "set": lambda b: b.__setitem__(0, 1),
    "list": lambda b: b.tolist(),
    "iterate": list,
    "copy": np.copy,
    "operator": lambda b: 1 + b,
    "ufunc": lambda b: np.add(b, b),
    "ufunc into": lambda b: np.add(np.ones(b.shape, np.uint8), 1, out=b),
    "sum": np.sum,
    "max": lambda b: b.max(),
    "concatenate": lambda b: np.concatenate([np.ones(b.shape, np.uint8), b]),
    "equal": lambda b: np.array_equal(b, b),
    "text": str,
    "representation": repr,
    "bytes": lambda b: b.tobytes(),
    "view": lambda b: b.reshape(-1).view(np.int8)[0],
    "type": lambda b: b.astype(np.int32),
}


def right(images):
    """64 pixels of value n each, 160 weights of -1, the bias, and the rank."""
    return [[64 * n - 160 + BIAS + rank for rank in range(3)] for n in range(1, images + 1)]


def test_buffers_outlive_nothing_and_leak_nothing(loaded):
    ol, *_ = loaded()
    bank = ol.PLRAM0
    for _ in range(40):
        # 64 KiB in all: a leak would fill it at once.
        whole = bank.allocate((60 * 1024,), np.uint8)
        view = whole[10:20]
        del whole
        view[:] = 1
        view.sync_to_device()
        with pytest.raises(CardError, match="no room"):
            bank.allocate((60 * 1024,), np.uint8)
        del view
    with bank.allocate((64 * 1024,), np.uint8) as buffer:
        buffer.freebuffer()
    again = bank.allocate((64 * 1024,), np.uint8)
    del buffer
    again.sync_to_device()
    with pytest.raises(CardError, match="no room"):
        bank.allocate((1,), np.uint8)


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_freed_buffer_refuses_everything(loaded, use):
    """PYNQ unmaps it (``PynqBuffer.freebuffer``): on a card each of these ends the program."""
    _, source, *_ = loaded()
    view, computed, copied = source[1], source + 1, np.array(source)
    for buffer in (source, view):
        use(buffer)
    source.freebuffer()
    source.freebuffer()
    for buffer in (source, view):
        with pytest.raises(CardError, match=r"the uint8 buffer of shape \(2, 8, 8, 1\) in bank0 was freed"):
            use(buffer)
    # These have memory of their own.
    assert computed.tolist() == (copied + 1).tolist()


def test_a_plain_array_over_a_freed_buffer_has_no_values(loaded):
    _, source, *_ = loaded()
    plain = np.asarray(source).view(np.ndarray)
    source.freebuffer()
    assert not plain.any()


def test_reload_of_the_same_file_keeps_buffers(loaded, build, card):
    ol, source, result, fc = loaded()
    again = pynq.Overlay(ol.bitfile_name, device=card)
    assert not ol.is_loaded()
    again.digits_1.call(source, result, fc, 2)
    result.sync_from_device()
    assert result.tolist() == right(2)


def test_a_second_download_closes_the_contexts(loaded):
    """PYNQ's _xrt_download closes them, and makes a unit's anew only with a new overlay."""
    ol, source, result, fc = loaded()
    ol.digits_1.call(source, result, fc, 1)
    ol.download()
    with pytest.raises(CardError, match=r"no context of digits_1 is open.*pynq\.Overlay"):
        ol.digits_1.call(source, result, fc, 1)


def test_a_context_that_is_closed(loaded, card):
    ol, source, result, fc = loaded()
    kernel = ol.digits_1
    card.close_context("digits:digits_1")
    with pytest.raises(CardError, match="no context of digits_1"):
        kernel.call(source, result, fc, 1)
    with pytest.raises(CardError, match=r"context \(digits:digits_1\) is not open"):
        card.close_context("digits:digits_1")


@pytest.mark.parametrize("end", ["free", "another"])
def test_banks_and_buffers_end_with_their_overlay(loaded, build, card, end):
    ol, source, _, _ = loaded()
    bank = ol.bank0
    words = "the overlay was freed"
    if end == "another":
        pynq.Overlay(str(build("other.xclbin", bias=7)), device=card)
        words = "another xclbin was loaded since"
    else:
        ol.free()
    for use in (lambda: bank.allocate((1,), np.uint8), source.sync_to_device, source.sync_from_device):
        with pytest.raises(CardError, match=f"gone: {words}"):
            use()
    # The host's memory is still the program's.
    assert source[1, 0, 0, 0] == 2
    if end == "free":
        with pytest.raises(CardError, match="load an overlay first"):
            pynq.allocate((1,), np.uint8, target=card)


def test_another_file_takes_the_card(loaded, build, card):
    ol, source, result, fc = loaded()
    kernel = ol.digits_1
    pynq.Overlay(str(build("other.xclbin", bias=7)), device=card)
    with pytest.raises(RuntimeError, match="not currently loaded"):
        _ = ol.digits_1
    with pytest.raises(CardError, match="another xclbin"):
        kernel.call(source, result, fc, 1)


def test_free_and_load_again(loaded, card):
    ol, source, result, fc = loaded()
    kernel = ol.digits_1
    ol.free()
    with pytest.raises(CardError, match="the overlay was freed"):
        kernel.call(source, result, fc, 1)
    ol, source, result, fc = loaded()
    ol.digits_1.call(source, result, fc, 2)
    result.sync_from_device()
    assert result.tolist() == right(2)


def test_free_ends_a_running_call(loaded, card):
    ol, source, result, fc = loaded(mode=2)
    handle = ol.digits_1.start(source, result, fc, 1)
    time.sleep(0.1)
    ol.free()
    with pytest.raises(PayloadError, match="freed"):
        handle.wait()
