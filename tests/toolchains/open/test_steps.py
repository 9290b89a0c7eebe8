"""The steps of the open toolchain: what each one reads, and their programs on wrong inputs."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from blocks.core.hls import render
from blocks.network import NETWORKS, Network, read_network
from config.settings import Settings
from integration.design import design_of, kernel_of
from integration.platform import find_platform
from toolchains.common.build import Build
from toolchains.open.emulation.link import glibc_floor
from toolchains.open.toolchain import toolchain_of
from toolchains.toolchain import Toolchain

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def network() -> Network:
    return read_network(NETWORKS / "digits.yaml")


@pytest.fixture(scope="module")
def toolchain(network) -> Toolchain:
    return toolchain_of(Build("open", ROOT, network, find_platform("u250"), "sw_emu", 250.0, Settings.defaults()))


@pytest.fixture(scope="module")
def steps(toolchain, network):
    cores = network.cores()
    found = [toolchain.step("weights", block) for block in network.blocks]
    found += [toolchain.step("hls", core) for core in {core.name: core for core in cores.values()}.values()]
    return {step.name: step for step in (*found, toolchain.step("stitch"), toolchain.step("link"))}


def readers(steps, path: str) -> set[str]:
    """Kinds of steps, or whole names, that read a file of the checkout."""
    return {name for name, step in steps.items() if path in step.sources}


class TestWhatAStepReads:
    def test_every_source_is_there_or_made(self, steps) -> None:
        made = {target for step in steps.values() for target in step.targets}
        for step in steps.values():
            for source in step.sources:
                assert source in made or (ROOT / source).is_file(), (step.name, source)

    def test_no_target_is_made_twice(self, steps) -> None:
        targets = [path for step in steps.values() for path in (*step.targets, step.log)]
        assert len(targets) == len(set(targets))

    def test_the_card_reaches_no_step(self, steps) -> None:
        """Of the runtime a step reads the file formats: an edit of the emulated card makes no other xclbin."""
        for path in (ROOT / "runtime").rglob("*.py"):
            source = path.relative_to(ROOT).as_posix()
            if "emulation/" in source or path.name in ("accelerator.py", "pipeline.py", "trust.py", "__main__.py"):
                assert readers(steps, source) == set(), source
        assert readers(steps, "runtime/formats/xclbin.py") == {"link:digits"}

    def test_trained_values_reach_no_compiler(self, steps) -> None:
        for name, step in steps.items():
            if name.startswith(("hls:", "stitch:")):
                assert not [source for source in step.sources if source.endswith(".npz") or "/weights/" in source]

    def test_parameters_of_a_block_reach_its_weights_only(self, steps) -> None:
        assert readers(steps, "blocks/networks/digits/res3a.npz") == {"weights:res3a"}

    def test_an_operators_header_reaches_the_cores_made_of_it(self, steps, network) -> None:
        cores = {block: f"hls:{core.name}" for block, core in network.cores().items()}
        assert readers(steps, "blocks/operators/max_pool/max_pool.hpp") == {cores["preres"]}
        residuals = {cores[block] for block in ("res2a", "res2b", "res3a", "res3b")}
        assert readers(steps, "blocks/operators/fifo/fifo.hpp") == residuals
        assert readers(steps, "blocks/dma/dma.hpp") == {cores["inoutdma"]}
        assert readers(steps, "blocks/operators/farm_hls.hpp") == set(cores.values())

    @pytest.mark.parametrize("operator", ["max_pool", "label_select", "duplicate", "mvau", "pad"])
    def test_an_operators_model_reaches_the_cores_made_of_it(self, steps, network, operator) -> None:
        """Which blocks are made of it is what the paper's figures of the blocks show."""
        residuals = {"res2a", "res2b", "res3a", "res3b"}
        users = {
            "max_pool": {"preres"},
            "label_select": {"postres"},
            "duplicate": residuals,
            "mvau": {"preres", *residuals, "postres"},
            "pad": {"preres", *residuals},
        }[operator]
        cores = {f"hls:{network.cores()[block].name}" for block in users}
        expected = cores | {f"weights:{block}" for block in users}
        assert readers(steps, f"blocks/operators/{operator}/model.py") == expected

    @pytest.mark.parametrize(
        "path",
        [
            "network", "kinds/residual", "kinds/stem", "kinds/head", "kinds/convolution", "networks/digits_train",
            "core/builder",
        ],
    )  # fmt: skip
    def test_how_a_graph_came_about_reaches_nothing(self, steps, path) -> None:
        """The graph itself is an input; the code that draws it may change without any effect."""
        assert (ROOT / "blocks" / f"{path}.py").is_file()
        assert readers(steps, f"blocks/{path}.py") == set()

    def test_the_network_file_is_no_input_by_itself(self, steps) -> None:
        assert readers(steps, "blocks/networks/digits.yaml") == set()

    def test_nothing_of_the_machine(self, steps) -> None:
        for step in steps.values():
            text = repr(asdict(step))
            assert str(ROOT) not in text
            assert sys.prefix not in text
            assert os.uname().nodename not in text

    def test_clock_reaches_the_link_only(self, steps, network, toolchain) -> None:
        other = toolchain_of(replace(toolchain.build, clock_mhz=300.0))
        cores = network.cores()
        assert other.step("stitch") == steps["stitch:digits"]
        assert other.step("link") != steps["link:digits"]
        assert all(other.step("hls", core) == steps[f"hls:{core.name}"] for core in cores.values())


class TestStitchProgram:
    @pytest.fixture
    def run(self, tmp_path, network):
        """Return a function that runs the step's program on changed inputs; there is no compiler in its PATH."""
        design = design_of(network).describe()
        interfaces = {c.name: {"core": c.name, "ports": [asdict(p) for p in render(c).ports]}
                      for c in network.cores().values()}  # fmt: skip

        def start(change) -> subprocess.CompletedProcess[str]:
            ours, theirs = copy.deepcopy(design), copy.deepcopy(interfaces)
            change(ours, theirs)
            for name, interface in theirs.items():
                (tmp_path / name).mkdir()
                (tmp_path / name / "interface.json").write_text(json.dumps(interface))
            (tmp_path / "design.json").write_text(json.dumps(ours))
            (tmp_path / "kernel.json").write_text(json.dumps(kernel_of(network).describe()))
            words = ["--design", "design.json", "--kernel", "kernel.json", *theirs]
            return subprocess.run(
                [sys.executable, "-m", "toolchains.open.emulation.stitch", *words],
                cwd=tmp_path, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True, check=False,
            )  # fmt: skip

        return start

    def test_every_fault_is_an_error_line_and_nothing_is_linked(self, run, tmp_path) -> None:
        def change(design, interfaces) -> None:
            del design["links"][1]
            core = next(entry["core"] for entry in design["instances"] if entry["name"] == "res3b")
            interfaces[core]["ports"][0]["width_bits"] = 3

        done = run(change)
        assert done.returncode == 1, done.stderr
        lines = done.stdout.splitlines()
        assert all(line.startswith("ERROR: ") for line in lines)
        assert len(lines) == 3
        assert "ERROR: res3b.input_r: 3 bits wide, the design needs 64" in lines
        assert not (tmp_path / "program").exists()
        assert not (tmp_path / "kernel.xml").exists()


def test_glibc_floor_by_hand() -> None:
    assert glibc_floor(b"..GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_2.9\0") == "2.34"
    assert glibc_floor(b"static") == "none"
