"""The reference design from its parameters to an xclbin without the engine: recorded tensors through its C++."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import needs
import numpy as np
import pytest

from blocks.core.graph import Graph, GraphCore, Port
from blocks.core.hls import render
from blocks.network import Network, find_network
from blocks.network_model import run_network
from blocks.parameters import read_block
from config.settings import Settings
from farm.step import PYTHON, File, Step
from integration.platform import find_platform
from runtime.formats import emulation_data, xclbin
from runtime.formats.checks import manifest_of
from toolchains.common.build import Build
from toolchains.open.emulation import compile_core
from toolchains.open.toolchain import toolchain_of
from toolchains.toolchain import Toolchain

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[4]
ANNOUNCEMENT = ROOT.parent / "shared" / "background" / "finn_resnet50_announcement.txt"
ROOMS = ("blocks", "config", "docs", "farm", "integration", "platform", "runtime", "toolchains")


@dataclass(frozen=True)
class Built:
    """A copy of the checkout with the reference design imported and linked."""

    root: Path
    network: Network
    toolchain: Toolchain

    @property
    def xclbin(self) -> Path:
        return self.root / self.toolchain.build.xclbin

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XILINX", "PYTHON"))}
        data = str(self.root.parent / "data")
        return {**kept, "PYTHONPATH": str(self.root), "XDG_DATA_HOME": data, "XDG_CACHE_HOME": data}

    def python(self, *words: str, folder: Path | None = None, timeout_s: float = 280) -> str:
        done = subprocess.run(
            [sys.executable, *words], cwd=folder or self.root, env=self.environment(), capture_output=True, text=True,
            check=False, timeout=timeout_s,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout + done.stderr

    def scratch(self, step: Step) -> Path:
        """A folder with the inputs of a step and nothing else."""
        folder = self.root.parent / "steps" / step.name.replace(":", "-")
        for item in step.inputs:
            path = folder / item.path
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(item, File):
                shutil.copy(self.root / item.source, path)
            else:
                path.write_text(item.content)
        return folder

    def publish(self, step: Step, folder: Path) -> None:
        for output in step.outputs:
            (self.root / output.target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / output.path, self.root / output.target)

    def run(self, step: Step) -> None:
        """Run a step as the engine would, in a folder of its own."""
        assert step.argv[0] == PYTHON
        folder = self.scratch(step)
        environment = {key: value for key, value in self.environment().items() if key != "PYTHONPATH"}
        done = subprocess.run(
            [sys.executable, *step.argv[1:]], cwd=folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{step.name}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        self.publish(step, folder)

    def prepare_body(self, core: GraphCore) -> tuple[Step, Path]:
        """What `_compile` makes half an `hls` step's outputs of: the sources of a body, and the interface."""
        step, view = self.toolchain.step("hls", core), render(core)
        folder = self.scratch(step)
        with contextlib.chdir(folder):
            compile_core.write_sources(core, view)
            (folder / "interface.json").write_text(json.dumps({"ports": [asdict(port) for port in view.ports]}))
            (folder / "csim.json").write_text("{}")
        return step, folder

    def memories(self) -> dict[str, bytes]:
        """The memory images of every block, as the xclbin carries them."""
        blob = xclbin.read(self.xclbin).emulation[emulation_data.MEMORIES]
        found, at = {}, 0
        for block in self.network.blocks:
            (size,) = struct.unpack_from("<Q", blob, at)
            found[block.name] = blob[at + 8 : at + 8 + size]
            at += 8 + size
        assert at == len(blob)
        return found

    def body(self, core: GraphCore) -> ctypes.CDLL:
        """The object that the program was linked from, as a library."""
        library = self.root.parent / f"{core.name}.so"
        if not library.exists():
            object_file = self.root / self.toolchain.build.folder / "hls" / core.name / "core.o"
            subprocess.run(["g++", "-shared", "-o", str(library), str(object_file)], check=True)
        return ctypes.CDLL(str(library))


@pytest.fixture(scope="module")
def built(reference, tmp_path_factory) -> Built:
    needs.hls_compiler()
    root = tmp_path_factory.mktemp("chain") / "checkout"
    for room in ROOMS:
        shutil.copytree(ROOT / room, root / room, ignore=shutil.ignore_patterns("__pycache__", "resnet50"))
    network = find_network("resnet50", root / "blocks" / "networks")
    build = Built(
        root,
        network,
        toolchain_of(Build("open", root, network, find_platform("u250"), "sw_emu", 250.0, Settings.defaults())),
    )
    build.python("-m", "blocks.parameters", "import", str(reference.folder))
    cores = network.cores()
    toolchain = build.toolchain
    with ThreadPoolExecutor(2) as pool:
        # Only the bodies are compiled. The nightly build of resnet50 runs the whole `hls` step of each core.
        shapes = {core.name: core for core in cores.values()}
        done = [pool.submit(_compile, build, *build.prepare_body(core)) for core in shapes.values()]
        done += [pool.submit(build.run, toolchain.step("weights", block)) for block in network.blocks]
        for each in done:
            each.result()
    build.run(toolchain.step("stitch"))
    build.run(toolchain.step("link"))
    return build


def _compile(build: Built, step: Step, folder: Path) -> None:
    """The body's object; no top, and no comparison with the model."""
    flags = [*compile_core.COMMON_FLAGS, "-O3", "-c", "-I", "host", "-I", "."]
    subprocess.run(["g++", *flags, "-o", "core.o", "body.cpp"], cwd=folder, check=True)
    build.publish(step, folder)


def test_recorded_tensors_from_picture_to_the_last_block(built, reference) -> None:
    """Each body reads what the one before it gave, and its parameters from the xclbin's own memory images."""
    value, memories = reference.array("image"), built.memories()
    for block in built.network.blocks[:-1]:
        core = block.core()
        (value,) = compile_core.run_native(
            built.body(core), core.name, "body", core.graph, memories[block.name], [value]
        )
        name = "inpipe" if block.name == "preres" else block.name
        np.testing.assert_array_equal(value, reference.tensor(f"{name}_out").reshape(-1), err_msg=block.name)


def test_recorded_logits_in_front_of_the_best(built, reference, compile_view) -> None:
    """The head without its last operator: the same C++ with the logits' stream as its port."""
    graph = built.network.last.core().graph
    *nodes, top = graph.nodes
    assert top.inputs == ("logits_out",)
    tapped = GraphCore("head", Graph(graph.inputs, (Port("logits_out", graph.streams()["logits_out"]),), tuple(nodes)))
    body = compile_view(tapped)
    given = (reference.tensor("res5c_out"), reference.fc_weights())
    found = body.run_image(built.memories()["postres"], *given)
    np.testing.assert_array_equal(found, reference.array("outpipe_logits"))


@pytest.mark.skipif(not ANNOUNCEMENT.is_file(), reason="the announcement is not beside this checkout")
def test_recorded_best_through_the_announcements_snippet(built, reference, tmp_path) -> None:
    text = ANNOUNCEMENT.read_text().splitlines()
    code = [line for line in text if re.match(r"(import |ol=|accelerator|fcbuf|inbuf|outbuf|results)", line)]
    assert len(code) == 13
    (tmp_path / "snippet.py").write_text("\n".join(code) + "\n")
    np.save(tmp_path / "img.npy", reference.array("image"))
    np.save(tmp_path / "fc.npy", reference.fc_weights())
    built.python("-m", "runtime", "trust", str(built.xclbin))
    words = ["run", "snippet.py", "--image", "img.npy", "--fc-weights", "fc.npy", "--xclbin", str(built.xclbin)]
    said = built.python("-m", "runtime", *words, folder=tmp_path)
    assert f"results: {reference.array('outpipe_top5').tolist()}" in said.replace("\n", " ")


def test_a_batch_equals_the_model(built, reference, monkeypatch) -> None:
    import runtime

    picture, rng = reference.array("image"), np.random.default_rng(6)
    images = np.stack([picture, picture[:, ::-1], rng.integers(0, 256, picture.shape, np.uint8)])
    files = built.network.parameters
    values = {block.name: read_block(files / f"{block.name}.npz") for block in built.network.blocks}
    expected = run_network(built.network, values, images, reference.fc_weights())["postres"]
    monkeypatch.setenv("XDG_DATA_HOME", built.environment()["XDG_DATA_HOME"])
    built.python("-m", "runtime", "trust", str(built.xclbin))
    with warnings.catch_warnings():
        # Only the last layer's weights are stand-ins, and these are not used here.
        warnings.simplefilter("error", runtime.StandInWarning)
        with runtime.Accelerator(built.xclbin, fc_weights=reference.fc_weights()) as accelerator:
            np.testing.assert_array_equal(accelerator.classify(images), expected)
    with pytest.warns(runtime.StandInWarning, match="some random weights .imported, stand-in fc_weights."):
        runtime.Accelerator(built.xclbin).close()


def test_where_the_values_are_from(built, xrt_agrees) -> None:
    """Imported ones, and stand-ins for the last layer's weights, which nobody published."""
    xrt_agrees(built.xclbin)
    facts = manifest_of(xclbin.read(built.xclbin), str(built.xclbin))
    assert facts.parameters.origin == "imported, stand-in fc_weights"
    assert facts.parameters.stand_ins()
    assert not facts.parameters.stand_ins(own_weights=True)


@pytest.mark.nightly
@pytest.mark.timeout(1800)
def test_the_whole_build(built, reference, tmp_path) -> None:
    """Every step of `doit build` by the engine; a core's bytes are those that the steps alone make."""
    root = tmp_path / "checkout"
    shutil.copytree(built.root, root, ignore=shutil.ignore_patterns("build"))
    for file in ("dodo.py", "farm.yaml", "pyproject.toml"):
        shutil.copy(ROOT / file, root)
    build = replace(built, root=root)
    said = build.python("-m", "doit", "-n", "2", "build", timeout_s=1500)
    assert said.splitlines()[0].startswith("resnet50 is built with random weights in postres.fc_weights, so")
    assert "31 run, 0 current" in said
    assert build.xclbin.read_bytes() == built.xclbin.read_bytes()
