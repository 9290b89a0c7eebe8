"""Whatever a core's logic is, its users see one interface."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from blocks.core import hls, rtl
from blocks.core.base import Core
from blocks.core.graph import GraphCore
from blocks.dma import DmaCore
from blocks.network import find_network
from toolchains.common.core_file import core_text, read_core
from toolchains.open.emulation.compile_core import simulate
from toolchains.open.emulation.native import host_entry
from toolchains.vitis.hls.bench_vectors import write_vectors

CORES = {core.name: core for name in ("digits", "resnet50") for core in find_network(name).cores().values()}


@dataclass(frozen=True)
class Blank(Core):
    """A core of a kind that no view knows."""

    kind: str = "blank"

    def describe(self) -> dict[str, object]:
        return {}

    def facts(self):
        return ()

    def cycles(self):
        return {}

    def ports(self):
        return ()

    def port_beats(self):
        return {}

    def headers(self):
        return ()

    def sv_files(self):
        return ()


@pytest.mark.parametrize("core", CORES.values(), ids=list(CORES))
def test_a_core_reads_back_from_its_file(core: Core, tmp_path: Path) -> None:
    file = tmp_path / "core.json"
    file.write_text(core_text(core))
    assert read_core(file) == core
    assert read_core(file).name == core.name


@pytest.mark.parametrize("core", CORES.values(), ids=list(CORES))
def test_every_port_has_beats_and_every_file_exists(core: Core) -> None:
    blocks = Path(rtl.__file__).parents[1]
    assert {port.stream for port in core.ports()} == set(core.port_beats())
    for file in (*core.headers(), *core.sv_files()):
        assert (blocks / file).is_file()


def test_only_blocks_of_operators_have_parameter_memories_and_the_bench_of_blocks() -> None:
    """The DMA's core alone has memory ports, and no parameter memories."""
    for core in CORES.values():
        at_memory = any(port.role == "memory" for port in core.ports())
        assert core.has_block_bench is not at_memory
        if at_memory:
            assert (core.parameter_ports(), core.operator_modules(), core.area()) == ((), (), None)
    assert {type(core) for core in CORES.values()} == {GraphCore, DmaCore}


@pytest.mark.parametrize(
    "use",
    [
        rtl.render,
        hls.render,
        simulate,
        lambda core: host_entry(core, top=True),
        lambda core: write_vectors(core, Path()),
    ],
    ids=["rtl", "hls", "simulate", "host_entry", "vectors"],
)
def test_a_view_that_a_kind_of_core_lacks_is_named(use) -> None:
    with pytest.raises(TypeError, match=r"^blank_\w{6}: no .* registered for Blank$"):
        use(Blank())
