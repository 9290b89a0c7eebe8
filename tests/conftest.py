"""For all tests: how workers share and divide them, and the reference design as described by its data."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import re
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import needs
import numpy as np
import pytest
from flow_checkout import Checkout, build_digits, share_bytecode
from hypothesis import settings
from in_memory import IN_MEMORY, remove_ended, roomy
from once import Once
from steps_by_hand import Steps

from blocks.core.graph import GraphCore
from blocks.network import Network, find_network, read_network
from config.settings import Settings
from integration.platform import find_platform
from runtime.errors import XrtError
from runtime.formats import xclbin
from runtime.xrt import judge
from runtime.xrt.differences import differences
from toolchains.common.build import Build
from toolchains.open.simulation.compile_model import HARNESS, MODEL, link_simulation
from toolchains.open.simulation.simulator import Simulator, build
from toolchains.open.toolchain import toolchain_of

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
#: Fixtures that compile, synthesise or build, or let the test do so.
EXPENSIVE = {"once", "machine"}
#: At most this many quick tests of a file go to a worker at once: to hand one over takes longer than most of them.
TOGETHER = 20
#: What pytest-xdist appends to the name of a test in a group of ours.
_GROUP = re.compile(r"@(quick\d+|tests/\S+\.py)$")
SIMULATED = "digits-simulated"
WORKER = "PYTEST_XDIST_WORKER" in os.environ
#: How many folders have had a name.
_folders: Counter[str] = Counter()

for _number in (signal.SIGINT, signal.SIGHUP):
    # A shell without job control starts `./check &` with SIGINT ignored, nohup starts it with SIGHUP ignored. Programs
    # started by tests would inherit that, so a test could not interrupt them. A handler is not inherited, and this one
    # ignores the signal as well.
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, lambda *_: None)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let the collector of garbage look only at what tests make: modules and the tests themselves stay to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_configure(config: pytest.Config) -> None:
    """Let `./check` try the same examples at each run of one state; the nightly run looks for new ones."""
    settings.register_profile("same", derandomize=True, database=None)
    if config.option.markexpr != "nightly":
        settings.load_profile("same")
    # Otherwise pytest-xdist begins with the largest groups: those of quick tests before the slow tests.
    config.option.loadscopereorder = False
    if not WORKER and config.getoption("dist", "no") != "no":
        # Longer turns: a program that goes on finds its caches as it left them. All that tests start inherits it.
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        remove_ended()
        if roomy():
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that are slow and those that must run in one worker; pytest-xdist reads the marks next."""
    group, left, last = 0, 0, ""
    for item in items:
        if not EXPENSIVE.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker("slow")
        if item.get_closest_marker("xdist_group") is not None:
            continue
        file = item.nodeid.partition("::")[0]
        if _of_a_module(item):
            item.add_marker(pytest.mark.xdist_group(file))
        elif item.get_closest_marker("slow") is None:
            if not left or file != last:
                group, left, last = group + 1, TOGETHER, file
            left -= 1
            item.add_marker(pytest.mark.xdist_group(f"quick{group}"))
    if WORKER:
        # Long tests first, so the workers have short ones to share at the end.
        items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Call a test by the name that can be typed, which `--lf` finds; the group matters to pytest-xdist only."""
    if not WORKER:
        report.nodeid = _GROUP.sub("", report.nodeid)


def _of_a_module(item: pytest.Item) -> bool:
    """Whether the test uses a fixture that is made once for its file.

    One of the scope `module` would be made again in another worker. For one of the scope `session` that the file itself
    has, another worker would wait.
    """
    used = getattr(item, "_fixtureinfo", None)
    return used is not None and any(
        each[-1].scope == "module" or (each[-1].scope == "session" and each[-1].baseid.endswith(".py"))
        for each in used.name2fixturedefs.values()
    )


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the test, with the name that pytest gives, which looks at all earlier folders for a free number."""
    name = re.sub(r"\W", "_", request.node.name)[:30]
    base = tmp_path_factory.getbasetemp()
    while True:
        path = base / f"{name}{_folders[name]}"
        _folders[name] += 1
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
            return path


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Makes a folder once in a run. What needs it is slow: `./check --fast` leaves it out."""
    return _once(tmp_path_factory)


def _once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if WORKER else base) / "once"
    folder.mkdir(exist_ok=True)
    return Once(folder)


@pytest.fixture(scope="session")
def xrt_agrees(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], None]:
    """Assert that AMD's XRT loads and runs an xclbin and reads in it what this project does.

    Does nothing where XRT is not installed; tests/runtime/xrt says so by a skip. Not by the fixture `once`: it serves
    fast tests too, and its program is small.
    """
    try:
        installation = judge.find()
    except XrtError:
        return lambda _: None
    folder = _once(tmp_path_factory).make("xrt-judge", lambda place: judge.compile_judge(installation, place))

    def check(path: Path) -> None:
        assert differences(xclbin.read(path), judge.judge(folder / judge.PROGRAM, path)) == ()

    return check


@dataclass(frozen=True)
class Reference:
    """The reference design: the network of its README's table, and the recorded inference."""

    folder: Path
    network: Network
    rows: dict[str, list[str]]

    def tensor(self, name: str) -> np.ndarray:
        """A recorded output [H, W, C], unpacked as described in the data's README."""
        with np.load(self.folder / "vectors_chelsea.npz") as vectors:
            bits, height, width, channels = json.loads(str(vectors["shapes"]))[name]
            packed = vectors[name]
        count = 8 // bits
        split = packed[:, None] >> (np.arange(count, dtype=np.uint8) * bits) & ((1 << bits) - 1)
        return split.reshape(-1)[: height * width * channels].reshape(height, width, channels).astype(np.uint8)

    def array(self, name: str) -> np.ndarray:
        """An array of the vectors that is not packed."""
        with np.load(self.folder / "vectors_chelsea.npz") as vectors:
            return vectors[name]

    def block_input(self, name: str) -> np.ndarray:
        """The input of a block: the recorded output of the one before it."""
        names = [block.name for block in self.network.blocks]
        before = names.index(name) - 1
        return self.array("image") if before < 0 else self.tensor(f"{names[before]}_out")

    def fc_weights(self) -> np.ndarray:
        """The made-up weights behind the recorded logits."""
        return np.random.RandomState(50).randint(-128, 128, size=(1000, 2048)).astype(np.int8)

    def core(self, name: str) -> GraphCore:
        """A block's core."""
        return next(block for block in self.network.blocks if block.name == name).core()


def _yaml(rows: dict[str, list[str]]) -> str:
    lines = ["name: resnet50", "image: {height: 224, width: 224, channels: 3}", "blocks:"]
    for block, (branches, _, _, convolutions) in rows.items():
        lines.append(f"  - name: {block}")
        if block == "outpipe":
            lines += ["    kind: head", "    classes: 1000", "    top: 5", "    lanes: 32", "    simd: 64"]
            continue
        strides, shapes = {}, []
        for text in convolutions.split(", "):
            found = re.match(r"(\w+) \d+->(\d+) s(\d) (\d+)/(\d+)", text)
            if found:
                name, channels, strides[name], pe, simd = found.groups()
                shapes.append((name, f"channels: {channels}, pe: {pe}, simd: {simd}"))
        if block == "inpipe":
            shape = f"{shapes[0][1]}, kernel: 7, stride: 2, pad: [3, 3, 2, 2], mmv: 16"
            lines += ["    kind: stem", f"    conv0: {{{shape}}}"]
            lines.append("    max_pool: {kernel: 3, stride: 2, pad: [0, 0, 1, 1]}")
            continue
        lines += ["    kind: residual", f"    branches: {branches}", f"    stride: {strides['conv2a']}"]
        lines += [f"    {name}: {{{shape}}}" for name, shape in shapes]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="session")
def harness(once: Once) -> Path:
    """The harness of simulations, as its step makes it of its declared inputs only; skips without Verilator."""
    needs.installed_verilator()
    needs.compiler()

    def make_it(folder: Path) -> None:
        its = Build("open", ROOT, find_network("digits"), find_platform("u250"), "sw_emu", 250.0, Settings.defaults())
        step = toolchain_of(its).shared("model")[0]
        Steps(folder).run(step)
        shutil.copy(folder / step.outputs[0].target, folder)

    return once.make("harness", make_it) / HARNESS


@pytest.fixture(scope="session")
def simulations(harness: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which a worker compiles models; it already contains the harness."""
    folder = tmp_path_factory.mktemp("simulations")
    (folder / HARNESS).symlink_to(harness)
    return folder


@pytest.fixture(scope="session")
def simulate(once: Once, harness: Path) -> Callable[[GraphCore], Simulator]:
    """Verilate and compile a core; each one only once.

    A model that a build of digits has made already is taken from there: it is made of the same by the same lines.
    """

    def build_one(core: GraphCore, folder: Path) -> None:
        digits = once.made(SIMULATED)
        model = digits / "checkout/build/digits/open-hw_emu/model" / core.name / MODEL if digits else None
        if model and model.exists():
            link_simulation(model, harness, folder / f"{core.name}.so")
            return
        (folder / HARNESS).symlink_to(harness)
        build(core, folder)

    def simulate_one(core: GraphCore) -> Simulator:
        folder = once.make(f"{core.name}-simulated", lambda place: build_one(core, place))
        return Simulator(core, folder / f"{core.name}.so")

    return simulate_one


@pytest.fixture(scope="session")
def digits_built(once: Once) -> Path:
    """A folder with a `checkout` in which doit has built digits, and the user's `data` after it."""
    return once.make("digits", build_digits)


@pytest.fixture(scope="session")
def digits_simulated(once: Once, digits_built: Path) -> Path:
    """The same with digits built for target hw_emu beside it, and what that build printed in `built.log`."""
    needs.installed_verilator()

    def build_it(folder: Path) -> None:
        shutil.copytree(digits_built, folder, symlinks=True, dirs_exist_ok=True, copy_function=share_bytecode)
        output = Checkout(folder / "checkout").doit("build", "network=digits", "target=hw_emu")
        (folder / "built.log").write_text(output)

    return once.make(SIMULATED, build_it)


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """The reference design; skips if its data is not beside the checkout."""
    folder = SHARED / "resnet50_w1a2"
    if not (folder / "vectors_chelsea.npz").exists():
        pytest.skip("the reference design's data (../shared/resnet50_w1a2) is not here")
    rows = {}
    for line in (folder / "README.md").read_text().splitlines():
        if re.match(r"\| (inpipe|res\d\w|outpipe) \|", line):
            block, *rest = (cell.strip() for cell in line.strip("| ").split("|"))
            rows[block] = rest
    path = tmp_path_factory.mktemp("networks") / "resnet50.yaml"
    path.write_text(_yaml(rows))
    return Reference(folder, read_network(path), rows)
