"""Results of builds on the emulated card: of digits, and of another network."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from blocks.core.model import random_parameters, run_graph
from blocks.network import find_network, read_network
from blocks.network_model import run_network
from blocks.parameters import read_block

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "build/digits/open-sw_emu"
BLOCKS = ["preres", "res2a", "res2b", "res3a", "res3b", "postres"]


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

    @pytest.mark.parametrize("weights_in", ["bank0", "PLRAM0"])
    def test_weights_where_either_public_host_program_puts_them(self, digits, xclbin, weights_in) -> None:
        """In bank0, as announced in 2020, or in PLRAM0, as the first host program of the public ResNet-50 had it."""
        pynq = pytest.importorskip("pynq")
        images, _, expected, weights = digits
        ol = pynq.Overlay(str(xclbin))
        fcbuf = pynq.allocate(weights.shape, dtype=np.int8, target=getattr(ol, weights_in))
        fcbuf[:] = weights
        fcbuf.sync_to_device()
        inbuf = pynq.allocate((8, 8, 1), dtype=np.int8, target=ol.bank0)
        outbuf = pynq.allocate((3,), dtype=np.uint32, target=ol.bank0)
        inbuf[:] = images[0]
        inbuf.sync_to_device()
        ol.digits_1.call(inbuf, outbuf, fcbuf, 1)
        outbuf.sync_from_device()
        np.testing.assert_array_equal(outbuf, expected[0])
        ol.free()

    def test_untrusted_without_the_users_word(self, xclbin, monkeypatch, tmp_path) -> None:
        pytest.importorskip("pynq")
        import runtime
        from runtime.errors import FarmRuntimeError

        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
        with pytest.raises(FarmRuntimeError, match="trust"):
            runtime.Accelerator(xclbin).classify(np.zeros((1, 8, 8, 1), np.uint8))

    def test_program_refuses_what_it_cannot_use(self, built, digits) -> None:
        """The payload's protocol: a wrong request is answered with a reason, and the next one is served."""
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
            (b"EVIL", 0, b"", b"unknown operation"),
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
        """The host program of the announcement, unchanged except for the design's name and its shapes."""
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
    """Random parameters, with thresholds in the range of the values: otherwise every image gets the same answer."""
    parameters = {name: values // 1024 if name == "fc_bias" else values for name, values in drawn.items()}
    for node in graph.nodes:
        if node.parameters and node.parameters[0].endswith("_thresholds"):
            values = run_graph(graph, inputs, parameters)[node.inputs[0]].reshape(-1, node.operator.channels)
            steps = node.operator.steps
            quantiles = np.quantile(values, (np.arange(steps) + 1) / (steps + 1), axis=0)
            parameters[node.parameters[0]] = np.sort(np.rint(quantiles).astype(np.int64).T, axis=1)
    return parameters


def test_another_network_is_a_file_and_its_parameters(built, monkeypatch) -> None:
    """75 bytes an image, one pixel at a time, no pool, only one branch; weights from the host."""
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
    # This build does not touch the other network's build.
    assert "nothing to do: 15 current" in built.doit("build", "network=digits")
