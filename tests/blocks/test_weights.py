"""The program of the `weights` step, and the stand-ins that it makes where there are no trained values."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from blocks.core.model import run_graph
from blocks.network import NETWORKS, find_network
from blocks.parameters.stand_in import stand_in_fc_weights, stand_in_parameters
from blocks.trained import stand_in_note, stand_ins
from blocks.weights import values_of

ROOT = Path(__file__).resolve().parents[2]
DIGITS = NETWORKS / "digits"


class TestProgram:
    """`python -m blocks.weights`, as the step runs it."""

    @pytest.fixture
    def run(self, tmp_path):
        def start(block: str, parameters: Path | None) -> subprocess.CompletedProcess[str]:
            graph = next(b for b in find_network("digits").blocks if b.name == block).core().graph
            (tmp_path / "core.json").write_text(json.dumps(graph.describe()))
            words = ["--core", "core.json", "--block", block]
            words += ["--parameters", str(parameters)] if parameters else []
            return subprocess.run(
                [sys.executable, "-m", "blocks.weights", *words],
                cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
            )  # fmt: skip

        return start

    def test_files(self, run, tmp_path) -> None:
        done = run("postres", DIGITS / "postres.npz")
        assert done.returncode == 0, done.stdout + done.stderr
        with np.load(DIGITS / "postres.npz") as archive:
            assert (tmp_path / "fc_weights.bin").read_bytes() == archive["fc_weights"].tobytes()
            assert (tmp_path / "memories.bin").read_bytes() == archive["fc_bias"].astype("<i4").tobytes()
        listing = json.loads((tmp_path / "memories.json").read_text())
        assert listing["origins"] == ["trained"]
        (memory,) = listing["memories"]
        assert memory == {"port": "fc_bias", "role": "bias", "width_bits": 32, "depth": 10, "offset": 0, "bytes": 40}

    def test_mistake_is_one_line_and_leaves_nothing(self, run, tmp_path) -> None:
        done = run("postres", DIGITS / "preres.npz")
        assert done.returncode == 1
        assert done.stderr == ""
        (line,) = done.stdout.splitlines()
        assert line.startswith("ERROR: preres.npz: array fc_bias is missing; the file holds conv0_thresholds")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["core.json"]

    def test_stand_ins_say_so_and_are_the_same_each_time(self, run, tmp_path) -> None:
        found = []
        for _ in range(2):
            assert run("res2a", None).returncode == 0
            assert json.loads((tmp_path / "memories.json").read_text())["origins"] == ["stand-in"]
            found.append((tmp_path / "memories.bin").read_bytes())
        assert found[0] == found[1]
        assert run("res2b", None).returncode == 0
        assert (tmp_path / "memories.bin").read_bytes() != found[0]

    def test_stand_ins_for_the_streamed_weights_only(self, run, tmp_path) -> None:
        with np.load(DIGITS / "postres.npz") as archive:
            kept = {name: archive[name] for name in archive.files if name != "fc_weights"}
        path = tmp_path / "given" / "postres.npz"
        path.parent.mkdir()
        np.savez(path, **kept)
        assert run("postres", path).returncode == 0
        assert json.loads((tmp_path / "memories.json").read_text())["origins"] == ["trained", "stand-in fc_weights"]
        assert (tmp_path / "memories.bin").read_bytes() == kept["fc_bias"].astype("<i4").tobytes()
        assert len((tmp_path / "fc_weights.bin").read_bytes()) == 10 * 128


class TestStandIns:
    def test_activations_are_mixed(self) -> None:
        """Stand-ins that made every value of a channel the same would exercise nothing."""
        network = find_network("resnet50")
        rng = np.random.default_rng(1)
        for name in ("res5a", "res5b"):
            block = next(block for block in network.blocks if block.name == name)
            graph = block.core().graph
            given = rng.integers(0, 16, (1, *graph.inputs[0].shape))
            streams = run_graph(graph, {"input": given}, stand_in_parameters(graph, name))
            for stream in ("bypass_out", "conv2a_threshold_out", "conv2b_threshold_out", "conv2c_threshold_out"):
                shares = np.bincount(streams[stream].reshape(-1)) / streams[stream].size
                assert len(shares) == (16 if "2c" in stream else 4), (name, stream)
                assert shares.max() < 0.5, (name, stream, shares)
                assert (np.ptp(streams[stream].reshape(-1, streams[stream].shape[-1]), axis=0) > 0).mean() > 0.8

    def test_folding_changes_no_value(self) -> None:
        block = next(block for block in find_network("digits").blocks if block.name == "res2b")
        other = replace(block, conv2b=replace(block.conv2b, pe=8, simd=8))
        assert block.core().name != other.core().name
        values = stand_in_parameters(other.core().graph, "res2b")
        for name, array in stand_in_parameters(block.core().graph, "res2b").items():
            np.testing.assert_array_equal(array, values[name])

    def test_fc_weights(self) -> None:
        head = find_network("resnet50").last
        weights = stand_in_fc_weights(head.core().graph, head.name)
        assert (weights.shape, weights.dtype) == ((1000, 2048), np.int8)
        assert (weights.min(), weights.max()) == (-128, 127)
        values = values_of(head.core().graph, head.name, None)
        np.testing.assert_array_equal(values.streamed, weights)

    def test_what_is_missing_is_named(self, tmp_path) -> None:
        network = find_network("digits")
        assert stand_ins(network) == ()
        assert stand_in_note(network) == ""
        partly = replace(network, parameters=tmp_path)
        assert stand_ins(partly) == tuple(block.name for block in network.blocks)
        assert "digits is built with random weights, so its classes mean nothing" in stand_in_note(partly)
        for path in DIGITS.glob("*.npz"):
            if path.stem not in ("res2b", "postres"):
                shutil.copy(path, tmp_path)
        np.savez(tmp_path / "postres.npz", fc_bias=np.zeros(10, np.int32))
        assert stand_ins(partly) == ("res2b", "postres.fc_weights")
        assert "digits is built with random weights in res2b, postres.fc_weights, so" in stand_in_note(partly)
        shutil.copy(DIGITS / "res2b.npz", tmp_path)
        assert "import FOLDER --fc-weights FILE --network digits" in stand_in_note(partly)
