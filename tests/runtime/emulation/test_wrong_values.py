"""Buffers take memory as they are used, and wrong values in registers, buffers and commands are errors of the card."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

pynq = pytest.importorskip("pynq")

from runtime.emulation.device import EmulatedCard  # noqa: E402
from runtime.emulation.memory import EmulatedMemory  # noqa: E402
from runtime.errors import CardError, FarmRuntimeError  # noqa: E402
from runtime.formats.sections import MemoryBank  # noqa: E402

GIB = 1 << 30


@pytest.fixture
def bank():
    return EmulatedMemory(MemoryBank("bank0", 1, True, 16 << 20, 0x4000000000), EmulatedCard(), 0)


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_15_gigabytes_are_free_until_they_are_used(bank):
    before = resident_bytes()
    buffer = bank.allocate((15 * GIB,), np.uint8)
    assert resident_bytes() - before < 16 << 20
    last = buffer[-3:]
    last[:] = (1, 2, 3)
    last.sync_to_device()
    assert bytes(bank.find(last.device_address).load(last.device_address, 3)) == b"\1\2\3"
    assert resident_bytes() - before < 16 << 20


def test_what_was_never_synced_is_junk_on_the_card_and_zero_on_the_host(bank):
    """0xA5 in every byte, whatever the operating system gives."""
    buffer = bank.allocate((3, 4), np.uint16)
    bo = bank.find(buffer.device_address)
    assert not buffer.any()
    assert bytes(bo.load(buffer.device_address, 24)) == b"\xa5" * 24
    buffer.sync_from_device()
    assert (buffer == 0xA5A5).all()
    buffer[1] = 7
    buffer[1].sync_to_device()
    assert bytes(bo.load(buffer.device_address, 24)) == b"\xa5" * 8 + b"\7\0" * 4 + b"\xa5" * 8
    bo.store(buffer.device_address, b"\0\xff\xa5")
    buffer.sync_from_device()
    assert buffer.tobytes()[:4] == b"\0\xff\xa5\xa5"


SHAPES = [
    "abc", "", object(), 1.5, (1.5,), (None,), ("2",), None, {"a": 1}, -1, (2, -3), 1 << 70, (1 << 40, 1 << 40),
    (1,) * 70, (1 << 63, 0), [[1, 2]], np.nan, b"xy", range(1 << 40, (1 << 40) + 3),
]  # fmt: skip
DTYPES = ["nonsense", object, "O", 5, 1.5, [("a", "nonsense")], ("i4", -1), (1, 2, 3)]


@pytest.mark.parametrize("shape", SHAPES, ids=range(len(SHAPES)))
def test_what_is_no_shape(bank, shape):
    with pytest.raises(CardError) as caught:
        bank.allocate(shape, np.uint8)
    assert caught.value.remedy
    assert bank.allocate(4, np.uint8).nbytes == 4
    assert not [bo for bo in bank._live.values() if bo.size != 4]


@pytest.mark.parametrize("dtype", DTYPES, ids=range(len(DTYPES)))
def test_what_is_no_dtype(bank, dtype):
    with pytest.raises(CardError):
        bank.allocate((2,), dtype)
    assert bank.allocate(4, np.uint8).nbytes == 4
    assert not [bo for bo in bank._live.values() if bo.size != 4]


def test_a_bank_that_says_more_than_there_is():
    """A file may put a bank at 16 EiB."""
    bank = EmulatedMemory(MemoryBank("b", 1, True, (1 << 54) - 1, 0), EmulatedCard(), 0)
    for size in (1 << 46, 1 << 62, 1 << 63):
        with pytest.raises(CardError, match="allocate less"):
            bank.allocate((size,), np.uint8)
    assert bank.allocate(4, np.uint8).nbytes == 4


CALLS = {
    "read far": lambda k: k.read(1 << 20),
    "read beyond": lambda k: k.read(0x1000),
    "read before": lambda k: k.read(-4),
    "read unaligned": lambda k: k.read(2),
    "read text": lambda k: k.read("x"),
    "read nothing": lambda k: k.read(None),
    "read float": lambda k: k.read(1.5),
    "read a length": lambda k: k.mmio.read(0, 3),
    "read a word": lambda k: k.mmio.read(0xFFC, 8),
    "write too wide": lambda k: k.write(0x10, 1 << 40),
    "write negative": lambda k: k.write(0x10, -1),
    "write far": lambda k: k.write(1 << 30, 1),
    "write float": lambda k: k.write(0x10, 1.5),
    "write nothing": lambda k: k.write(0x10, None),
    "write text": lambda k: k.write("x", 1),
    "write bytes far": lambda k: k.write(0xFFC, bytes(8)),
    "write many bytes": lambda k: k.write(0x10, bytes(1 << 16)),
    "map text": lambda k: setattr(k.register_map, "numReps", "x"),
    "map negative": lambda k: setattr(k.register_map, "numReps", -1),
    "map too wide": lambda k: setattr(k.register_map, "numReps", 1 << 40),
    "map nothing": lambda k: setattr(k.register_map, "in_r", None),
    "map float": lambda k: setattr(k.register_map, "in_r", 1.5),
    "map bit text": lambda k: k.register_map.numReps["x"],
    "map bit value": lambda k: k.register_map.numReps.__setitem__(slice(3, 0), "x"),
    "map bit negative": lambda k: k.register_map.numReps.__setitem__(slice(3, 0), -1),
    "map field": lambda k: setattr(k.register_map.CTRL, "AP_START", "x"),
    "array far": lambda k: k.mmio.array[1 << 20],
    "array text": lambda k: k.mmio.array["x"],
    "array negative": lambda k: k.mmio.array.__setitem__(4, -1),
    "array value": lambda k: k.mmio.array.__setitem__(4, "x"),
    "call nothing": lambda k: k.call(),
    "call text": lambda k: k.call("a", "b", "c", "d"),
    "call nones": lambda k: k.start_ert(None, None, None, None),
    "card read": lambda k: k.device.read_registers("x", 4),
    "card read none": lambda k: k.device.read_registers(k.mmio.base_addr, None),
    "card read negative": lambda k: k.device.read_registers(k.mmio.base_addr, -4),
    "card read much": lambda k: k.device.read_registers(k.mmio.base_addr, 1 << 40),
    "card write": lambda k: k.device.write_registers(k.mmio.base_addr, "x"),
    "card write int": lambda k: k.device.write_registers(k.mmio.base_addr, 1 << 40),
    "command": lambda k: k.device.get_exec_bo("x"),
    "command negative": lambda k: k.device.get_exec_bo(-1),
    "command small": lambda k: k.device.get_exec_bo(4),
    "command large": lambda k: k.device.get_exec_bo(1 << 50),
    "command of nothing": lambda k: k.device.execute_bo(None),
    "command of zeros": lambda k: k.device.execute_bo(k.device.get_exec_bo()),
    "bank": lambda k: k.device.get_memory({}),
    "bank of nothing": lambda k: k.device.get_memory(None),
}  # fmt: skip


def test_wrong_values_are_errors_of_the_card_and_harm_nothing(loaded):
    ol, source, result, fc = loaded()
    kernel = ol.digits_1
    for name, call in CALLS.items():
        try:
            call(kernel)
        except FarmRuntimeError as error:
            assert error.remedy, name
        else:
            pytest.fail(f"{name} was taken")
    kernel.register_map.numReps = 2
    assert int(kernel.register_map.numReps) == kernel.read(0x34) == kernel.mmio.array[0x34 // 4] == 2
    kernel.call(source, result, fc, 2)
    result.sync_from_device()
    # 64 pixels of value 1 or 2, 160 weights of -1, a bias of 1000, and the rank.
    assert result.tolist() == [[904, 905, 906], [968, 969, 970]]


def test_a_command_longer_than_the_registers(loaded):
    """Its count says 2,047 words, the unit has 1,024."""
    ol, *_ = loaded()
    assert ol.digits_1  # opens its context
    command = ol.device.get_exec_bo(16384)
    command.data[:8] = struct.pack("<II", 0x7FF << 12, 1)
    with pytest.raises(CardError, match="does not fit the registers"):
        ol.device.execute_bo(command)
    assert ol.digits_1.read(0) & 4


@pytest.mark.parametrize(
    "changes",
    [{"range": 0xFFFFFFFF}, {"range": 0}, {"range": 0x1001}, {"offset": 0x100000}, {"offset": 0x11}, {"size": 4096}],
    ids=str,
)
def test_registers_that_no_unit_has(build, make_kernel, monkeypatch, changes):
    """A description may ask for 4 GB of registers, or put one behind their end."""
    from runtime.formats import kernels

    write = kernels.write_xml

    def changed(*args, **options):
        text = write(*args, **options)
        if "range" in changes:
            text = text.replace('mode="slave" range="0x1000"', f'mode="slave" range="0x{changes["range"]:X}"')
        if "offset" in changes:
            text = text.replace('offset="0x34"', f'offset="0x{changes["offset"]:X}"')
        if "size" in changes:
            text = text.replace('port="S_AXI_CONTROL" size="0x4"', f'port="S_AXI_CONTROL" size="0x{changes["size"]:X}"')
        return text

    monkeypatch.setattr(kernels, "write_xml", changed)
    path = build(sound=False)
    card = EmulatedCard()
    with pytest.raises(FarmRuntimeError):
        pynq.Overlay(str(path), device=card)
    card.close()
