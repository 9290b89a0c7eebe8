"""Measured FIFO marks to depths: the maximum over the blocks of a core, a margin, never more than the bound."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from blocks.fifo_depths import bounds
from blocks.kinds.residual import Residual
from blocks.network import NETWORKS, Network, read_network
from integration.design import design_of
from toolchains.open.simulation.fifo_trim import TrimError, trim, trimmed_depth, trimmed_links, write_depths

FOLDER = "build/resnet50/open-sw_emu"


@pytest.fixture
def network(tmp_path: Path) -> Network:
    shutil.copy(NETWORKS / "resnet50.yaml", tmp_path / "resnet50.yaml")
    return read_network(tmp_path / "resnet50.yaml")


def simulated(root: Path, network: Network, marks: dict[str, int], others: int = 10) -> None:
    """As if cosim had run: these marks by block, and one for all others."""
    for block in network.blocks:
        if isinstance(block, Residual):
            core = block.core()
            fifos = {
                fifo: {"depth": depth, "mark": marks.get(block.name, others)} for fifo, depth in bounds(core).items()
            }
            path = root / FOLDER / "cosim" / block.name / "values.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"core": core.name, "fifos": fifos}))


def test_depth_is_mark_and_margin_up_to_the_bound() -> None:
    assert [trimmed_depth(mark, 1000) for mark in (0, 100, 256, 257, 800, 945, 1000)] == [
        16, 116, 272, 274, 850, 1000, 1000,
    ]  # fmt: skip


def test_blocks_of_one_core_get_the_largest(tmp_path, network) -> None:
    simulated(tmp_path, network, {"res4c": 700, "res4e": 320, "res2a": 100})
    depths = {one.block: one.depth for one in trim(tmp_path, FOLDER, network)}
    assert {depths[f"res4{block}"] for block in "bcdef"} == {744}
    assert (depths["res2a"], depths["res2b"], depths["res4a"]) == (116, 26, 26)


def test_written_read_and_measured_again(tmp_path, network) -> None:
    # Depths with which a core would stop are refused when they are read: these are above.
    simulated(tmp_path, network, {"res2a": 900}, others=400)
    said = write_depths(tmp_path, FOLDER, network)
    assert "res2a.skip: mark 900, depth 957 of 3712 beats" in said
    trimmed = read_network(network.file)
    assert bounds(trimmed.cores()["res2a"]) == {"skip": 957}
    assert len({core.name for core in trimmed.cores().values()}) == len({c.name for c in network.cores().values()})
    # Values of the cores as they were say nothing of those that are there now.
    with pytest.raises(TrimError, match=r"res2a/values.json describes another core; run: doit cosim:res2a"):
        trim(tmp_path, FOLDER, trimmed)
    # The same marks in the trimmed cores give the same file, against the same bounds.
    simulated(tmp_path, trimmed, {"res2a": 900}, others=400)
    text = (tmp_path / "resnet50.fifos.yaml").read_text()
    assert write_depths(tmp_path, FOLDER, trimmed) == said
    assert (tmp_path / "resnet50.fifos.yaml").read_text() == text


def test_a_block_that_was_not_simulated_is_named(tmp_path, network) -> None:
    simulated(tmp_path, network, {})
    (tmp_path / FOLDER / "cosim" / "res3c" / "values.json").unlink()
    with pytest.raises(TrimError, match=r"cosim/res3c/values.json is missing; make it with: doit cosim:res3c"):
        write_depths(tmp_path, FOLDER, network)
    assert not (tmp_path / "resnet50.fifos.yaml").exists()


def joined(root: Path, network: Network, marks: dict[str, int], **more: object) -> None:
    """As if `kernel` had run: marks by block; the first link was full, the second held one beat, the others 15."""
    links = [
        {"source": link.source.stream, "depth": link.depth, "mark": 15, "stalled": 5, "starved": 5}
        for link in design_of(network).links
    ]
    links[0]["mark"], links[1]["mark"] = links[0]["depth"], 1
    values = {
        "cores": {block.name: block.core().name for block in network.blocks},
        "fifos": [{"name": f"{block}.skip", "depth": 4000, "mark": mark} for block, mark in marks.items()],
        "links": links,
        "interval_cycles": 1000,
        "predicted_interval_cycles": 1000,
        **more,
    }
    path = root / FOLDER / "kernel" / "values.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values))


def test_marks_of_the_whole_kernel_count_too(tmp_path, network) -> None:
    simulated(tmp_path, network, {"res2b": 500}, others=400)
    joined(tmp_path, network, {"res2a": 800, "res2b": 300})
    said = write_depths(tmp_path, FOLDER, network)
    assert "res2a.skip: mark 800, depth 850 of 3712 beats" in said
    assert "res2b.skip: mark 500, depth 532 of 1856 beats" in said
    assert "inoutdma.image: mark 32 (it was full), depth 32, so far 32 beats" in said
    assert "preres.output_r: mark 1, depth 16, so far 32 beats" in said


def test_fifos_between_blocks_are_written_read_and_kept(tmp_path, network) -> None:
    simulated(tmp_path, network, {}, others=900)
    joined(tmp_path, network, {})
    write_depths(tmp_path, FOLDER, network)
    trimmed = read_network(network.file)
    depths = {link.source.stream: link.depth for link in design_of(trimmed).links}
    assert (depths.pop("inoutdma.image"), set(depths.values())) == (32, {16})
    # Marks of the FIFOs as they were say nothing of those that are there now.
    simulated(tmp_path, trimmed, {}, others=900)
    path = tmp_path / FOLDER / "kernel" / "values.json"
    path.write_text(path.read_text().replace(json.dumps(cores_of(network)), json.dumps(cores_of(trimmed))))
    with pytest.raises(TrimError, match=r"kernel/values.json is of other FIFOs between blocks; run: doit kernel"):
        write_depths(tmp_path, FOLDER, trimmed)
    # Without the whole kernel they stay.
    path.unlink()
    said = write_depths(tmp_path, FOLDER, trimmed)
    assert "res2a.output_r: not measured, stays at 16 beats" in said
    assert "to measure them: doit kernel" in said
    assert read_network(network.file) == trimmed


def cores_of(network: Network) -> dict[str, str]:
    return {block.name: block.core().name for block in network.blocks}


@pytest.mark.parametrize(("mark", "depth"), [(0, 16), (15, 16), (16, 32), (31, 32), (32, 32)])
def test_a_fifo_between_blocks_is_deeper_than_its_mark(tmp_path, network, mark: int, depth: int) -> None:
    """So it never says that it is full, which is what a shallower one could do otherwise. A full one stays."""
    joined(tmp_path, network, {})
    path = tmp_path / FOLDER / "kernel" / "values.json"
    values = json.loads(path.read_text())
    values["links"][3]["mark"] = mark
    assert trimmed_links(values, network)[3].depth == depth


def test_a_full_fifo_gets_deeper_only_if_the_kernel_misses_its_interval(tmp_path, network) -> None:
    for interval, waited, depth in ((1010, 5, 32), (1011, 5, 64), (1011, 0, 32)):
        joined(tmp_path, network, {}, interval_cycles=interval)
        values = json.loads((tmp_path / FOLDER / "kernel" / "values.json").read_text())
        values["links"][0]["starved"] = waited
        assert trimmed_links(values, network)[0].depth == depth


def test_marks_of_another_kernel_are_refused(tmp_path, network) -> None:
    simulated(tmp_path, network, {})
    joined(tmp_path, network, {})
    path = tmp_path / FOLDER / "kernel" / "values.json"
    path.write_text(path.read_text().replace("head_", "heads_"))
    with pytest.raises(TrimError, match=r"kernel/values.json is of other cores; run: doit kernel"):
        trim(tmp_path, FOLDER, network)
