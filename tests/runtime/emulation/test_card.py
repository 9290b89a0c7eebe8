from __future__ import annotations

import asyncio
import gc
import os
import struct
import threading
import time
import warnings

import numpy as np
import pytest

pynq = pytest.importorskip("pynq")

from runtime.emulation.device import EmulatedCard  # noqa: E402
from runtime.errors import CardError, FarmRuntimeError, ForgottenSyncWarning, PayloadError  # noqa: E402

BIAS = 1000


def right(images):
    """64 pixels of value n each, 160 weights of -1, the bias, and the rank."""
    return [[64 * n - 160 + BIAS + rank for rank in range(3)] for n in range(1, images + 1)]


def test_every_way_to_call(loaded):
    ol, source, result, fc = loaded()
    kernel = ol.digits_1
    ways = [
        lambda: kernel.call(source, result, fc, 2),
        lambda: kernel.start(source, result, fc, 2).wait(),
        lambda: kernel.start_sw(source, result, fc, 2).wait(),
        lambda: kernel.start_ert(source, result, fc, 2).wait(),
        lambda: kernel.call(numReps=np.int64(2), out_r=result, in_r=source, weightsmem=fc),
    ]
    for way in ways:
        result[:] = 0
        result.sync_to_device()
        way()
        assert not result.any()
        result.sync_from_device()
        assert result.tolist() == right(2)


def test_registers_by_hand(loaded):
    """The control protocol as Vitis documents it: bit 0 start, 1 done and 3 ready (both clear on read), 2 idle."""
    ol, source, result, fc = loaded(mode=16)
    kernel = ol.digits_1
    assert kernel.read(0) == 0x4
    for offset, buffer in ((0x10, source), (0x1C, result), (0x28, fc)):
        kernel.write(offset, struct.pack("<Q", buffer.device_address))
    kernel.register_map.numReps = 2
    kernel.write(0, 1)
    assert kernel.read(0) & 0x5 == 0x1
    with pytest.raises(CardError, match="busy"):
        kernel.write(0, 1)
    while not (control := kernel.read(0)) & 4:
        pass
    assert control == 0xE
    assert kernel.read(0) == 0x4
    result.sync_from_device()
    assert result.tolist() == right(2)


def test_done_clears_on_read(loaded):
    ol, source, result, fc = loaded()
    ol.digits_1.start_ert(source, result, fc, 1).wait()
    assert ol.digits_1.read(0) & 0x2
    assert not ol.digits_1.read(0) & 0x2


def test_a_forgotten_sync_shows(loaded):
    ol, _, result, fc = loaded()
    fresh = pynq.allocate((2, 8, 8, 1), np.uint8, target=ol.bank0)
    fresh[:] = 1
    with pytest.warns(ForgottenSyncWarning, match=r"in_r of digits_1: the uint8 buffer of shape .*never synced"):
        ol.digits_1.call(fresh, result, fc, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ol.digits_1.call(fresh, result, fc, 1)
    result.sync_from_device()
    # 64 pixels of junk, 0xA5 each.
    assert result[0, 0] == 64 * 0xA5 - 160 + BIAS
    before = pynq.allocate((3,), np.uint32, target=ol.bank0)
    assert before.tolist() == [0, 0, 0]
    before.sync_from_device()
    assert before.tolist() == [0xA5A5A5A5] * 3


def test_slices_have_their_own_address_and_sync(loaded):
    ol, source, result, fc = loaded(images=4)
    assert source[2].device_address == source.device_address + 128
    source[:] = 9
    source[1:3].sync_to_device()
    ol.digits_1.call(source, result, fc, 4)
    result[2:].sync_from_device()
    pixels = [None, None, 9, 4]
    assert result[:2].tolist() == [[0] * 3] * 2
    assert result[2:].tolist() == [[64 * n - 160 + BIAS + rank for rank in range(3)] for n in pixels[2:]]
    ol.digits_1.call(source[3], result[0], fc, 1)
    result[0].sync_from_device()
    assert result[0, 0] == 64 * 4 - 160 + BIAS
    assert source.reshape(-1).device_address == source.T.device_address == source.device_address


def test_several_buffers_and_two_units_at_once(loaded):
    ol, source, result, fc = loaded(units=2)
    other = pynq.allocate((1, 3), np.uint32, target=ol.bank0)
    first = ol.digits_1.start(source, result, fc, 2)
    second = ol.digits_2.start(source[1:], other, fc, 1)
    second.wait()
    first.wait()
    result.sync_from_device()
    other.sync_from_device()
    assert result.tolist() == right(2)
    assert other.tolist() == right(2)[1:]


def test_the_scheduler_queues(loaded):
    ol, source, result, fc = loaded(mode=16)
    handles = [ol.digits_1.start(source[n], result[n], fc, 1) for n in range(2)]
    assert not handles[1].done
    for handle in handles:
        handle.wait()
    result.sync_from_device()
    assert result.tolist() == right(2)


def test_weights_may_be_in_either_connected_bank(loaded):
    ol, source, result, _ = loaded()
    near = pynq.allocate((10, 16), np.int8, target=ol.PLRAM0)
    near[:] = -1
    near.sync_to_device()
    ol.digits_1.call(source, result, near, 2)
    result.sync_from_device()
    assert result.tolist() == right(2)


def test_two_cards_work_side_by_side(loaded, build):
    ol, source, result, fc = loaded()
    card = EmulatedCard()
    other = pynq.Overlay(str(build("b.xclbin", bias=5)), device=card)
    buffers = [
        pynq.allocate(shape, dtype, target=other.bank0)
        for shape, dtype in (((8, 8, 1), np.uint8), ((3,), np.uint32), ((10, 16), np.int8))
    ]
    for buffer in buffers:
        buffer[:] = 0
        buffer.sync_to_device()
    handles = [ol.digits_1.start(source, result, fc, 2), other.digits_1.start(*buffers, 1)]
    for handle in handles:
        handle.wait()
    result.sync_from_device()
    buffers[1].sync_from_device()
    assert result.tolist() == right(2)
    assert buffers[1].tolist() == [5, 6, 7]
    card.close()


def test_strided_views_are_not_synced(loaded):
    _, source, *_ = loaded(images=4)
    with pytest.raises(CardError, match="strided"):
        source[::2].sync_to_device()
    with pytest.raises(CardError):
        source[::-1].sync_to_device()
    source.T.sync_to_device()


@pytest.mark.parametrize("way", ["call", "start_sw"])
def test_strided_views_are_not_passed(loaded, way):
    ol, source, result, fc = loaded(images=4)
    with pytest.raises(CardError, match=r"strided view cannot be passed as argument in_r of digits_1"):
        getattr(ol.digits_1, way)(source[::2], result, fc, 2)


def test_a_batch_of_0_ends_at_once_and_writes_nothing(loaded):
    ol, source, result, fc = loaded(mode=2)  # a payload that never answers
    result[:] = 7
    result.sync_to_device()
    ol.digits_1.call(source, result, fc, 0)
    result.sync_from_device()
    assert result.tolist() == [[7] * 3] * 2


def test_the_unit_is_idle_after_a_failure(loaded):
    ol, source, result, fc = loaded(mode=7)
    kernel = ol.digits_1
    handle = kernel.start_sw(source, result, fc, 1)
    with pytest.raises(PayloadError, match="no such network"):
        handle.wait()
    assert kernel.read(0) & 0x4
    with pytest.raises(PayloadError, match="no such network"):
        kernel.call(source, result, fc, 1)
    # A failure that nobody waited for is told at the next start.
    kernel.start_sw(source, result, fc, 1)
    time.sleep(0.3)
    with pytest.raises(PayloadError):
        kernel.start_sw(source, result, fc, 1)


def test_shell_and_kind_of_file(build, card):
    with pytest.raises(CardError, match="shell does not match"):
        pynq.Overlay(str(build()), device=EmulatedCard("xilinx_u280_xdma_201920_3"))
    with pytest.raises(CardError, match="DATAFLOW_FARM_CARD=real"):
        pynq.Overlay(str(build("hw.xclbin", emulation={})), device=card)


def test_a_patched_file_is_refused(build, card):
    path = build()
    data = bytearray(path.read_bytes())
    place = data.index(b"bank1")
    data[place : place + 5] = b"bank9"
    path.write_bytes(data)
    with pytest.raises(FarmRuntimeError, match="changed after it was built"):
        pynq.Overlay(str(path), device=card)


def test_no_memory_and_too_many(build, card):
    with pytest.raises(CardError, match="No active memories"):
        pynq.allocate((1,), np.uint8, target=card)
    ol = pynq.Overlay(str(build()), device=card)
    with pytest.raises(CardError, match="Multiple memories active"):
        pynq.allocate((1,), np.uint8, target=card)
    with pytest.raises(CardError, match="no room"):
        ol.bank0.allocate((17 << 30,), np.uint8)
    with pytest.raises(AttributeError):
        _ = ol.bank2


def test_calls_from_many_threads(loaded):
    ol, source, _, fc = loaded(images=8)
    kernel, failures = ol.digits_1, []

    def work(n):
        try:
            out = pynq.allocate((1, 3), np.uint32, target=ol.bank0)
            for _ in range(20):
                kernel.call(source[n], out, fc, 1)
                out.sync_from_device()
                assert out.tolist() == right(8)[n : n + 1]
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_driver_of_the_host_program_is_kept(build, card):
    path = build(name="mine")

    class Mine(pynq.DefaultIP):
        bindto = ("xilinx.com:hls:mine:1.0",)

    try:
        assert type(pynq.Overlay(str(path), device=card).mine_1) is Mine
    finally:
        Mine.unregister()


def test_without_pynqs_own_call(build, card):
    """The path for releases of PYNQ that no longer start kernels, forced here by taking the capability away."""
    card.capabilities["CALLABLE"] = False
    ol = pynq.Overlay(str(build()), device=card)
    source, result, fc = (
        pynq.allocate(shape, dtype, target=ol.bank0)
        for shape, dtype in (((8, 8, 1), np.int8), ((3,), np.uint32), ((10, 16), np.int8))
    )
    for buffer in (source, fc):
        buffer[:] = 1
        buffer.sync_to_device()
    for way in (ol.digits_1.call, lambda *args: ol.digits_1.start(*args).wait()):
        result[:] = 0
        way(source, result, fc, 1)
        result.sync_from_device()
        assert result.tolist() == [64 + 160 + BIAS + rank for rank in range(3)]
    ol.digits_1.call(source, result, fc, 0)
    asyncio.run(ol.digits_1.start(source, result, fc, 1).wait_async())
    with pytest.raises(CardError, match="numReps"):
        ol.digits_1.call(source, result, fc)


def test_a_forgotten_card_takes_its_process_along(build):
    ol = pynq.Overlay(str(build()), device=EmulatedCard())
    pid = ol.device._payload.pid
    os.kill(pid, 0)
    del ol
    gc.collect()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
