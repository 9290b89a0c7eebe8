"""Waveforms of simulations: an FST file with the signals in it, and results that do not depend on it."""

from __future__ import annotations

import ctypes
import random
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import needs
import numpy as np
import pytest
from once import Once

from blocks.core.builder import GraphBuilder
from blocks.core.graph import GraphCore
from blocks.operators.base import Stream
from blocks.operators.fifo import Fifo
from toolchains.open.simulation.compile_model import WAVEFORM
from toolchains.open.simulation.cosim import RunError, Stimuli, plans, run_all
from toolchains.open.simulation.simulator import Simulator, build
from toolchains.open.simulation.values import SimulationError, Stall
from toolchains.open.simulation.waveform import WaveformError, keeper

ROOT = Path(__file__).resolve().parents[4]
PACKING = ROOT / "toolchains" / "open" / "simulation" / "packing"
BEATS = 12
RESET_CYCLES = 16


def fifo_core() -> GraphCore:
    builder = GraphBuilder()
    stream = builder.port("input", Stream(1, 8, BEATS), BEATS)
    return GraphCore("fifo", builder.build(output=builder.add("store", Fifo(1, 8, BEATS, 6), stream)))


@pytest.fixture(scope="module")
def traced(once: Once) -> Simulator:
    needs.installed_verilator()
    needs.compiler()
    folder = once.make("fifo-traced", lambda place: build(fifo_core(), place, waveforms=True))
    return Simulator(fifo_core(), folder / f"{fifo_core().name}.so")


def unpacked(data: bytes) -> bytes:
    """A block of LZ4, by its description (lz4_Block_format.md)."""
    out, at = bytearray(), 0

    def more(length: int) -> int:
        nonlocal at
        if length == 15:
            while True:
                at += 1
                length += data[at - 1]
                if data[at - 1] != 255:
                    break
        return length

    while at < len(data):
        token = data[at]
        at += 1
        literals = more(token >> 4)
        out += data[at : at + literals]
        at += literals
        if at == len(data):
            break
        distance = data[at] | data[at + 1] << 8
        at += 2
        for _ in range(more(token & 15) + 4):
            out.append(out[-distance])
    return bytes(out)


def blocks_of(content: bytes) -> dict[int, bytes]:
    """The blocks of an FST file by their type: a byte, and a length that counts itself."""
    found, at = {}, 0
    while at < len(content):
        (length,) = struct.unpack(">Q", content[at + 1 : at + 9])
        found[content[at]] = content[at + 9 : at + 1 + length]
        at += 1 + length
    assert at == len(content), "the blocks fill the file"
    return found


HEADER, WAVES, HIERARCHY = 0, 8, 6


def test_a_waveform_is_an_fst_file_with_the_signals(traced: Simulator, tmp_path: Path) -> None:
    beats = np.arange(BEATS)
    plain = traced.run({"input": beats}, {}, stalls={"output": Stall(start=40)})
    file = tmp_path / WAVEFORM
    run = traced.run_memories({}, {"input": beats}, stalls={"output": Stall(start=40)}, waveform=file)
    assert (run.cycles, run.ports, run.marks, run.streams) == (plain.cycles, plain.ports, plain.marks, plain.streams)
    assert run.outputs["output"].tolist() == plain.outputs["output"].tolist() == [beats.tolist()]
    found = blocks_of(file.read_bytes())
    start, end, endian, _, scopes, variables = struct.unpack(">QQ8sQQQ", found[HEADER][:48])
    # FST's mark for the order of bytes is Euler's number.
    assert struct.unpack("<d", endian) == pytest.approx([2.718281828459045])
    # Each cycle has a low and a high half; cycles are counted from the end of the reset, and from 0.
    assert (start, end) == (0, 2 * (RESET_CYCLES + run.cycles + 1) - 1)
    assert scopes >= 3 and variables >= 20
    (size,) = struct.unpack(">Q", found[HIERARCHY][:8])
    names = unpacked(found[HIERARCHY][8:])
    assert len(names) == size
    for name in (b"ap_clk", b"input_r_TDATA", b"output_r_TVALID", b"probe_level0", b"store"):
        assert name in names, name
    assert len(found[WAVES]) > 100


def test_a_file_that_cannot_be_written_is_an_error_and_not_a_run_without_it(traced: Simulator, tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match="cannot write"):
        traced.run_memories({}, {"input": np.arange(BEATS)}, waveform=tmp_path / "no" / "folder.fst")


def texts() -> Mapping[str, bytes]:
    chance = random.Random(1)
    return {
        "empty": b"",
        "few": b"abcdabcdabcd",
        "just too short": b"a" * 12,
        "one match": b"a" * 13,
        "zeros": bytes(100_000),
        "noise": chance.randbytes(5000),
        "far": chance.randbytes(70_000) * 2,
        "255": b"".join(chance.randbytes(255 + 15) + bytes(255 + 19) for _ in range(4)),
        "few symbols": bytes(chance.choices(range(3), k=20_000)),
    }


def test_packing_is_undone_by_the_format(tmp_path: Path) -> None:
    needs.compiler()
    source, library = tmp_path / "pack.cpp", tmp_path / "pack.so"
    source.write_text(
        '#include <lz4.h>\nextern "C" int pack(const char* from, char* to, int n) '
        "{ return LZ4_compress_default(from, to, n, LZ4_compressBound(n)); }\n"
    )
    flags = ("-shared", "-fPIC", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-fsanitize=undefined")
    subprocess.run(("g++", *flags, "-I", str(PACKING), "-o", str(library), str(source)), check=True)
    pack = ctypes.CDLL(str(library)).pack
    for name, text in texts().items():
        bound = len(text) + len(text) // 255 + 16
        to = ctypes.create_string_buffer(bound)
        size = pack(text, to, len(text))
        assert 0 < size <= bound, name
        assert unpacked(to.raw[:size]) == text, name
        if name == "zeros":
            assert size < len(text) / 100


def test_the_run_that_failed_is_the_one_to_look_at() -> None:
    core = fifo_core()
    names = [plan.name for plan in plans(core, (), 4, 20)]

    class Fails:
        def __init__(self) -> None:
            self.core, self.runs = core, 0

        def run_memories(self, memories, inputs, *, images, **more) -> SimpleNamespace:
            self.runs += 1
            if self.runs == 3:
                raise SimulationError("deadlock")
            return SimpleNamespace(outputs={"output": inputs["input"]}, cycles=1)

    given = {"input": np.arange(4 * BEATS).reshape(4, BEATS)}
    with pytest.raises(RunError, match=f"{names[2]}: deadlock") as caught:
        run_all(Fails(), {}, Stimuli(given, 4, ""), {"output": given["input"]}, 20)  # type: ignore[arg-type]
    assert caught.value.plan == plans(core, (), 4, 20)[2]


def test_the_file_is_of_one_block(tmp_path: Path) -> None:
    assert keeper(tmp_path, "") is None
    keep = keeper(tmp_path, "waves/one.fst")
    assert keep is not None
    for block in ("res2a", "res2b"):
        (tmp_path / block).mkdir()
        (tmp_path / block / WAVEFORM).write_text(block)
        (tmp_path / block / "values.json").write_text("{}")
    first, second = ((tmp_path / block / "values.json", tmp_path / block / WAVEFORM) for block in ("res2a", "res2b"))
    keep(first)
    keep(first)
    assert (tmp_path / "waves/one.fst").read_text() == "res2a"
    with pytest.raises(WaveformError, match=r"one\.fst is of res2a; ask for one block only: doit cosim:res2b"):
        keep(second)
    with pytest.raises(WaveformError, match="only RTL of blocks"):
        keep((tmp_path / "inoutdma" / "values.json",))
    assert (tmp_path / "waves/one.fst").read_text() == "res2a"
