"""The plan of a link, as its program reads it, and the manifest that is made of it."""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from blocks.network import find_network
from integration.design import link_plan_of
from integration.link_plan import LinkPlan
from integration.manifest import manifest_of, memory_blob, parameters_of
from integration.platform import BOARDS, Budget, Platform, find_platform
from toolchains.vitis.link.plan import VppPlan
from toolchains.vitis.render_scripts import build_for
from toolchains.vitis.stages.link import link_job


def plan_of(name: str) -> LinkPlan:
    return link_plan_of(
        find_network(name), toolchain="open", target="sw_emu", view="hls", clock_mhz=250.0, tools={"g++": "12"},
        made=("program",),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["digits", "resnet50", "digits_chain"])
def test_a_plan_is_read_back(name: str) -> None:
    plan = plan_of(name)
    assert LinkPlan.from_description(json.loads(json.dumps(plan.describe()))) == plan


def test_a_plan_of_v_plus_plus_is_read_back() -> None:
    network, slrs = find_network("digits"), {"res2a": "slr1"}
    build = build_for(network, "2022.2", None)
    shell = build.platform.shell()
    assert shell is not None
    plan = VppPlan(link_job(build), build.job, shell, False, "v++ 2022.2")
    read = VppPlan.from_description(json.loads(json.dumps(plan.describe())), slrs)
    assert read == replace(plan, stitched=replace(plan.stitched, slrs=slrs))


@pytest.mark.parametrize("name", sorted(path.stem for path in BOARDS.glob("*.yaml")))
def test_a_platform_is_read_back_without_what_makes_no_other_xclbin(name: str) -> None:
    board = find_platform(name)
    read = Platform.from_description(json.loads(json.dumps(board.describe())))
    memories = tuple(replace(memory, gb_per_s=None, latency_ns=None, shell_kib=None) for memory in board.memories)
    assert read == replace(board, memories=memories, budget=Budget(), shells=(), slls=None)


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A step's folder with the weights of two blocks, one of them without parameter memories."""
    for name, data, origins in (("a", b"xyz", ["trained", "stand-in"]), ("b", b"", ["trained"])):
        (tmp_path / "weights" / name).mkdir(parents=True)
        (tmp_path / "weights" / name / "memories.bin").write_bytes(data)
        (tmp_path / "weights" / name / "memories.json").write_text(json.dumps({"origins": origins}))
    (tmp_path / "fc_weights.bin").write_bytes(b"fc")
    (tmp_path / "program").write_bytes(b"elf")
    monkeypatch.chdir(tmp_path)
    return tmp_path


BLOB = struct.pack("<Q", 3) + b"xyz" + struct.pack("<Q", 0)


def test_memory_blob_by_hand(weights: Path) -> None:
    assert memory_blob(["a", "b"]) == BLOB


def test_parameters_by_hand(weights: Path) -> None:
    found = parameters_of(["a", "b"])
    assert (found.origin, found.digest) == ("stand-in, trained", hashlib.sha256(BLOB + b"fc").hexdigest())


def test_weights_that_move_between_blocks_are_other_parameters(weights: Path) -> None:
    before = parameters_of(["a", "b"]).digest
    (weights / "weights/a/memories.bin").write_bytes(b"xy")
    (weights / "weights/b/memories.bin").write_bytes(b"z")
    assert parameters_of(["a", "b"]).digest != before


@pytest.mark.parametrize(
    ("name", "said"),
    [("digits", ("indices", 10)), ("resnet50", ("indices", 1000)), ("digits_basic", ("indices", 10)),
     ("digits_chain", ("sums", 10))],
)  # fmt: skip
def test_the_manifest_says_what_leaves(weights: Path, name: str, said: tuple[str, int]) -> None:
    plan = replace(plan_of(name), blocks=("a", "b"), sources=("program",))
    banks = dict.fromkeys(("in_r", "out_r", "weightsmem"), ("bank0",))
    facts = manifest_of(plan, banks=banks, parts={}, payload=None, clock_mhz=250.0)
    assert (facts.results, facts.classes) == said


def test_the_manifest_says_the_clock_and_memories_of_the_link(weights: Path) -> None:
    plan = replace(plan_of("digits"), blocks=("a", "b"), sources=("program", "fc_weights.bin"))
    banks = dict.fromkeys(("in_r", "out_r", "weightsmem"), ("bank2",))
    manifest = manifest_of(plan, banks=banks, parts={"part": b"p"}, payload=None, clock_mhz=201.0)
    assert (manifest.clock_mhz, manifest.argument("in_r").banks) == (201.0, ("bank2",))
    assert manifest.inputs == {
        "program": hashlib.sha256(b"elf").hexdigest(),
        "fc_weights.bin": hashlib.sha256(b"fc").hexdigest(),
    }
    assert manifest.parts == {"part": hashlib.sha256(b"p").hexdigest()}
