"""Compiled bodies and tops of cores, as the `hls` step compiles them, loaded into the test."""

from __future__ import annotations

import contextlib
import ctypes
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import needs
import numpy as np
import pytest
from once import Once

from blocks.core.graph import Graph, GraphCore
from blocks.core.hls import render
from blocks.core.rtl import RtlView, data_bits
from blocks.memories import images
from blocks.parameter_memory import rtl as memory_rtl
from toolchains.hls_subset.release import release_header
from toolchains.open.emulation import compile_core
from toolchains.open.netlist.models import cell_models
from toolchains.open.netlist.names import MODEL_SOURCES
from toolchains.open.simulation.compile_model import (
    JOINT,
    MODEL,
    VERILATOR_FLAGS,
    WRAPPER,
    class_name,
    compile_sources,
    installed_verilator,
    link_simulation,
    verilate,
    wrapper_name,
)
from toolchains.open.simulation.model import texts
from toolchains.open.simulation.simulator import Simulator
from toolchains.open.synthesis import yosys
from toolchains.open.synthesis.script import DSP_MAP, synthesis_script

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Compiled:
    """A core's body or top as a shared object."""

    core: GraphCore
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
def compile_view(once: Once) -> Callable[..., Compiled]:
    """Compile the body or the top of a core; each one only once."""

    def compile_one(core: GraphCore, view: str = "body") -> Compiled:
        if view == "body":
            needs.compiler()
        else:
            needs.hls_compiler()
        folder = once.make(f"{core.name}-{view}", lambda place: _compile(core, view, place))
        return Compiled(core, view, ctypes.CDLL(str(folder / f"{view}.so")))

    return compile_one


def _compile(core: GraphCore, view: str, folder: Path) -> None:
    rendered = render(core)
    for header in ("operators/farm_hls.hpp", *rendered.headers):
        (folder / header).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "blocks" / header, folder / header)
    shutil.copy(ROOT / "toolchains/open/emulation/core_abi.hpp", folder)
    for release, name in (("host", "host"), ("release", "2022.2")):
        (folder / release).mkdir()
        (folder / release / "farm_release.hpp").write_text(release_header(name))
    shutil.copy(ROOT / "toolchains/open/emulation/hls_stream.h", folder / "release")
    with contextlib.chdir(folder):
        compile_core.write_sources(core, rendered)
        if view == "body":
            compile_core.compile_object("body.cpp", "body.so", "-O2", "-shared", "-I", "host")
        else:
            system = ("-isystem", str(compile_core.open_headers()))
            compile_core.compile_object("top.cpp", "top.so", *compile_core.top_flags(core), *system)


@pytest.fixture(scope="session")
def netlist_models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Verilog of every cell that our netlists have."""
    models = tmp_path_factory.mktemp("models") / "models.v"
    texts = [(ROOT / "toolchains/open/netlist" / name).read_text() for name in MODEL_SOURCES]
    models.write_text(cell_models("\n".join(texts)))
    return (models,)


@pytest.fixture(scope="session")
def synthesise_view(once: Once) -> Callable[[RtlView], Path]:
    """Synthesise a core or an empty memory as the steps do; gives the folder, each made only once."""

    def synthesise(view: RtlView, folder: Path) -> None:
        for file in view.files:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / "blocks" / file, folder / file)
        shutil.copy(ROOT / "toolchains/open/synthesis" / DSP_MAP, folder)
        (folder / "top.sv").write_text(view.top)
        infers = memory_rtl.FILE not in view.files
        (folder / "s.ys").write_text(synthesis_script(view.name, (*view.files, "top.sv"), infers=infers))
        yosys.run_synthesis(Path("s.ys"), folder / "yosys.log", folder)

    return lambda view: once.make(f"{view.name}-synthesised", lambda folder: synthesise(view, folder))


def netlist_wrapper(core: GraphCore, block: str | None) -> str:
    """What the harness sees of a netlist: ports, no stream and no FIFO inside.

    With the name of a block its filled memories feed the core, and what the harness offers for them is never taken.
    """
    feeds = {port.name: data_bits(port.stream.width_bits) for port in core.graph.parameter_ports()} if block else {}
    ports = {port.name for port in core.ports()}

    def probed(found: re.Match[str]) -> str:
        name, part = found.groups()
        if name in feeds:
            return f"{name}_fed_{part}"
        return f"{name}_T{part.upper()}" if name in ports else "1'b0"

    text = re.sub(r"core\.(\w+)_(valid|ready)\b", probed, texts(core)[WRAPPER]())
    text = re.sub(r"\(core\.\w+\.level\)", "(0)", text)
    memories, joined = "", ""
    for name, width_bits in feeds.items():
        memories += f"""
    wire [{width_bits - 1}:0] {name}_fed_data;
    wire {name}_fed_valid, {name}_fed_ready;
    assign {name}_TREADY = 1'b0;
    {block}_{name} {name}_memory (
        .ap_clk, .ap_rst_n,
        .out_TDATA({name}_fed_data), .out_TVALID({name}_fed_valid), .out_TREADY({name}_fed_ready)
    );"""
        joined += "".join(f".{name}_T{part.upper()}({name}_fed_{part}), " for part in ("data", "valid", "ready"))
    assert "core (.*);" in text
    return text.replace(f"    {core.name} core (.*);", f"{memories}\n    {core.name} core ({joined}.*);")


@pytest.fixture(scope="session")
def simulate_netlist(harness: Path, netlist_models: tuple[Path, ...]) -> Callable[..., Simulator]:
    """Verilate and compile the netlist of a core, as Verilog, in the place of its RTL.

    With a block's name and the Verilog of its filled memories these feed the core. `fast` is g++'s optimisation.
    """

    def simulate_one(
        core: GraphCore, netlist: str, block: str | None = None, memories: str = "", fast: str = "-O0"
    ) -> Simulator:
        verilator = installed_verilator()
        with tempfile.TemporaryDirectory(prefix="netlist-") as name:
            place = Path(name)
            shutil.copy(ROOT / "toolchains/open/simulation/harness.hpp", place)
            for model in netlist_models:
                shutil.copy(model, place)
            written = {"netlist.v": netlist, "memories.v": memories, WRAPPER: netlist_wrapper(core, block)}
            for file, text in {**written, JOINT: texts(core)[JOINT]()}.items():
                (place / file).write_text(text)
            files = [*(model.name for model in netlist_models), *written]
            # An open bit of a netlist is any bit.
            flags = ["unique" if flag == "fast" else flag for flag in VERILATOR_FLAGS]
            quiet = ["-Wno-UNOPTFLAT", "-Wno-WIDTH", "-Wno-PINMISSING", "-Wno-CMPCONST", "-Wno-UNSIGNED"]
            made = verilate(class_name(core.name), wrapper_name(core.name), files, place, verilator, [*flags, *quiet])
            compile_sources([JOINT, *made], MODEL, place, verilator, fast)
            library = place / "netlist.so"
            link_simulation(place / MODEL, harness, library)
            return Simulator(core, library)

    return simulate_one
