"""Operator bodies under test: many shapes in one program per mode, run on tensors that come through a pipe."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import needs
import numpy as np
import pytest
import wire_order
from body_cases import run_cases
from oblong_shapes import OBLONG
from once import Once

from blocks.operators.acc_pool import AccPool
from blocks.operators.add import Add
from blocks.operators.base import Operator
from blocks.operators.deinterleave import Deinterleave
from blocks.operators.depthwise import Depthwise
from blocks.operators.duplicate import Duplicate
from blocks.operators.fifo import Fifo
from blocks.operators.label_select import LabelSelect
from blocks.operators.max_pool import MaxPool
from blocks.operators.models import model_of
from blocks.operators.mvau import Mvau
from blocks.operators.pad import Pad
from blocks.operators.requantize import Requantize
from blocks.operators.sliding_window import SlidingWindow
from blocks.operators.sum_pool import SumPool
from blocks.operators.threshold import Threshold
from blocks.operators.trim import Trim
from blocks.operators.width_converter import WidthConverter
from toolchains.hls_subset.release import release_header
from toolchains.open.emulation.compile_core import NO_FIXED_POINT

PROGRAM = "cases"
ROOT = Path(__file__).resolve().parents[3]
OPERATORS = ROOT / "blocks" / "operators"

SHAPES: tuple[Operator, ...] = (
    Pad(4, 3, 5, 1, 2, 0, 3, 2, 3),
    Pad(3, 4, 4, 3, 3, 2, 2, 3, 8),
    Pad(2, 2, 2, 0, 0, 0, 0, 1, 40),
    Pad(3, 3, 8, 2, 3, 1, 5, 12, 3, pixels=4),
    Pad(1, 2, 4, 0, 2, 0, 0, 2, 8, pixels=2),
    SlidingWindow(4, 5, 7, 3, 1, 2, 2),
    SlidingWindow(4, 5, 7, 3, 1, 6, 2),
    SlidingWindow(3, 9, 16, 5, 2, 5, 8, 3, pixels=4, spare=1),
    SlidingWindow(2, 7, 12, 3, 2, 2, 3, 5, pixels=2),
    SlidingWindow(2, 8, 9, 2, 3, 4, 2, pixels=3),
    SlidingWindow(2, 4, 8, 1, 1, 2, 3, 4, pixels=2),
    SlidingWindow(6, 6, 9, 3, 2, 6, 4),
    SlidingWindow(4, 5, 6, 1, 2, 2, 4),
    SlidingWindow(3, 13, 13, 7, 2, 3, 8, 4),
    SlidingWindow(2, 4, 8, 1, 1, 1, 3, 4),
    SlidingWindow(4, 9, 8, 2, 3, 4, 12),
    Mvau(18, 4, 2, 6, 2, 1, 6),
    Mvau(64, 8, 4, 64, 2, 1, 3),
    Mvau(64, 4, 4, 16, 4, 1, 4, mmv=2),
    Mvau(12, 6, 1, 3, 3, 1, 4),
    Mvau(48, 3, 3, 24, 9, 1, 2),
    Mvau(27, 4, 4, 3, 8, 8, 6, mmv=3),
    Mvau(16, 6, 2, 4, 4, 3, 4),
    Mvau(24, 6, 1, 8, 9, 8, 1, streamed_weights=True),
    Mvau(144, 4, 2, 72, 2, 1, 3),  # two words of 36 bits per PE
    Mvau(67, 2, 2, 67, 3, 1, 4, mmv=2),
    Mvau(268, 32, 32, 134, 1, 1, 2),  # 4,288 bits of weights a beat: two ports
    Mvau(16, 6, 2, 4, 2, 1, 6, mmv=3),
    Mvau(9, 4, 1, 9, 8, 4, 4, mmv=2),
    Mvau(24, 7, 3, 8, 2, 1, 4),
    Mvau(8, 5, 2, 4, 4, 3, 6, mmv=3),
    Threshold(7, 4, 3, -9, 9, 2),
    Deinterleave(5, 6, 2, 3, 9, signed=True),
    Trim(12, 5, 5, 6, 3),
    Trim(16, 4, 3, 16, 2),
    Trim(10, 3, 7, 10, 4),
    Trim(12, 3, 5, 6, 9, signed=True),
    Deinterleave(6, 6, 2, 3, 9, signed=True),
    Deinterleave(4, 8, 1, 2, 3),
    Threshold(8, 5, 4, -37, 41, 2),
    Threshold(4, 5, 4, 0, 15, 2),
    Threshold(6, 3, 2, -40000, 39999, 4),
    Threshold(3, 4, 1, 0, 255, 1),
    Threshold(2, 8, 2, 3, 9, 3),
    Threshold(24, 3, 12, -2000000000, 2000000000, 4),  # 12 * 15 * 32 = 5,760 bits a beat: two ports
    Duplicate(4, 7, 9),
    Duplicate(2, 33, 3, signed=True),
    Add(4, 10, 4, False, 4, False, 4, False, 8),
    Add(3, 5, 20, True, 12, True, 32, True, 0, b_parameter=True),
    Add(2, 12, 4, True, 5, False, 4, True, -3),
    Add(1, 12, 32, True, 32, True, 24, True, 100),
    WidthConverter(2, 8, 3, 48),
    WidthConverter(8, 2, 9, 48, signed=True),
    WidthConverter(6, 4, 5, 48),
    WidthConverter(4, 4, 17, 16),
    Fifo(3, 11, 7, 4),
    MaxPool(4, 5, 7, 3, 2, 2, 2),
    MaxPool(3, 6, 6, 2, 2, 3, 8),
    MaxPool(2, 4, 5, 3, 1, 1, 12),
    MaxPool(2, 5, 7, 2, 3, 2, 4),
    MaxPool(4, 7, 9, 3, 2, 2, 2, beatwise=True),
    MaxPool(3, 5, 17, 2, 1, 3, 8, beatwise=True),
    MaxPool(3, 6, 8, 3, 4, 1, 3, beatwise=True),
    AccPool(8, 9, 4, 4, 8),
    AccPool(3, 49, 3, 8, 0),
    AccPool(4, 5, 1, 12, 100),
    LabelSelect(10, 1, 12, 3),
    LabelSelect(12, 4, 3, 5),
    LabelSelect(4, 2, 32, 4),
    Pad(2, 3, 4, 1, 1, 2, 0, 2, 4, value=8),
    Pad(3, 2, 8, 1, 3, 1, 5, 12, 3, pixels=4, value=5),
    Add(3, 8, 4, False, 6, False, 9, False, 0, a_factor=3, b_factor=4),
    Add(2, 9, 12, True, 32, True, 32, True, 0, b_parameter=True, a_factor=2),
    Add(2, 7, 5, True, 4, False, 5, False, 3, b_factor=13),
    Threshold(8, 5, 4, -37, 41, 2, inverts=True),
    Threshold(7, 4, 3, 0, 15, 1, inverts=True),
    Threshold(12, 3, 12, -2, 1, 1, inverts=True),  # flags in four lanes of 3 bits
    Threshold(24, 3, 12, -2000000000, 2000000000, 4, inverts=True),  # 12 * 15 * 32 + 32 bits a beat: two ports
    SumPool(4, 5, 7, 3, 2, 2, 2),
    SumPool(3, 6, 6, 2, 2, 3, 8),
    SumPool(4, 4, 5, 1, 2, 2, 3),
    SumPool(2, 7, 1, 1, 1, 2, 2),  # a row of one beat
    Depthwise(6, 9, 2, 4, 4, 5),
    Depthwise(4, 4, 4, 2, 1, 6),
    Depthwise(3, 1, 1, 8, 8, 4),
    Requantize(6, 4, 2, -5000, 4000, 16, 24, 12, 8),
    Requantize(4, 3, 4, 0, 1000, 9, 12, 0, 5),
    Requantize(2, 5, 1, -20, 20, 4, 6, 7, 4),
    *OBLONG,
)

_TOP = """
#include <cstdio>
#include <cstdlib>
{includes}
static unsigned long long get() {{
    unsigned long long value = 0;
    if (std::fread(&value, 8, 1, stdin) != 1) std::exit(3);
    return value;
}}
static void put(long long value) {{ std::fwrite(&value, 8, 1, stdout); }}
template <class Beat> Beat get_beat() {{
    Beat beat;
    for (int i = 0; i < Beat::count; i++) beat.lane[i] = (typename Beat::element)get();
    return beat;
}}
template <class Beat> void put_beat(const Beat& beat) {{
    for (int i = 0; i < Beat::count; i++) put((long long)beat.lane[i]);
}}
template <int W> int popcount_differs() {{
    unsigned long long seed = 88172645463325252ULL;
    int wrong = 0;
    for (int i = 0; i < 200; i++) {{
        seed ^= seed << 13; seed ^= seed >> 7; seed ^= seed << 17;
        const unsigned long long mask = W == 64 ? ~0ULL : (1ULL << (W % 64)) - 1;
        const farm::uint_t<W> word = (farm::uint_t<W>)(i == 0 ? 0 : i == 1 ? mask : seed & mask);
        if (farm::popcount<W>(word) != farm::popcount_loop<W>(word)) wrong++;
        if ((int)farm::popcount<W>(word) != __builtin_popcountll((unsigned long long)word)) wrong++;
    }}
    return wrong;
}}
template <int N, int SIMD, int B> int plane_differs() {{
    int wrong = 0;
    for (int i = 0; i < 20; i++) {{
        farm::lanes<N, B> beat;
        for (int l = 0; l < N; l++) beat.lane[l] = (farm::uint_t<B>)(std::rand() & ((1 << B) - 1));
        for (int first = 0; first + SIMD <= N; first += SIMD)
            for (int bit = 0; bit < B; bit++)
                if (farm::bit_plane<SIMD>(beat, first, bit) != farm::bit_plane_loop<SIMD>(beat, first, bit)) wrong++;
    }}
    return wrong;
}}
static int helpers_differ() {{
    return popcount_differs<1>() + popcount_differs<7>() + popcount_differs<8>() + popcount_differs<9>()
        + popcount_differs<31>() + popcount_differs<32>() + popcount_differs<33>() + popcount_differs<64>()
        + plane_differs<64, 64, 2>() + plane_differs<64, 32, 4>() + plane_differs<24, 8, 8>()
        + plane_differs<18, 6, 2>() + plane_differs<32, 16, 9>();
}}
"""

_CASE = """
static void case_{at}() {{
    const int images = (int)get();
{declare}
    for (int image = 0; image < images; image++) {{
        farm::{call}({arguments});
    }}
{finish}
    put({leftover});
}}
"""


def reads_per_image(shape: Operator) -> int:
    """How often a parameter memory is read, for one image."""
    return shape.parameter_reads()


def source(shapes: Sequence[Operator], host: bool) -> str:
    """One program with a case per shape."""
    rooms = dict.fromkeys(type(shape).__module__.rpartition(".")[2] for shape in shapes)
    text = [_TOP.format(includes="\n".join(f'#include "{room}/{room}.hpp"' for room in rooms))]
    for at, shape in enumerate(shapes):
        declare, finish, names = [], [], []
        for i, stream in enumerate(shape.inputs):
            kind = stream.cpp_type
            declare.append(f'    farm::stream<{kind} > in{i}("in{i}");')
            declare.append(f"    for (int i = 0; i < images * {stream.beats}; i++) in{i}.write(get_beat<{kind} >());")
            names.append(f"in{i}")
        for i, port in enumerate(shape.parameters):
            kind, memory, values = port.cpp_type, f"memory{i}", f"values{i}"
            declare.append(f"    static {kind} {memory}[{port.depth}];")
            declare.append(f"    for (int i = 0; i < {port.depth}; i++) {memory}[i] = get_beat<{kind} >();")
            if host:
                declare.append(f"    farm::cyclic<{kind} > {values}({memory}, {port.depth});")
            else:
                declare.append(f'    farm::stream<{kind} > {values}("{values}");')
                total = reads_per_image(shape) * port.depth
                declare.append(
                    f"    for (int i = 0; i < images * {total}; i++) {values}.write({memory}[i % {port.depth}]);"
                )
            names.append(values)
        for i, stream in enumerate(shape.outputs):
            declare.append(f'    farm::stream<{stream.cpp_type} > out{i}("out{i}");')
            finish.append(f"    for (int i = 0; i < images * {stream.beats}; i++) put_beat(out{i}.read());")
            names.append(f"out{i}")
        left = [f"!{name}.empty()" for name in names if not (host and name.startswith("values"))]
        text.append(
            _CASE.format(
                at=at,
                declare="\n".join(declare),
                call=shape.cpp_function.removeprefix("farm::"),
                arguments=", ".join(names),
                finish="\n".join(finish),
                leftover=" + ".join(left),
            )
        )
    cases = "\n".join(f"        case {at}: case_{at}(); break;" for at in range(len(shapes)))
    text.append(
        "int main() {\n    if (helpers_differ() != 0) return 4;\n    for (;;) {\n        unsigned long long which;\n"
        "        if (std::fread(&which, 8, 1, stdin) != 1) return 0;\n"
        f"        switch (which) {{\n{cases}\n        }}\n    }}\n}}\n"
    )
    return "".join(text)


def build(folder: Path, shapes: Sequence[Operator], release: str, operators: Path = OPERATORS) -> Path:
    """Compile the cases for a release; returns the program."""
    flags = ["-Og" if release == "host" else "-O0", "-Wall", "-Wextra"]
    flags += ["-Wno-unknown-pragmas", "-Wno-unused-label", "-Wno-maybe-uninitialized"]
    program = folder / PROGRAM
    done = compiler(folder, shapes, release, [*flags, "-o", str(program)], operators)
    assert "warning" not in done.stderr, done.stderr[:4000]
    return program


def without_pragmas(folder: Path, shapes: Sequence[Operator], release: str) -> str:
    """What g++ compiles of the cases. Releases differ in the pragmas of HLS, which it passes over."""
    text = compiler(folder, shapes, release, ["-E", "-P"]).stdout
    return "\n".join(line for line in text.splitlines() if not line.startswith("#pragma HLS"))


def compiler(
    folder: Path, shapes: Sequence[Operator], release: str, flags: Sequence[str], operators: Path = OPERATORS
) -> subprocess.CompletedProcess[str]:
    """Run g++ on the cases in `folder`."""
    needs.compiler()
    (folder / "farm_release.hpp").write_text(release_header(release))
    shutil.copy(ROOT / "toolchains/open/emulation/hls_stream.h", folder)
    (folder / "cases.cpp").write_text(source(shapes, host=release == "host"))
    system = [] if release == "host" else [NO_FIXED_POINT, "-isystem", str(needs.open_headers())]
    command = ["g++", "-std=c++14", *flags, "-I", str(folder), "-I", str(operators), *system]
    done = subprocess.run([*command, str(folder / "cases.cpp")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:4000]
    return done


@dataclass(frozen=True)
class Case:
    """An operator's data in the order of the wire: inputs and outputs of all images, and the parameter memories."""

    inputs: list[np.ndarray]
    memories: list[np.ndarray]
    outputs: list[np.ndarray]


def _draw(shape: Operator, images: int, rng: np.random.Generator) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Random inputs and parameters, ends of the range among them."""

    def values(size: Sequence[int], lowest: int, highest: int) -> np.ndarray:
        drawn = rng.integers(lowest, highest, size, endpoint=True)
        ends = rng.random(size)
        return np.where(ends < 0.1, lowest, np.where(ends > 0.9, highest, drawn))

    def lanes(size: Sequence[int], bits: int, signed: bool) -> np.ndarray:
        return values(size, -(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else values(size, 0, (1 << bits) - 1)

    stream = shape.inputs[0]
    if isinstance(shape, Mvau):
        columns = lanes((images, 1, shape.pixels, shape.synapses), shape.input_bits, signed=False)
        if shape.weight_bits == 1:
            weights = rng.choice([-1, 1], (shape.channels, shape.synapses))
        else:
            weights = lanes((shape.channels, shape.synapses), shape.weight_bits, signed=True)
        return ([columns, weights], []) if shape.streamed_weights else ([columns], [weights])
    if isinstance(shape, Threshold):
        size = (images, 1, shape.pixels, shape.channels)
        thresholds = values((shape.channels, shape.steps), shape.lowest - 5, shape.highest + 5)
        if shape.inverts:
            thresholds = np.column_stack([thresholds, rng.integers(0, 2, shape.channels)])
        return [values(size, shape.lowest, shape.highest)], [thresholds]
    if isinstance(shape, Depthwise):
        columns = lanes((images, 1, shape.pixels, shape.positions * shape.channels), shape.input_bits, signed=False)
        size = (shape.channels, shape.positions)
        binary = shape.weight_bits == 1
        return [columns], [rng.choice([-1, 1], size) if binary else lanes(size, shape.weight_bits, signed=True)]
    if isinstance(shape, Requantize):
        given = values((images, 1, shape.pixels, shape.channels), shape.lowest, shape.highest)
        return [given], [lanes((shape.channels,), port.bits, signed=True) for port in shape.parameters]
    if isinstance(shape, LabelSelect):
        return [lanes((images, 1, 1, shape.classes), shape.bits, signed=True)], []
    if hasattr(shape, "height"):
        return [lanes((images, shape.height, shape.width, shape.channels), stream.bits, stream.signed)], []
    if hasattr(shape, "pixels"):
        return [lanes((images, 1, shape.pixels, shape.channels), stream.bits, stream.signed)], []
    given = [lanes((images, s.elements), s.bits, s.signed) for s in shape.inputs]
    if isinstance(shape, Add) and shape.b_parameter:
        return given, [lanes((shape.lanes * shape.beats,), shape.b_bits, shape.b_signed)]
    return given, []


@pytest.fixture(scope="session")
def draw_case() -> Callable[[Operator, int, int], Case]:
    """Random data for a shape, and what the model makes of it."""

    def draw(shape: Operator, images: int, seed: int) -> Case:
        inputs, parameters = _draw(shape, images, np.random.default_rng(seed))
        memories = [model_of(shape).memory(shape, i, values) for i, values in enumerate(parameters)]
        return Case(wire_order.wire(shape, images, inputs), memories, wire_order.expected(shape, inputs, parameters))

    return draw


@pytest.fixture(scope="session")
def draw_tensors() -> Callable[[Operator, int, int], tuple[list[np.ndarray], list[np.ndarray]]]:
    """Random inputs and parameters of a shape, as its model takes them."""
    return lambda shape, images, seed: _draw(shape, images, np.random.default_rng(seed))


@pytest.fixture(scope="session")
def compile_shapes(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Sequence[Operator], str], Path]:
    """Compile shapes for a release."""
    return lambda shapes, release: build(tmp_path_factory.mktemp("drawn"), shapes, release)


@pytest.fixture(scope="session")
def window_beats() -> Callable[[SlidingWindow, np.ndarray], np.ndarray]:
    """The windows in the order of the wire."""
    return wire_order.window_beats


@pytest.fixture(scope="session")
def shapes() -> tuple[Operator, ...]:
    """The seeded shapes of all operators."""
    return SHAPES


@pytest.fixture(scope="session", params=["host", "2019.2", "2023.1"])
def program(request: pytest.FixtureRequest, once: Once, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All cases, compiled for the host, and as synthesis reads them, with the open headers."""
    release = request.param
    text = without_pragmas(tmp_path_factory.mktemp("text"), SHAPES, release)
    name = f"operators-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    return once.make(name, lambda folder: build(folder, SHAPES, release)) / PROGRAM


@pytest.fixture(scope="session")
def compile_cases(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[Sequence[Operator], Path], Path]:
    """Compile some shapes for the host against a copy of the operators."""
    return lambda some, operators: build(tmp_path_factory.mktemp("mutant"), some, "host", operators)


@pytest.fixture(scope="session")
def run_case() -> Callable[..., list[np.ndarray]]:
    """Run one case: beats of inputs and parameters in, beats of outputs back."""

    def run(program: Path, at: int, shape: Operator, images: int, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        (found,) = run_cases(program, images, [(at, shape, arrays)])
        return found

    return run
