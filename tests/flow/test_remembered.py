"""Each build that ran something is in the history and has a page; what asks about them is clear about mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flow_checkout import BLOCKS, FOLDER, Checkout


def entries(checkout: Checkout) -> list[Path]:
    return sorted((Path(checkout.environment["XDG_DATA_HOME"]) / "dataflow-farm/history").rglob("*.json"))


def test_the_first_build_is_remembered_with_its_page(built: Checkout) -> None:
    (file,) = entries(built)
    entry = json.loads(file.read_text())
    assert entry["format"] == 1
    assert entry["folder"] == FOLDER
    assert list(entry["blocks"]) == ["inoutdma", *BLOCKS]
    assert entry["tasks"]["ran"] == len(entry["runs"]) == 15
    assert entry["values"][""]["xclbin_bytes"] == (built.folder / FOLDER / "digits.xclbin").stat().st_size
    # The network file: conv2b of res2b has PE 16.
    core = entry["cores"][entry["blocks"]["res2b"]["core"]]
    assert core["folding"]["conv2b.pe"].isdigit()
    assert {"g++"} <= set(core["tools"])
    assert all(entry["blocks"][name]["weights"] for name in BLOCKS)
    assert not any(name.startswith("farm.") for name in entry["settings"])
    assert str(built.folder) not in file.read_text()
    page = (built.folder / FOLDER / "page.html").read_text()
    assert "res3b" in page
    assert "Content-Security-Policy" in page


def test_a_build_with_nothing_to_do_loads_and_writes_nothing_of_it(built: Checkout) -> None:
    before, page = entries(built), (built.folder / FOLDER / "page.html").stat()
    output = built.python("-X", "importtime", "-m", "doit", "build")
    assert "nothing to do: 15 current" in output
    for module in ("reports.history", "reports.page", "sqlite3", "jinja2", "farm.commands.account"):
        assert module not in output
    assert entries(built) == before
    assert (built.folder / FOLDER / "page.html").stat() == page


def test_history_and_diff_answer(built: Checkout) -> None:
    # The copy lies in another folder, and without git that is another project: its history begins here.
    for _ in range(2):
        (built.folder / FOLDER / "digits.xclbin").unlink()
        assert "1 restored" in built.doit("build")
    assert f"{FOLDER}: 2 builds in the history" in built.doit("history")
    assert "has a value 'formula.lots'" in built.doit("history", "formula.lots", status=1)
    found = json.loads(built.doit("history", "--json", "xclbin_bytes"))
    assert len({build["value"] for build in found["builds"]}) == 1
    assert "no difference: " in built.doit("diff")
    output = built.doit("diff", "diff_gates=formula.lut <= 0; wns_ns >= 0", status=1)
    assert output.splitlines()[-1] == "ERROR: 1 of 2 gates failed: wns_ns >= 0: failed, A and B have no wns_ns"
    assert built.doit("page").startswith(f"{FOLDER}/page.html: ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("diff", "v9.9"), "'v9.9' is no build, no revision that git knows, and no folder"),
        (("diff", "docs", "toolchains"), "docs holds no report with an amount"),
        (("diff", "diff_gates=lut <= some"), "'lut <= some' is not a limit of growth"),
    ],
)
def test_a_mistake_is_one_clear_error(built: Checkout, words: tuple[str, ...], told: str) -> None:
    output = built.doit(*words, status=3)
    assert told in output
    assert "Traceback" not in output
    assert len([line for line in output.splitlines() if line.startswith("ERROR")]) == 1
