"""The C++ test benches of Vitis HLS, compiled with the open headers and run: they accept what equals the model."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

import needs
import pytest

from blocks.core.hls import render
from blocks.network import find_network
from toolchains.hls_subset.release import release_header
from toolchains.vitis.hls.bench import BENCH_OK, bench_ports, bench_source
from toolchains.vitis.hls.bench_vectors import write_vectors

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[4]
#: The DMA, a stem, a residual block with one branch, the head; two images for what co-simulation gets.
CASES = [
    ("inoutdma", 1),
    ("res2b", 2),
    *(pytest.param(case, marks=pytest.mark.nightly) for case in (("preres", 1), ("res2b", 1), ("postres", 2))),
]
# The open headers' own constructor reads a value before it has one.
QUIET = ("-Wno-unknown-pragmas", "-Wno-unused-label", "-Wno-maybe-uninitialized", "-Wno-uninitialized")


def compiled(folder: Path, block: str, images: int, release: str = "2022.2", standard: str = "c++14") -> Path:
    """The bench of digits' block as a program, its vectors beside it."""
    headers = needs.hls_compiler()
    core = find_network("digits").cores()[block]
    view = render(core)
    (folder / f"{view.name}.hpp").write_text(view.body)
    (folder / f"{view.name}_top.cpp").write_text(view.top)
    (folder / "bench.cpp").write_text(bench_source(core, images))
    (folder / "farm_release.hpp").write_text(release_header(release))
    write_vectors(core, folder, images)
    include = ("-I", ".", "-I", str(ROOT / "blocks"), "-isystem", str(headers))
    # In one run g++ reads the headers once. The bench comes first, so it declares the top by itself.
    (folder / "both.cpp").write_text(f'#include "bench.cpp"\n#include "{view.name}_top.cpp"\n')
    command = ["g++", f"-std={standard}", "-Og", *QUIET, *include, "both.cpp", "-o", "bench"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder / "bench"


def run(program: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(program)], cwd=program.parent, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module", params=CASES, ids=str)
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    block, images = request.param
    return compiled(tmp_path_factory.mktemp(block), block, images), block


def test_the_top_equals_the_model(bench: tuple[Path, str]) -> None:
    done = run(bench[0])
    assert done.returncode == 0, done.stdout
    assert BENCH_OK in done.stdout


@contextlib.contextmanager
def changed(file: Path, line: int, text: str | None):  # type: ignore[no-untyped-def]
    """A file with another line, or without it."""
    before = file.read_text()
    lines = before.splitlines()
    lines[line : line + 1] = [] if text is None else [text]
    file.write_text("\n".join(lines) + "\n")
    try:
        yield
    finally:
        file.write_text(before)


def leaving(bench: tuple[Path, str]) -> Path:
    """The vectors of the last output."""
    core = find_network("digits").cores()[bench[1]]
    return bench[0].parent / [port.file for port in bench_ports(core) if not port.is_input][-1]


@pytest.mark.parametrize("at", [0, -1])
def test_one_bit_of_one_beat_is_noticed(bench: tuple[Path, str], at: int) -> None:
    file = leaving(bench)
    lines = file.read_text().splitlines()
    line = at % len(lines)
    with changed(file, line, f"{int(lines[line], 16) ^ 1:x}"):
        done = run(bench[0])
    assert done.returncode == 1
    assert f"beat {line} of {file.stem} differs from the model" in done.stdout
    assert BENCH_OK not in done.stdout


def test_a_beat_too_few_is_noticed(bench: tuple[Path, str]) -> None:
    file = leaving(bench)
    with changed(file, 0, None):
        done = run(bench[0])
    assert done.returncode == 1
    assert f"{file.name}: " in done.stdout


@pytest.mark.nightly
def test_the_bench_of_2019_2(tmp_path: Path) -> None:
    """In the oldest language that the open headers take; vivado_hls itself is asked for c++0x, which is C++11."""
    done = run(compiled(tmp_path, "preres", 1, "2019.2", "c++11"))
    assert (done.returncode, BENCH_OK in done.stdout) == (0, True)
