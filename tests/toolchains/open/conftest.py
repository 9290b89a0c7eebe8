"""Compiled bodies and tops of cores, as the `hls` step compiles them, loaded into the test."""

from __future__ import annotations

import contextlib
import ctypes
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from blocks.graph import Core, Graph
from blocks.hls import render
from blocks.memories import images
from toolchains.hls_release import release_header
from toolchains.open import compile_core
from toolchains.open.simulator import Simulator, build
from toolchains.open.verilator import find_verilator

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Compiled:
    """A core's body or top as a shared object."""

    core: Core
    view: str
    library: ctypes.CDLL

    def run(self, parameters: Mapping[str, np.ndarray], *inputs: np.ndarray) -> np.ndarray:
        """The output for one image, flat; parameters go through their memory images."""
        _, memory = images(self.core.graph, dict(parameters))
        return self.run_image(memory, *inputs)

    def run_image(self, memory: bytes, *inputs: np.ndarray) -> np.ndarray:
        """The same with a given memory image."""
        graph: Graph = self.core.graph
        (output,) = compile_core.run_native(self.library, self.core.name, self.view, graph, memory, list(inputs))
        return output


@pytest.fixture(scope="session")
def compile_view(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Compiled]:
    """Compile the body or the top of a core; each one only once."""
    done: dict[tuple[str, str], Compiled] = {}

    def compile_one(core: Core, view: str = "body") -> Compiled:
        if (core.name, view) not in done:
            if shutil.which("g++") is None:
                pytest.skip("there is no g++")
            done[core.name, view] = _compile(core, view, tmp_path_factory.mktemp(core.name))
        return done[core.name, view]

    return compile_one


def _compile(core: Core, view: str, folder: Path) -> Compiled:
    rendered = render(core)
    for header in ("operators/farm_hls.hpp", *rendered.headers):
        (folder / header).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "blocks" / header, folder / header)
    shutil.copy(ROOT / "toolchains/open/core_abi.hpp", folder)
    for release, name in (("host", "host"), ("release", "2022.2")):
        (folder / release).mkdir()
        (folder / release / "farm_release.hpp").write_text(release_header(name))
    with contextlib.chdir(folder):
        compile_core.write_sources(core, rendered)
        if view == "body":
            compile_core.compile_object("body.cpp", "body.so", "-O2", "-shared", "-I", "host")
        else:
            system = ("-isystem", str(compile_core.open_headers()))
            compile_core.compile_object("top.cpp", "top.so", *compile_core.TOP_FLAGS, *system)
    return Compiled(core, view, ctypes.CDLL(str(folder / f"{view}.so")))


@pytest.fixture(scope="session")
def simulations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where models are compiled; the harness stays in it, so that it is compiled once."""
    if find_verilator() is None:
        pytest.skip("there is no Verilator")
    return tmp_path_factory.mktemp("simulations")


@pytest.fixture(scope="session")
def simulate(simulations: Path) -> Callable[[Core], Simulator]:
    """Verilate and compile a core; each one only once."""
    done: dict[str, Simulator] = {}

    def simulate_one(core: Core) -> Simulator:
        if core.name not in done:
            done[core.name] = build(core, simulations)
        return done[core.name]

    return simulate_one
