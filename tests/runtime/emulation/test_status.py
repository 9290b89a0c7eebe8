"""What a card tells about itself, by the names that PYNQ's own XrtDevice and XrtMemory have."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

pynq = pytest.importorskip("pynq")

from runtime.emulation.device import EmulatedCard  # noqa: E402
from runtime.errors import CardError  # noqa: E402


def test_a_bank_tells_what_it_holds(loaded, card):
    """The values are those of tests/runtime/conftest.py's MEM_TOPOLOGY; a buffer takes whole pages of 4,096 bytes."""
    ol, *buffers = loaded()
    bank = ol.bank0
    assert (bank.idx, bank.size) == (0, 16 << 30)
    assert bank.desc == ol.mem_dict["bank0"]
    assert (ol.PLRAM0.idx, ol.PLRAM0.size, ol.PLRAM0.mem_used, ol.PLRAM0.num_buffers) == (3, 64 << 10, 0, 0)
    assert (bank.num_buffers, bank.mem_used) == (3, 3 * 4096)
    more = bank.allocate((4097,), np.uint8)
    assert (bank.num_buffers, bank.mem_used) == (4, 5 * 4096)
    more.freebuffer()
    assert (bank.num_buffers, bank.mem_used) == (3, 3 * 4096)
    assert card.get_memory_by_idx(0) is card.get_memory_by_name("bank0") is bank
    with pytest.raises(CardError, match="no bank of index 9"):
        card.get_memory_by_idx(9)
    del buffers


def test_a_card_tells_usage_clocks_and_sizes(loaded, card):
    ol, source, result, fc = loaded()
    ol.digits_1.call(source, result, fc, 2)
    result.sync_from_device()
    usage = card.get_usage()
    assert usage.ddrMemUsed == (3 * 4096, 0, 0, 0, 0, 0, 0, 0)
    assert usage.ddrBOAllocated == (3, 0, 0, 0, 0, 0, 0, 0)
    # Two images of 64 bytes and 160 weights to the card, two results of 12 bytes from it.
    assert (usage.h2c[0], usage.c2h[0]) == (2 * 64 + 160, 24)
    assert usage.totalContents == 1
    info = card.device_info
    assert info.mName == b"xilinx_u250_xdma_201830_2"
    # Two banks of 16 GiB and a PLRAM of 64 KiB are in use.
    assert (info.mDDRSize, info.mDDRBankCount) == ((32 << 30) + (64 << 10), 3)
    assert info.mDDRSize - info.mDDRFreeSize == 3 * 4096
    rates = [clock["frequency"] for clock in card.clocks.values()]
    assert rates == [250, 500]
    assert list(card.clocks) == ["clock0", "clock1"]
    assert info.mOCLFrequency == (250, 500, 0, 0)
    assert info.mNumClocks == 2
    assert card.sensors == {}


def test_before_a_file_and_after_it(loaded, card):
    assert EmulatedCard().clocks == {}
    assert EmulatedCard().get_usage().ddrMemUsed == (0,) * 8
    ol, *_ = loaded()
    ol.free()
    assert card.clocks == {}
    assert card.device_info.mDDRBankCount == 0


@pytest.mark.parametrize("way", ["start", "start_ert"])
def test_a_call_is_awaited_while_other_tasks_go_on(loaded, card, way):
    ol, source, result, fc = loaded(mode=16)  # a payload that takes 0.4 s
    card.set_event_loop(None)
    ticks = []

    async def tick():
        while True:
            ticks.append(1)
            await asyncio.sleep(0.01)

    async def both():
        ticking = asyncio.ensure_future(tick())
        await getattr(ol.digits_1, way)(source, result, fc, 2).wait_async()
        ticking.cancel()

    asyncio.run(both())
    assert len(ticks) > 3
    result.sync_from_device()
    assert result[0, 0] == 64 - 160 + 1000


def test_an_awaited_failure_is_raised(loaded):
    ol, source, result, fc = loaded(mode=7)
    with pytest.raises(Exception, match="no such network"):
        asyncio.run(ol.digits_1.start(source, result, fc, 1).wait_async())
