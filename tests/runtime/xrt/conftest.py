"""Host programs of docs/examples, and the launcher that runs them."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path

import needs
import numpy as np
import pytest
from xrt_hosts import CLASSES, IMAGE_BYTES, left_behind

from runtime.errors import XrtError
from runtime.xrt import installation

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "docs" / "examples"


def compiled(once, name: str, *options: str) -> Path:
    """A program of docs/examples, compiled with no warning of its own."""
    source = EXAMPLES / f"{name}.cpp"

    def make(folder: Path) -> None:
        argv = ["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-isystem", "/usr/include/xrt", str(source)]
        subprocess.run([*argv, "-o", folder / name, *options], check=True)

    return once.make(name, make) / name


@pytest.fixture(scope="session")
def native(once):
    """The C++ program, or skip where XRT or its headers are absent."""
    needs.xrt()
    needs_hw_emu()
    return compiled(once, "xrt_native", "-lxrt_coreutil", "-luuid")


@pytest.fixture(scope="session")
def opencl(once):
    """The OpenCL program, or skip where XRT or OpenCL's headers are absent."""
    needs.xrt()
    needs_hw_emu()
    if not Path("/usr/include/CL/cl.h").exists():
        pytest.skip("there are no headers of OpenCL: apt-get install opencl-headers")
    return compiled(once, "xrt_opencl", "-lxilinxopencl")


def needs_hw_emu():
    """XRT with its hw_emu plug-in."""
    try:
        installation.find()
    except XrtError as error:
        pytest.skip(str(error))


@pytest.fixture()
def launch():
    """Start ``python -m runtime xrt`` with these words; its output, both streams, is text."""
    needs_hw_emu()
    started = []

    def start(*words: object, **environment: str) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "runtime", "xrt", *map(str, words)]
        process = subprocess.Popen(
            argv, cwd=ROOT, env={**os.environ, **environment}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=30)


@pytest.fixture()
def given(tmp_path) -> list[object]:
    """Arguments behind the xclbin: kernel, images, weights, sizes."""
    random = np.random.default_rng(7)
    images = random.integers(0, 256, (5, IMAGE_BYTES), np.uint8)
    weights = random.integers(-128, 128, 160, np.int8)
    images.tofile(tmp_path / "images.bin")
    weights.tofile(tmp_path / "weights.bin")
    return ["digits", tmp_path / "images.bin", tmp_path / "weights.bin", IMAGE_BYTES, CLASSES]


@pytest.fixture()
def nothing_is_left(monkeypatch):
    """Fail a test that leaves a process or a folder of a run."""
    mark = uuid.uuid4().hex
    monkeypatch.setenv("NOTHING_IS_LEFT", mark)
    yield
    assert left_behind(f"NOTHING_IS_LEFT={mark}".encode()) == []
