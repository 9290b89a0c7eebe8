"""The device process, spoken to without XRT: frames and messages written by hand, after XRT's own headers."""

from __future__ import annotations

import contextlib
import random
import socket
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.errors import CardError, FarmRuntimeError, TrustError
from runtime.formats import xclbin
from runtime.formats.sections import MemoryBank
from runtime.xrt.device import card, wire
from runtime.xrt.device.memory import Memory
from runtime.xrt.device.session import Session

PLATFORM = "xilinx_u250_xdma_201830_2"
BANK0, BANK1 = 0x4000000000, 0x5000000000
UNIT = 0x1800000
IMAGES, RESULTS, WEIGHTS = BANK0, BANK0 + 0x1000, BANK0 + 0x2000
CLOSE, ALLOCATE, FREE, TO_DEVICE, FROM_DEVICE, WRITE, READ, WORDS = 1, 4, 5, 6, 7, 9, 11, 19
DONE, IDLE = 2, 4


def varint(number: int) -> bytes:
    """Base 128, least significant group first: https://protobuf.dev/programming-guides/encoding."""
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F)
    return bytes([group | 0x80 for group in groups[:-1]] + groups[-1:])


def message(**fields: int | bytes) -> bytes:
    """Fields named f1, f2, ...: protobuf, by hand."""
    out = b""
    for name, value in fields.items():
        key = int(name[1:]) << 3
        if isinstance(value, int):
            out += varint(key) + varint(value)
        else:
            out += varint(key | 2) + varint(len(value)) + value
    return out


@pytest.fixture()
def session(compose, trusted_payload):
    """A session with the card of a composed file, its payload trusted."""
    file = compose()
    loaded = card.load(file.emulation, platform=PLATFORM, where="here")
    yield Session(loaded)
    loaded.payload.close()


@pytest.fixture()
def trusted_payload(payload_program):
    import hashlib

    from runtime import trust

    trust.trust(hashlib.sha256(payload_program).hexdigest(), "test payload")


class Host:
    """XRT's part."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def ask(self, call: int, **fields: int | bytes) -> wire.Message:
        return wire.decode(self._session.answer(call, message(**fields)))

    def allocate(self, address: int, size: int) -> int:
        return self.ask(ALLOCATE, f1=address, f2=size, f3=0).number(1)

    def store(self, address: int, data: bytes) -> None:
        self.ask(TO_DEVICE, f2=b"handle", f3=address, f4=data, f5=len(data), f6=0, f7=0)

    def load(self, address: int, size: int) -> bytes:
        return self.ask(FROM_DEVICE, f2=b"handle", f3=bytes(size), f4=address, f5=size, f6=0, f7=0).data(2)

    def start(self, *values: tuple[int, int]) -> None:
        """The words of the register map from low to high, then AP_START: as XRT's scheduler writes them."""
        for offset, value in values:
            self.ask(WRITE, f2=UNIT + offset, f3=4, f4=struct.pack("<I", value & 0xFFFFFFFF), f6=0, f7=0)
        self.ask(WRITE, f2=UNIT, f3=4, f4=struct.pack("<I", 1), f6=0, f7=0)

    def call(self, images: int, given: int = IMAGES, results: int = RESULTS, weights: int = WEIGHTS) -> None:
        words = []
        for offset, address in ((0x10, given), (0x1C, results), (0x28, weights)):
            words += [(offset, address), (offset + 4, address >> 32)]
        self.start(*words, (0x34, images))
        for _ in range(10_000):
            control = self.ask(READ, f2=UNIT, f3=4, f5=0, f6=0).data(2)
            if control[0] & (DONE | IDLE):
                return
        raise AssertionError("never done")

    def words(self) -> str:
        return self.ask(WORDS, f1=0, f2=0).data(1).decode()


@pytest.fixture()
def host(session):
    """A host with three buffers, filled: two images of ones and threes, weights of twos."""
    host = Host(session)
    host.allocate(IMAGES, 128)
    host.allocate(RESULTS, 24)
    host.allocate(WEIGHTS, 160)
    host.store(IMAGES, bytes([1] * 64 + [3] * 64))
    host.store(WEIGHTS, bytes([2] * 160))
    return host


def test_a_call(host):
    """64 ones and 160 twos and 1000 are 1384; 64 threes make 128 more."""
    host.call(2)
    assert struct.unpack("<6I", host.load(RESULTS, 24)) == (1384, 1385, 1386, 1512, 1513, 1514)
    assert host.words() == ""


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ({"images": 3}, "argument in_r of digits_1: 3 images need 192 bytes, the buffer has 128; allocate 192 bytes"),
        ({"images": 1, "given": 0x4000999000}, "there is no buffer at address 0x4000999000"),
        ({"images": 1, "given": BANK1}, "is not connected to bank1"),
        ({"images": 1, "weights": RESULTS}, "a call needs 160 bytes, the buffer has 24"),
        ({"images": (1 << 24) + 1}, "images were asked for"),
    ],
)
def test_a_wrong_call_is_refused_in_words_and_the_next_one_works(host, call, words):
    host.allocate(BANK1, 64)
    host.call(**call)
    said = host.words()
    assert said.startswith("error: argument ")
    assert words in said
    assert said.count("\n") == 1
    test_a_call(host)


def test_a_forgotten_sync_warns_once(host):
    host.allocate(BANK0 + 0x100000, 64)
    host.call(1, given=BANK0 + 0x100000)
    assert "was written and never synced" in host.words()
    host.call(1, given=BANK0 + 0x100000)
    assert host.words() == ""


def test_memory_is_junk_until_it_is_written(host):
    host.allocate(BANK1, 8)
    assert host.load(BANK1, 8) == bytes([0xA5] * 8)


def test_a_sync_outside_is_refused(host):
    host.store(IMAGES + 100, bytes(64))
    assert "outside the buffer of 128 bytes" in host.words()
    assert host.load(IMAGES + 64, 65) == bytes(65)
    assert "outside the buffer of 128 bytes" in host.words()
    assert host.allocate(0x1000, 64) == 0
    assert "lies in no memory of the card" in host.words()


def test_a_free_is_a_hint(host):
    """After a second load XRT frees the buffers of the first, at addresses that the new ones have."""
    host.ask(FREE, f1=IMAGES)
    test_a_call(host)


def test_a_crash_of_the_payload_is_told(compose, trusted_payload):
    loaded = card.load(compose(mode=1).emulation, platform=PLATFORM, where="here")
    host = Host(Session(loaded))
    for address, size in ((IMAGES, 64), (RESULTS, 12), (WEIGHTS, 160)):
        host.allocate(address, size)
        host.store(address, bytes(size))
    host.call(1)
    assert "SIGSEGV" in host.words()
    loaded.payload.close()


def test_words_that_xrt_does_not_ask_for_go_to_standard_error(session, capsys):
    Host(session).allocate(0x1000, 64)
    session.flush()
    session.flush()
    assert capsys.readouterr().err.count("lies in no memory of the card") == 1


@pytest.mark.parametrize("call", [*range(60), 1 << 31])
def test_every_call_is_answered(session, call):
    for body in (b"", message(f1=1, f2=2, f3=3), b"\xff" * 20):
        assert isinstance(session.answer(call, body), bytes)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(call=st.integers(0, 60), body=st.binary(max_size=64))
def test_a_bad_message_is_answered(session, call, body):
    answer = session.answer(call, body)
    wire.decode(answer)


@given(
    st.lists(
        st.tuples(st.integers(1, 60), st.integers(0, 2**64 - 1) | st.binary(max_size=300)), unique_by=lambda f: f[0]
    )
)
def test_messages_are_protobuf(fields):
    """Written as the protocol's own description has it, read as it was meant; and the reverse."""
    written = message(**{f"f{number}": value for number, value in fields})
    assert wire.encode(*fields) == written
    read = wire.decode(written)
    for number, value in fields:
        assert (read.number(number) if isinstance(value, int) else read.data(number)) == value


@given(st.binary(max_size=80))
def test_no_bytes_are_more_than_a_wire_error(data):
    with contextlib.suppress(wire.WireError):
        wire.decode(data)


def test_frames():
    ours, xrt = socket.socketpair()
    with ours, xrt:
        # The tags of fields 1 (fixed64) and 2 (fixed32).
        xrt.sendall(b"\x09" + struct.pack("<Q", 3) + b"\x15" + struct.pack("<I", 20) + b"abc")
        assert wire.receive(ours) == (20, b"abc")
        wire.answer(ours, b"defg")
        assert xrt.recv(100) == b"\x09" + struct.pack("<Q", 4) + b"defg"
        xrt.sendall(b"\x09" + struct.pack("<Q", 1 << 40) + b"\x15" + struct.pack("<I", 20))
        with pytest.raises(wire.WireError):
            wire.receive(ours)
        xrt.sendall(b"\x09")
        xrt.close()
        assert wire.receive(ours) is None


def test_memory_is_a_flat_array():
    """Against one long bytearray, over pages' edges."""
    memory, plain, choose = (
        Memory([MemoryBank("bank", 1, True, 1024, 0)]),
        bytearray(b"\xa5" * (1 << 20)),
        random.Random(3),
    )
    memory.allocate(0, 1 << 20)
    for _ in range(200):
        at, size = choose.randrange(1 << 20), choose.choice([1, 100, 70_000])
        size = min(size, (1 << 20) - at)
        data = choose.randbytes(size)
        memory.store(at, data)
        plain[at : at + size] = data
        at = choose.randrange((1 << 20) - 70_000)
        assert memory.load(at, 70_000) == plain[at : at + 70_000]


def test_a_buffer_lives_until_another_takes_its_place():
    memory = Memory([MemoryBank("bank", 1, True, 1024, 0)])
    memory.allocate(0, 0x1000)
    memory.allocate(0x800, 0x1000)
    assert memory.find(0x900).size == 0x1000
    with pytest.raises(CardError, match="no buffer"):
        memory.find(0x100)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda parts: parts.pop("payload"), "no emulation model"),
        (lambda parts: parts.pop("manifest"), "lacks manifest; rebuild"),
        (lambda parts: parts.update(payload=b"other"), "not the one that was built"),
        (lambda parts: parts.update(manifest=b"{"), "not JSON"),
        (lambda parts: parts.update(kernel=b"\xff"), "not UTF-8"),
        (lambda parts: parts.update(kernel=parts["kernel"].replace(b"u250", b"u280")), "shell does not match"),
        (lambda parts: parts.update(mem_topology=b"\1"), "MEM_TOPOLOGY"),
        (lambda parts: parts.update(kernel=parts["kernel"].replace(b'name="in_r"', b'name="other"')), "arguments"),
    ],
)
def test_a_file_that_is_no_card(compose, trusted_payload, change, words):
    parts = dict(compose().emulation)
    change(parts)
    with pytest.raises(FarmRuntimeError, match=words):
        card.load(parts, platform=PLATFORM, where="here")


def test_an_untrusted_payload_is_not_started(compose):
    with pytest.raises(TrustError, match="was not run"):
        card.load(compose().emulation, platform=PLATFORM, where="here")


def test_the_parts_are_those_of_the_file(compose):
    file = compose()
    again = xclbin.parse(xclbin.pack(file))
    assert again.emulation["manifest"] == again.section(xclbin.Kind.USER_METADATA)
    assert again.emulation["kernel"] == again.section(xclbin.Kind.EMBEDDED_METADATA)
    assert again.emulation["mem_topology"] == again.section(xclbin.Kind.MEM_TOPOLOGY)
