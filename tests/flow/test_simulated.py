"""digits for target hw_emu, built and run as a user does: the model's classes, cycles, and calls that go wrong."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from flow_checkout import BLOCKS, Checkout
from whole_kernel import Built

from blocks.dataset import held_out
from blocks.network import find_network
from blocks.network_model import run_network
from blocks.trained import parameter_file
from blocks.weights import values_of
from runtime.errors import PayloadError

pytestmark = pytest.mark.timeout(600)
FOLDER = "build/digits/open-hw_emu"
PICTURES = 8


@pytest.fixture(scope="module")
def built(digits_simulated: Path) -> Built:
    return Built(digits_simulated / "checkout" / FOLDER, find_network("digits"))


@pytest.fixture(scope="module")
def pictures(built: Built) -> np.ndarray:
    pytest.importorskip("sklearn.datasets")
    return held_out(built.network.dataset)[0]


@pytest.fixture
def xclbin(digits_simulated: Path, built: Built, monkeypatch: pytest.MonkeyPatch) -> Path:
    pytest.importorskip("pynq")
    monkeypatch.setenv("XDG_DATA_HOME", str(digits_simulated / "data"))
    return built.folder / "digits.xclbin"


@pytest.fixture
def accelerator(xclbin: Path) -> Iterator:
    import runtime

    with runtime.Accelerator(xclbin) as accelerator:
        yield accelerator


def test_nothing_but_models_is_compiled(digits_simulated: Path, built: Built) -> None:
    ran = set(re.findall(r"^  run     (\S+)", (digits_simulated / "built.log").read_text(), re.MULTILINE))
    parts = {"harness", "links", *(core.name for core in built.network.cores().values())}
    assert ran == {*(f"model:{part}" for part in parts), "placement:digits", "stitch:digits", "link:digits"}
    assert not (built.folder / "hls").exists()


def test_the_xclbin_is_one_for_amds_xrt(built: Built, xrt_agrees: Callable[[Path], None]) -> None:
    xrt_agrees(built.folder / "digits.xclbin")


def test_classes_are_the_models_and_cycles_are_told(built: Built, pictures: np.ndarray, accelerator) -> None:
    network = built.network
    values = {
        block.name: values_of(block.core().graph, block.name, parameter_file(network, block))
        for block in network.blocks
    }
    matrix = np.frombuffer(built.weights, np.int8).reshape(network.last.classes, -1)
    expected = run_network(network, values, pictures[:PICTURES], matrix)["postres"]
    np.testing.assert_array_equal(accelerator.classify(pictures[:PICTURES]), expected)
    told = accelerator.statistics()
    assert (told.images, len(told.end)) == (PICTURES, PICTURES)
    # The slowest core's cycles by formula, and one percent for what stands between cores.
    assert network.interval()[0] * 0.9 <= told.interval_cycles <= network.interval()[0] * 1.01
    assert [block.name for block in told.blocks] == ["inoutdma", *BLOCKS]
    np.testing.assert_array_equal(accelerator.classify(pictures[:1]), expected[:1])
    assert accelerator.statistics().interval_cycles is None
    assert accelerator.statistics().end[0] == told.end[0], "an empty pipeline takes as long again"


def test_a_killed_simulation_is_an_error_and_the_next_call_works(accelerator, pictures: np.ndarray) -> None:
    first = accelerator.classify(pictures[:1])
    failed: list[BaseException] = []

    def call() -> None:
        try:
            # One call: one that waits behind it would be simulated before the error comes out.
            list(accelerator.stream([pictures[:200]]))
        except PayloadError as error:
            failed.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    time.sleep(0.5)
    (child,) = children(os.getpid(), "payload")
    os.kill(child, signal.SIGKILL)
    thread.join(timeout=60)
    (error,) = failed
    assert "was killed by SIGKILL" in str(error)
    np.testing.assert_array_equal(accelerator.classify(pictures[:1]), first)


def test_ctrl_c_in_a_call_ends_everything(digits_simulated: Path, pictures: np.ndarray, xclbin: Path, tmp_path) -> None:
    files = []
    for number in range(40):
        files.append(tmp_path / f"{number}.npy")
        np.save(files[-1], pictures[number % 8])
    process = Checkout(digits_simulated / "checkout").start(
        "-m", "runtime", "classify", "--xclbin", str(xclbin), *map(str, files * 100), start_new_session=True
    )
    deadline = time.monotonic() + 120
    while not children(process.pid, "payload"):
        assert time.monotonic() < deadline and process.poll() is None, process.communicate()
        time.sleep(0.05)
    time.sleep(0.5)
    (child,) = children(process.pid, "payload")
    os.kill(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert (process.returncode, output) == (130, "")
    assert not Path(f"/proc/{child}").exists()


def children(parent: int, name: str) -> list[int]:
    """Processes that `parent` has started, of that name."""
    found = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(parent)], capture_output=True, text=True, check=False
    )
    lines = (line.split(maxsplit=1) for line in found.stdout.splitlines())
    return [int(pid) for pid, command in lines if Path(command.split()[0]).name == name]
