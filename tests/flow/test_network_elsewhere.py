"""A network file outside the checkout, with its parameters beside it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from blocks.network import NETWORKS

pytestmark = pytest.mark.slow

RECORD = "build/.farm/records/build/{}/open-sw_emu/weights/res2a/memories.bin.json"


@pytest.fixture(scope="module")
def mine(built) -> Path:
    """Digits under another name, beside the checkout."""
    folder = built.folder.parent / "else where"
    folder.mkdir()
    text = (NETWORKS / "digits.yaml").read_text().replace("name: digits", "name: mine")
    (folder / "mine.yaml").write_text(text)
    shutil.copytree(NETWORKS / "digits", folder / "mine")
    return folder / "mine.yaml"


def test_it_builds_with_the_keys_of_the_same_values_in_the_checkout(built, mine) -> None:
    printed = built.doit("weights:res2a", "stimuli:mine", f"network={mine}")
    assert "0 failed" not in printed
    keys = [json.loads((built.folder / RECORD.format(name)).read_text())["key"] for name in ("mine", "digits")]
    assert keys[0] == keys[1]
    named = [
        path
        for path in (built.folder / "build").rglob("*")
        # The journal of doit, which goes nowhere, has the command that was typed.
        if path.is_file() and path.name != "doit.journal" and mine.parent.name.encode() in path.read_bytes()
    ]
    assert named == []
    again = built.doit("weights:res2a", "stimuli:mine", f"network={mine}")
    assert "nothing to do" in again
    # A value of the user's own file is an input like any other.
    shutil.copyfile(mine.parent / "mine/res2b.npz", mine.parent / "mine/res2a.npz")
    assert "weights:res2a" in built.doit("plan", "weights:res2a", f"network={mine}")


def test_a_relative_path_and_a_mistake(built, mine) -> None:
    broken = mine.with_name("broken.yaml")
    broken.write_text(
        mine.read_text().replace("name: mine", "name: broken").replace("pe: 8, simd: 8", "pe: 8, simd: 7", 1)
    )
    printed = built.doit("list", f"network=../{mine.parent.name}/broken.yaml", status=3)
    line = 1 + broken.read_text().splitlines().index("    conv2a: {channels: 32, pe: 8, simd: 7}")
    assert f"{broken}:{line}: " in printed


@pytest.mark.nightly
def test_demo(built, mine) -> None:
    fresh = mine.with_name("fresh.yaml")
    fresh.write_text(mine.read_text().replace("name: mine", "name: fresh"))
    shutil.copytree(NETWORKS / "digits", fresh.with_suffix(""))
    printed = built.doit("demo", f"network={fresh}")
    assert "357 of 360 held-out images are right" in printed
