"""The flow as a user runs it: doit in a copy of the checkout, with digits built once."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from blocks.model import random_parameters, run_graph
from blocks.network import find_network, read_network
from blocks.network_model import run_network
from blocks.parameters import read_block

ROOT = Path(__file__).resolve().parents[1]
FOLDER = "build/digits/open-sw_emu"
BLOCKS = ["preres", "res2a", "res2b", "res3a", "res3b", "postres"]


@dataclass(frozen=True)
class Checkout:
    """A copy of the checkout with data folders of its own."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XILINX", "PYTEST"))}
        data = str(self.folder.parent / "data")
        return {**kept, "PYTHONPATH": str(self.folder), "XDG_DATA_HOME": data, "XDG_CACHE_HOME": data}

    def start(self, *words: str, **more) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *words],
            cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, **more,
        )  # fmt: skip

    def python(self, *words: str, status: int = 0) -> str:
        """Run Python to its end, check its exit status, and return all that it has printed."""
        process = self.start(*words)
        try:
            output, _ = process.communicate(timeout=200)
        finally:
            process.kill()
        assert process.returncode == status, output
        return output

    def doit(self, *words: str, status: int = 0) -> str:
        return self.python("-m", "doit", *words, status=status)

    def ran(self, *words: str) -> set[str]:
        """Run doit and return the names of the steps that it has started."""
        return set(re.findall(r"^  run     (\S+)", self.doit(*words), re.MULTILINE))

    def core(self, block: str) -> str:
        """The name of a block's core, as `doit list` tells it."""
        return re.search(rf"^hls:{block} +.*= hls:(\S+)", self.doit("list", "--all"), re.MULTILINE)[1]

    def files(self) -> dict[str, tuple[int, int]]:
        """Every file of the build folder with its inode and time."""
        found = {}
        for path in sorted((self.folder / "build").rglob("*")):
            if path.is_file():
                found[path.relative_to(self.folder).as_posix()] = (path.stat().st_ino, path.stat().st_mtime_ns)
        return found

    def artefacts(self) -> dict[str, tuple[int, int]]:
        """The same without what the engine keeps for itself."""
        return {path: stamp for path, stamp in self.files().items() if path.startswith(FOLDER) and "doit" not in path}

    def processes(self) -> list[str]:
        """Command lines of processes that run in this copy or read a file of it."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    where, command = (entry / "cwd").readlink(), (entry / "cmdline").read_bytes()
                    state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                except OSError:
                    continue
                if state != "Z" and (where.is_relative_to(self.folder) or str(self.folder).encode() in command):
                    found.append(command.decode(errors="replace").replace("\0", " "))
        return found


def copy_checkout(folder: Path) -> Checkout:
    """What git knows or would add, and nothing that was built."""
    if shutil.which("git") is None or shutil.which("g++") is None:
        pytest.skip("git and g++ are needed for a build")
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip("this is no git checkout, so that nobody says which files belong to it")
    for name in done.stdout.decode().split("\0"):
        source = ROOT / name
        if name and source.is_file() and not name.startswith("tests/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name)
    # The tests build the small network; which one the project builds by itself is no matter here.
    settings = folder / "farm.yaml"
    settings.write_text(re.sub(r"(?m)^network: .*$", "network: digits", settings.read_text()))
    return Checkout(folder)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Checkout:
    """A checkout with digits built."""
    checkout = copy_checkout(tmp_path_factory.mktemp("first") / "checkout")
    output = checkout.doit("build", "network=digits")
    names = set(re.findall(r"^  run     (\S+)", output, re.MULTILINE))
    cores = {checkout.core(block) for block in ["inoutdma", *BLOCKS]}
    assert len(cores) == 7
    expected = {f"hls:{core}" for core in cores} | {f"weights:{block}" for block in BLOCKS}
    assert names == expected | {"stitch:digits", "link:digits"}
    assert "15 run, 0 current" in output
    return checkout


@pytest.fixture(scope="module")
def other(tmp_path_factory) -> Checkout:
    """Another checkout, in a folder whose name has another length, with nothing built."""
    return copy_checkout(tmp_path_factory.mktemp("second") / "a_checkout_elsewhere")


@pytest.fixture
def edited(built) -> Iterator:
    """Return a function that changes a file; it is as before after the test."""
    before: dict[Path, bytes] = {}

    def edit(name: str, change) -> None:
        path = built.folder / name
        before.setdefault(path, path.read_bytes())
        path.write_bytes(change(path.read_bytes()))

    yield edit
    for path, content in before.items():
        path.write_bytes(content)


def test_the_copy_runs_its_own_modules(built) -> None:
    names = ["blocks", "config", "farm", "integration", "runtime", "toolchains", "benchmarks"]
    code = f"import {', '.join(names)}\nfor m in ({', '.join(names)}): print(m.__file__)"
    found = built.python("-c", code).split()
    assert found == [str(built.folder / name / "__init__.py") for name in names]


class TestSecondBuild:
    def test_nothing_runs(self, built) -> None:
        before = built.artefacts()
        assert "nothing to do: 15 current" in built.doit("build", "network=digits")
        assert "nothing to do: 15 current" in built.doit()
        assert built.artefacts() == before

    def test_touched_files_run_nothing(self, built) -> None:
        for path in built.folder.rglob("*.[nyph]*"):
            if path.suffix in (".npz", ".yaml", ".py", ".hpp") and "build" not in path.parts:
                path.touch()
        assert "nothing to do: 15 current" in built.doit("build")

    def test_comment_in_a_block_compiles_nothing(self, built, edited) -> None:
        """The graph of a core says what it is; how Python came to it does not enter the key."""
        edited("blocks/residual.py", lambda text: text + b"# a comment\n")
        edited("blocks/networks/digits.yaml", lambda text: b"# a comment\n" + text)
        assert built.ran("build") == set()

    def test_new_weights_compile_nothing(self, built, edited) -> None:
        before = built.artefacts()

        def shift(data: bytes) -> bytes:
            path = built.folder.parent / "arrays.npz"
            path.write_bytes(data)
            with np.load(path) as archive:
                arrays = {name: archive[name] for name in archive.files}
            arrays["conv2c_thresholds"] = arrays["conv2c_thresholds"] + 1
            np.savez(path, **arrays)
            return path.read_bytes()

        edited("blocks/networks/digits/res2b.npz", shift)
        assert built.ran("build") == {"weights:res2b", "link:digits"}
        changed = {path for path, stamp in built.artefacts().items() if before.get(path) != stamp}
        written = {"weights/res2b/memories.bin", "weights/res2b/memories.json", "weights/res2b/weights.log"}
        assert changed == {f"{FOLDER}/{name}" for name in (*written, "digits.xclbin", "link.log", "link/values.json")}
        assert "every index equals the integer model's" in built.python("-m", "benchmarks.held_out", "digits")

    def test_archive_of_the_same_values_links_nothing(self, built, edited) -> None:
        """Other bytes of the container, the same arrays: the images are equal, so that nothing behind them runs."""
        built.doit("build")

        def pack(data: bytes) -> bytes:
            path = built.folder.parent / "arrays.npz"
            path.write_bytes(data)
            with np.load(path) as archive:
                np.savez_compressed(path, **{name: archive[name] for name in reversed(archive.files)})
            return path.read_bytes()

        edited("blocks/networks/digits/res3b.npz", pack)
        assert built.ran("build") <= {"weights:res3b"}

    def test_a_folding_runs_its_core_and_what_is_behind(self, built, edited) -> None:
        built.doit("build")
        before, core = built.artefacts(), built.core("res2b")
        fold = b"conv2a: {channels: 32, pe: 8, simd: 16}"
        edited("blocks/networks/digits.yaml", lambda text: text.replace(fold, fold.replace(b"pe: 8", b"pe: 16"), 1))
        after = built.core("res2b")
        assert after != core
        assert built.ran("build") == {f"hls:{after}", "weights:res2b", "stitch:digits", "link:digits"}
        unchanged = {path for path, stamp in built.artefacts().items() if before.get(path) == stamp}
        assert {path for path in before if path.startswith(f"{FOLDER}/hls/")} <= unchanged
        assert "every index equals the integer model's" in built.python("-m", "benchmarks.held_out", "digits")

    def test_back_to_the_first_folding_compiles_nothing(self, built) -> None:
        output = built.doit("build")
        restored = set(re.findall(r"^  restore (\S+)", output, re.MULTILINE))
        assert restored == {"weights:res2b", "stitch:digits", "link:digits"}
        assert not re.search(r"^  run ", output, re.MULTILINE)
        assert "nothing to do" in built.doit("build")


class TestWrongWords:
    @pytest.fixture
    def refused(self, built):
        """Return a function that runs doit and gives its message; nothing may have been built."""

        def run(*words: str) -> str:
            before = built.files()
            output = built.doit(*words, status=3)
            assert built.files() == before
            assert "Traceback" not in output
            return output

        return run

    @pytest.mark.parametrize(
        ("words", "message", "remedy"),
        [
            (["build", "network=digit"], "command line: there is no network called 'digit'", "did you mean 'digits'?"),
            (["build", "network=alexnet"], "there is no network called 'alexnet'", "known: digits"),
            (["build", "netwrok=digits"], "unknown variable 'netwrok'", "did you mean 'network'?"),
            (["build", "target=sw-emu"], "'target' cannot be 'sw-emu'", "did you mean 'sw_emu'?"),
            (["build", "target=hw"], "toolchain open has no target hw", "vitis"),
            (["build", "target=hw_emu"], "does not reach target hw_emu", "use target=sw_emu"),
            (["build", "toolchain=opne"], "'toolchain' cannot be 'opne'", "did you mean 'open'?"),
            (["build", "platform=u25"], "there is no platform called 'u25'", "did you mean 'u250'?"),
            (["build", "clock_mhz=fast"], "'clock_mhz' cannot be 'fast'", "give a number"),
            (["build", "clock_mhz=0"], "'clock_mhz' cannot be '0'", "give at least 1"),
            (["build", "network=digits", "network=digits"], "'network' is given twice", "keep one"),
            (["biuld"], "biuld", "build"),
            (["hls:res2z"], "hls:res2z", "hls:res2"),
        ],
    )
    def test_message(self, refused, words, message, remedy) -> None:
        output = refused(*words)
        assert message in output
        assert remedy in output

    def test_two_at_once(self, refused) -> None:
        output = refused("build", "netwrok=digits", "target=hv")
        assert "netwrok" in output
        assert "'target' cannot be 'hv'" in output

    def test_network_with_mistakes(self, built, refused) -> None:
        text = (built.folder / "blocks/networks/digits.yaml").read_text()
        text = text.replace("name: digits", "name: broken").replace("branches: 2", "branches: two", 1)
        text = text.replace("lanes: 16", "lanes: 15")
        path = built.folder / "blocks/networks/broken.yaml"
        path.write_text(text)
        try:
            output = refused("build", "network=broken")
        finally:
            path.unlink()
        lines = text.splitlines()
        for part in ("branches: two", "lanes: 15"):
            line = 1 + next(i for i, found in enumerate(lines) if part in found)
            assert f"blocks/networks/broken.yaml:{line}: " in output
        assert not (built.folder / "build/broken").exists()

    def test_network_of_the_project_file_is_named_by_its_line(self, built, refused, edited) -> None:
        edited("farm.yaml", lambda text: text.replace(b"network: digits", b"network: digit"))
        line = 1 + (built.folder / "farm.yaml").read_text().splitlines().index("network: digit")
        assert f"farm.yaml:{line}: there is no network called 'digit'" in refused("build")


class TestDoitsOwnCommands:
    def test_list(self, built) -> None:
        names = [line.split()[0] for line in built.doit("list").splitlines()]
        assert set(names) >= {"block", "build", "cosim", "hls", "link", "ooc", "reports", "stitch", "weights"}

    def test_list_all(self, built) -> None:
        output = built.doit("list", "--all")
        names = [line.split()[0] for line in output.splitlines()]
        assert {f"{task}:{block}" for task in ("hls", "block", "weights") for block in BLOCKS} <= set(names)
        assert all(len(line.split()) > 1 for line in output.splitlines()), "a task without a sentence"

    def test_status(self, built) -> None:
        built.doit("build")
        states = {line.split()[1]: line.split()[0] for line in built.doit("list", "--all", "--status").splitlines()}
        assert states["link:digits"] == states["stitch:digits"] == "U"

    def test_info(self, built) -> None:
        output = built.doit("info", "link:digits")
        for part in (f"{FOLDER}/digits.xclbin", f"{FOLDER}/stitch/program", "up-to-date"):
            assert part in output

    def test_answers_at_once(self, built) -> None:
        begin = time.monotonic()
        built.doit("list")
        assert time.monotonic() - begin < 5  # about 0.5 s on an idle machine

    def test_config(self, built) -> None:
        output = built.doit("config", "clock_mhz=200")
        assert re.search(r"^network +digits +farm\.yaml:\d+", output, re.MULTILINE)
        assert re.search(r"^clock_mhz +200\.0 +command line", output, re.MULTILINE)


class TestImports:
    """`platform/` is data and has the name of a module of the standard library; dodo.py answers at once."""

    SHOW = "import platform; print(platform.__file__, platform.python_version())"

    def is_standard(self, output: str) -> bool:
        file, version = output.strip().splitlines()[-1].split()
        return not Path(file).is_relative_to(ROOT) and Path(file).name == "platform.py" and version.count(".") >= 2

    def test_pytest(self) -> None:
        import platform

        assert self.is_standard(f"{platform.__file__} {platform.python_version()}")
        assert (ROOT / "platform").is_dir()
        assert not list((ROOT / "platform").glob("*.py"))

    def test_python_in_the_checkout(self, built) -> None:
        (built.folder / "show_platform.py").write_text(self.SHOW + "\n")
        try:
            assert self.is_standard(built.python("-m", "show_platform"))
            assert self.is_standard(built.python("-c", self.SHOW))
        finally:
            (built.folder / "show_platform.py").unlink()

    def test_doit(self, built) -> None:
        (built.folder / "show_dodo.py").write_text(f"{self.SHOW}\ndef task_none():\n    return {{'actions': None}}\n")
        try:
            output = built.doit("list", "-f", "show_dodo.py")
        finally:
            (built.folder / "show_dodo.py").unlink()
        assert self.is_standard(output.splitlines()[0])

    def test_type_checker(self, built) -> None:
        pytest.importorskip("mypy")
        source = built.folder / "show_platform.py"
        source.write_text("import platform\nreveal_type(platform.python_version())\n")
        try:
            output = built.python("-m", "mypy", "--cache-dir", "../types", "show_platform.py")
        finally:
            source.unlink()
        assert 'Revealed type is "builtins.str"' in output or 'Revealed type is "str"' in output

    def test_dodo_loads_nothing_slow(self, built) -> None:
        code = "import sys; sys.argv = ['doit', 'list']; import dodo; print(*sorted(sys.modules))"
        loaded = set(built.python("-c", code).split())
        assert "blocks.network" in loaded
        slow = {"numpy", "pynq", "sklearn", "rich", "PIL", "hls4ml", "tree_sitter", "asyncio", "runtime.accelerator"}
        assert slow & loaded == set()


@pytest.fixture(scope="module")
def digits(built):
    """Images, labels and the model's indices of all held-out digits, and the path of the xclbin."""
    datasets = pytest.importorskip("sklearn.datasets")
    built.doit("build")
    data = datasets.load_digits()
    images, labels = data.images[::5].astype(np.uint8)[..., None], data.target[::5]
    network = find_network("digits")
    parameters = {block.name: read_block(network.parameters / f"{block.name}.npz") for block in network.blocks}
    weights = parameters["postres"].arrays["fc_weights"]
    return images, labels, run_network(network, parameters, images, weights)["postres"], weights


class TestResult:
    """The built xclbin on the emulated card."""

    @pytest.fixture
    def xclbin(self, built, monkeypatch) -> Path:
        monkeypatch.setenv("XDG_DATA_HOME", built.environment["XDG_DATA_HOME"])
        return built.folder / FOLDER / "digits.xclbin"

    def test_all_held_out_digits(self, digits, xclbin) -> None:
        pytest.importorskip("pynq")
        import runtime

        images, labels, expected, _ = digits
        assert len(images) == 360
        with runtime.Accelerator(xclbin) as accelerator:
            found = accelerator.classify(images)
            assert accelerator.labels == tuple("0123456789")
        np.testing.assert_array_equal(found, expected)
        assert (found[:, 0] == labels).mean() >= 0.95

    def test_any_batch(self, digits, xclbin) -> None:
        pytest.importorskip("pynq")
        import runtime

        images, _, expected, _ = digits
        for batch in (1, 7):
            with runtime.Accelerator(xclbin, batch=batch) as accelerator:
                np.testing.assert_array_equal(accelerator.classify(images[:23]), expected[:23])

    def test_untrusted_without_the_users_word(self, xclbin, monkeypatch, tmp_path) -> None:
        pytest.importorskip("pynq")
        import runtime
        from runtime.errors import FarmRuntimeError

        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
        with pytest.raises(FarmRuntimeError, match="trust"):
            runtime.Accelerator(xclbin).classify(np.zeros((1, 8, 8, 1), np.uint8))

    def test_program_refuses_what_it_cannot_use(self, built, digits) -> None:
        """The payload by its own protocol: each wrong request is answered with a reason, and the next one served."""
        program = built.folder / FOLDER / "stitch/program"
        images, _, expected, weights = digits
        folder = built.folder / FOLDER / "weights"
        parts = [(folder / block / "memories.bin").read_bytes() for block in BLOCKS]
        blob = b"".join(len(part).to_bytes(8, "little") + part for part in parts)
        data = images[:2].tobytes() + weights.tobytes()
        requests = [
            (b"RUN ", 2, data, b"no memory images are loaded"),
            (b"LOAD", 0, blob[:-1], b"postres"),
            (b"LOAD", 0, blob[:3], b"the memory images end before block preres"),
            (b"LOAD", 0, b"", b"the memory images end before block preres"),
            (b"LOAD", 0, (2**64 - 1).to_bytes(8, "little"), b"the memory images end inside block preres"),
            (b"LOAD", 0, blob + b"x", b"bytes are left"),
            (b"LOAD", 0, blob, b""),
            (b"RUN ", 2, data[:-1], b"are needed"),
            (b"RUN ", 3, data, b"are needed"),
            (b"EVIL", 0, b"", b"an unknown operation"),
            (b"RUN ", 0, weights.tobytes(), b""),
            (b"RUN ", 2, data, expected[:2].astype("<u4").tobytes()),
            (b"STOP", 0, b"", None),
        ]
        sent = b"".join(
            name + images.to_bytes(4, "little") + len(body).to_bytes(8, "little") + body
            for name, images, body, _ in requests
        )
        done = subprocess.run([program], input=sent, capture_output=True, timeout=30, check=False)
        assert done.returncode == 0
        assert done.stderr == b""
        left = done.stdout
        for name, count, _, answer in requests[:-1]:
            size = int.from_bytes(left[8:16], "little")
            status, body, left = left[:4], left[16 : 16 + size], left[16 + size :]
            good = name in (b"LOAD", b"RUN ") and answer in (b"", requests[-2][3])
            assert status == (b"OKAY" if good else b"FAIL"), (name, count, body)
            assert body == answer if good else answer in body
        assert left == b""

    def test_announced_snippet(self, built, digits, xclbin) -> None:
        """The host program of the announcement, as it stands, but for the name of the design and its shapes."""
        pytest.importorskip("pynq")
        announcement = ROOT / "../shared/background/finn_resnet50_announcement.txt"
        if not announcement.exists():
            pytest.skip("the announcement (../shared/background) is not here")
        starts = ("import pynq", "ol=", "accelerator", "fcbuf", "inbuf", "outbuf", "results")
        code = [line for line in announcement.read_text().splitlines() if line.startswith(starts)]
        assert len(code) == 13
        text = "\n".join(code) + "\n"
        for there, here in (
            ("resnet50", "digits"),
            ("(1000,2048)", "(10,128)"),
            ("(224,224,3)", "(8,8,1)"),
            ("(5,)", "(3,)"),
        ):
            assert there in text
            text = text.replace(there, here)
        (built.folder.parent / "snippet.py").write_text(text)
        images, _, expected, weights = digits
        np.save(built.folder.parent / "image.npy", images[4])
        np.save(built.folder.parent / "weights.npy", weights)
        words = ["-m", "runtime", "run", "../snippet.py", "--image", "../image.npy", "--fc-weights", "../weights.npy"]
        output = built.python(*words)
        assert f"results: {expected[4].tolist()}" in output
        assert f"({', '.join(str(index) for index in expected[4])})" in output


OTHER = """\
name: other
image: {height: 5, width: 5, channels: 3}
blocks:
  - name: first
    kind: stem
    conv0: {channels: 6, kernel: 5, pad: [2, 2, 2, 2], pe: 3, simd: 3, weight_bits: 5, activation_bits: 4}
  - name: middle
    kind: residual
    branches: 1
    conv2a: {channels: 10, pe: 5, simd: 2}
    conv2b: {channels: 4, pe: 2, simd: 5, threshold_pe: 1}
    conv2c: {channels: 6, pe: 2, simd: 4}
  - name: last
    kind: head
    classes: 7
    top: 5
    lanes: 3
    simd: 2
"""


def calibrated(graph, drawn, inputs):
    """Drawn parameters with thresholds where the values are: else every image would give the same answer."""
    parameters = {name: values // 1024 if name == "fc_bias" else values for name, values in drawn.items()}
    for node in graph.nodes:
        if node.parameters and node.parameters[0].endswith("_thresholds"):
            values = run_graph(graph, inputs, parameters)[node.inputs[0]].reshape(-1, node.operator.channels)
            steps = node.operator.steps
            quantiles = np.quantile(values, (np.arange(steps) + 1) / (steps + 1), axis=0)
            parameters[node.parameters[0]] = np.sort(np.rint(quantiles).astype(np.int64).T, axis=1)
    return parameters


def test_another_network_is_a_file_and_its_parameters(built, monkeypatch) -> None:
    """75 bytes an image, one pixel at a time, no pool, one branch only; weights that the host brings."""
    pytest.importorskip("pynq")
    import runtime

    path = built.folder / "blocks/networks/other.yaml"
    path.write_text(OTHER)
    network, rng = read_network(path), np.random.default_rng(12)
    network.parameters.mkdir()
    images = rng.integers(0, 256, (40, 5, 5, 3)).astype(np.uint8)
    weights = rng.integers(-128, 128, (7, 6)).astype(np.int8)
    value = images
    for block in network.blocks:
        graph = block.core().graph
        inputs = {"input": value, "fc_weights": weights}
        parameters = calibrated(graph, random_parameters(block.core(), rng), inputs)
        value = run_graph(graph, inputs, parameters)["output"]
        for conv, kernel in (("conv0", 5), ("conv2a", 1), ("conv2b", 3), ("conv2c", 1)):
            name = f"{conv}_weights"
            if name in parameters:
                parameters[name] = parameters[name].reshape(len(parameters[name]), kernel, kernel, -1)
        np.savez(network.parameters / f"{block.name}.npz", **parameters)
    assert len(np.unique(value, axis=0)) > 10, "nearly all answers are the same, so that little is compared"
    assert "9 run, 0 current" in built.doit("build", "network=other")
    monkeypatch.setenv("XDG_DATA_HOME", built.environment["XDG_DATA_HOME"])
    xclbin = built.folder / "build/other/open-sw_emu/other.xclbin"
    with runtime.Accelerator(xclbin, fc_weights=weights) as accelerator:
        np.testing.assert_array_equal(accelerator.classify(images), value)
    # The other network's build is untouched by this one.
    assert "nothing to do: 15 current" in built.doit("build", "network=digits")


class TestAnotherCheckout:
    """In this order: stopped in the middle, finished, compared, cleaned."""

    def test_interrupt_leaves_no_process_and_no_partial_target(self, other) -> None:
        process = other.start("-m", "doit", "build", start_new_session=True)
        lines = []
        try:
            for line in process.stdout:
                lines.append(line)
                if line.startswith("  run     hls:residual"):
                    break
            time.sleep(1.5)  # into the compiler
            assert any("g++" in command or "cc1plus" in command for command in other.processes())
            os.killpg(process.pid, signal.SIGINT)
            rest, _ = process.communicate(timeout=30)
        finally:
            process.kill()
        assert process.returncode not in (0, 1), "".join(lines) + rest
        assert "stopped by" in rest
        until = time.monotonic() + 5
        while other.processes() and time.monotonic() < until:
            time.sleep(0.1)
        assert other.processes() == []
        for folder in (other.folder / FOLDER / "hls").glob("*"):
            names = {path.name for path in folder.iterdir()} - {"hls.log"}
            assert names in (set(), {"core.o", "csim.json", "interface.json"}), folder
        assert not (other.folder / FOLDER / "digits.xclbin").exists()
        assert not list(other.folder.glob("build/.farm/scratch/*"))

    def test_one_core_by_its_blocks_name(self, other) -> None:
        core = other.core("res2a")
        assert other.ran("hls:res2a") <= {f"hls:{core}"}
        assert (other.folder / FOLDER / "hls" / core / "core.o").exists()
        assert "nothing to do: 1 current" in other.doit("hls:res2a")

    def test_one_block(self, other) -> None:
        assert other.ran("block:res2a") <= {"weights:res2a"}
        assert "nothing to do: 2 current" in other.doit("block:res2a")
        assert (other.folder / FOLDER / "weights/res2a/memories.bin").exists()

    def test_only_what_had_not_finished_runs(self, other, built) -> None:
        done = {path.parent.name for path in (other.folder / FOLDER / "hls").glob("*/core.o")}
        assert other.core("res2a") in done
        ran = other.ran("build")
        assert not {f"hls:{core}" for core in done} & ran
        assert {"stitch:digits", "link:digits"} <= ran
        assert "weights:res2a" not in ran
        first, second = ({p for p in c.artefacts() if not p.endswith(".log")} for c in (built, other))
        assert second <= first  # the first checkout has a core more, of its other folding

    def test_the_same_bytes_in_every_checkout(self, built, other) -> None:
        built.doit("build")
        for name in ("stitch/kernel.xml", "stitch/program", "weights/res3b/memories.bin", "digits.xclbin"):
            first, second = ((c.folder / FOLDER / name).read_bytes() for c in (built, other))
            assert first == second, name

    def test_nothing_of_the_machine_is_in_the_xclbin(self, other) -> None:
        data = (other.folder / FOLDER / "digits.xclbin").read_bytes()
        for trace in (str(other.folder), str(ROOT), sys.prefix, os.uname().nodename):
            assert trace.encode() not in data, trace

    def test_clean_takes_the_outputs_and_nothing_else(self, other) -> None:
        before = other.files()
        mine = other.folder / FOLDER / "hls" / "notes.txt"
        mine.write_text("mine")
        sources = {path for path in other.folder.rglob("*") if "build" not in path.parts}
        other.doit("clean", "link:digits")
        gone = set(before) - set(other.files())
        assert gone == {f"{FOLDER}/{name}" for name in ("digits.xclbin", "link.log", "link/values.json")}
        assert other.ran("build") == set(), "the store is none of clean's business"
        assert set(other.files()) >= gone
        other.doit("clean", "-a")
        left = [path for path in other.artefacts() if not path.endswith("notes.txt")]
        assert left == []
        assert mine.read_text() == "mine"
        assert {path for path in other.folder.rglob("*") if "build" not in path.parts} >= sources


def test_parameters_are_plain_archives() -> None:
    """What is committed can be read without trust: stored arrays, no pickles, no folders."""
    for path in (ROOT / "blocks/networks").glob("*/*.npz"):
        with zipfile.ZipFile(path) as archive:
            assert all(re.fullmatch(r"\w+\.npy", name) for name in archive.namelist()), path
