"""Compile a core and run it against the integer model: `python -m toolchains.open.emulation.compile_core`, step `hls`.

The body becomes `core.o`, which the emulation links. The step runs body and top on random images and random parameters.
Parameters pass through the same memory images that fill the netlist. The results must equal the model bit for bit. The
step then writes `interface.json` (the ports of the compiled top) and `csim.json` (a summary of the comparison).
"""

from __future__ import annotations

import argparse
import ctypes
import importlib.util
import json
import subprocess
import sys
from dataclasses import asdict
from functools import singledispatch
from pathlib import Path
from typing import Any

import numpy as np

from blocks.core.base import Core
from blocks.core.graph import Graph, GraphCore
from blocks.core.hls import HlsView, render
from blocks.core.model import random_parameters, run_graph
from blocks.dma import DmaCore
from blocks.memories import images
from blocks.operators.base import Stream
from toolchains.common.core_file import read_core
from toolchains.hls_subset.lint import lint
from toolchains.open.emulation.isa import ISA_LEVEL
from toolchains.open.emulation.native import host_entry

Tensor = np.ndarray[Any, Any]

COMMON_FLAGS = ("-std=c++14", f"-march={ISA_LEVEL}", "-fPIC", "-Wall", "-Wno-unknown-pragmas", "-Wno-unused-label")
#: `ap_int.h` ends with `#include <ap_fixed.h>` unless that is here already. No core has fixed-point numbers, and
#: without them a top compiles a tenth faster.
NO_FIXED_POINT = "-D__AP_FIXED_H__"
#: A constructor in the open headers reads an uninitialised value. It is harmless, but the warnings would fill the log.
TOP_FLAGS = ("-shared", "-Wno-maybe-uninitialized", "-Wno-uninitialized", NO_FIXED_POINT, "-I", "release")
#: -Og compiles a top in three quarters of the time of -O1, but one of ResNet-50 then runs for 15 s instead of 10 s.
#: From this many cycles of all its operators on, that is more than the compiler saves.
LONG_CYCLES = 50_000
IMAGES = 2
#: Arbitrary-precision types make the top a thousand times slower than the body: 10 to 20 s for a core of ResNet-50.
TOP_IMAGES = 1
SEED = 2020


class CoreError(Exception):
    """The core is rejected; the text is printed as the step's error line."""


def open_headers() -> Path:
    """The folder of the open ap_int headers. They come with hls4ml's wheel; nothing else of it is used.

    Raises CoreError if hls4ml is not installed.
    """
    found = importlib.util.find_spec("hls4ml")
    if found is None or not found.submodule_search_locations:
        what = "the package hls4ml, which carries the open ap_int headers, is not installed"
        raise CoreError(f"{what}; run ./setup, or: pip install --no-deps hls4ml==1.3.0")
    return Path(next(iter(found.submodule_search_locations))) / "templates" / "vivado" / "ap_types"


def compile_object(source: str, output: str, *flags: str) -> None:
    """Compile `source` with g++; its messages go to the log. Raises CoreError if it fails or is missing."""
    command = ["g++", *COMMON_FLAGS, *flags, "-I", ".", "-o", output, source]
    try:
        done = subprocess.run(command, check=False)
    except FileNotFoundError:
        raise CoreError("there is no g++; install it, e.g. apt-get install g++") from None
    if done.returncode:
        raise CoreError(f"g++ ended with status {done.returncode} on {source}; its first message is above")


def write_sources(core: Core, view: HlsView) -> None:
    """Write the rendered sources into the current folder, beside the headers that are inputs of the step."""
    Path(f"{view.name}.hpp").write_text(view.body)
    Path(f"{view.name}_top.cpp").write_text(view.top)
    Path("body.cpp").write_text(host_entry(core, top=False))
    Path("top.cpp").write_text(host_entry(core, top=True))


def top_flags(core: Core) -> tuple[str, ...]:
    """The options of g++ for the top of a core."""
    cycles = sum(core.graph.cycles().values()) if isinstance(core, GraphCore) else 0
    return ("-O1" if cycles >= LONG_CYCLES else "-Og", *TOP_FLAGS)


def check_subset(view: HlsView) -> None:
    """Print the places that leave the HLS subset; raise CoreError if there are any."""
    files = [
        f"{view.name}.hpp",
        f"{view.name}_top.cpp",
        "operators/farm_hls.hpp",
        *view.headers,
    ]
    findings = [finding for file in files for finding in lint(Path(file).read_text(), file)]
    for finding in findings:
        print(f"{finding.file}:{finding.line}: {finding.rule}: {finding.what}; {finding.remedy}")
    if findings:
        places = "1 place leaves" if len(findings) == 1 else f"{len(findings)} places leave"
        raise CoreError(f"{places} the HLS subset (docs/hls_subset.md); the first is above")


def element_type(stream: Stream) -> np.dtype[Any]:
    """The type of an element on the C interface."""
    size = 1 if stream.bits <= 8 else 2 if stream.bits <= 16 else 4
    return np.dtype(f"{'i' if stream.signed else 'u'}{size}")


def _pointers(arrays: list[Tensor]) -> Any:
    return (ctypes.c_void_p * max(1, len(arrays)))(*(array.ctypes.data for array in arrays))


def run_native(
    library: ctypes.CDLL, name: str, view: str, graph: Graph, memory: bytes, inputs: list[Tensor]
) -> list[Tensor]:
    """Run one image through the compiled body or top (`view`). Returns flat tensors in element order.

    Raises CoreError with the text that the core reports.
    """
    error = ctypes.create_string_buffer(256)
    create = getattr(library, f"{name}_{view}_new")
    create.restype = ctypes.c_void_p
    instance = create(memory, ctypes.c_uint64(len(memory)), error, ctypes.c_uint64(len(error)))
    if not instance:
        raise CoreError(f"{view}: {error.value.decode()}")
    outputs = [np.zeros(port.stream.elements, element_type(port.stream)) for port in graph.outputs]
    flat = [
        np.ascontiguousarray(value.reshape(-1).astype(element_type(port.stream)))
        for value, port in zip(inputs, graph.inputs, strict=True)
    ]
    status = getattr(library, f"{name}_{view}_run")(
        ctypes.c_void_p(instance), _pointers(flat), _pointers(outputs), error, ctypes.c_uint64(len(error))
    )
    getattr(library, f"{name}_{view}_delete")(ctypes.c_void_p(instance))
    if status:
        raise CoreError(f"{view}: {error.value.decode()}")
    return outputs


def draw_inputs(core: GraphCore, rng: np.random.Generator) -> dict[str, Tensor]:
    """Draw random tensors over the full range, in the shapes that the model takes; `input` is [1, ...]."""
    drawn: dict[str, Tensor] = {}
    for port in core.graph.inputs:
        stream = port.stream
        low, high = (-(2 ** (stream.bits - 1)), 2 ** (stream.bits - 1)) if stream.signed else (0, 2**stream.bits)
        drawn[port.name] = rng.integers(low, high, stream.elements).reshape(port.shape)
    drawn["input"] = drawn["input"][None]
    return drawn


@singledispatch
def simulate(core: Core) -> dict[str, object]:
    """Compare body and top with the model and return the content of csim.json.

    Raises CoreError at the first difference.
    """
    raise TypeError(f"{core.name}: no model is registered for {type(core).__name__}")


@simulate.register
def _(core: GraphCore) -> dict[str, object]:
    rng = np.random.default_rng(SEED)
    libraries = {view: ctypes.CDLL(str(Path(f"{view}.so").resolve())) for view in ("body", "top")}
    compared = 0
    for image in range(IMAGES):
        parameters = random_parameters(core, rng)
        _, memory = images(core.graph, parameters)
        inputs = draw_inputs(core, rng)
        streams = run_graph(core.graph, inputs, parameters)
        for view, library in libraries.items():
            if view == "top" and image >= TOP_IMAGES:
                continue
            ordered = [inputs[port.name] for port in core.graph.inputs]
            outputs = run_native(library, core.name, view, core.graph, memory, ordered)
            for port, output in zip(core.graph.outputs, outputs, strict=True):
                expected = streams[port.name].reshape(-1)
                wrong = np.flatnonzero(output.astype(np.int64) != expected.astype(np.int64))
                if wrong.size:
                    at = int(wrong[0])
                    raise CoreError(
                        f"the {view} differs from the model: image {image}, {port.name}[{at}] is {output[at]}, "
                        f"expected {expected[at]}; {wrong.size} of {output.size} elements differ"
                    )
                compared += output.size
    return {
        "images": {"body": IMAGES, "top": TOP_IMAGES},
        "seed": SEED,
        "views": list(libraries),
        "elements_compared": compared,
        "differences": 0,
    }


@simulate.register
def _(core: DmaCore) -> dict[str, object]:
    """Check that the DMA moves every byte unchanged, image after image."""
    rng = np.random.default_rng(SEED)
    top = ctypes.CDLL(str(Path("top.so").resolve()))
    body = ctypes.CDLL(str(Path("body.so").resolve()))
    image = rng.integers(0, 256, (IMAGES, core.image.elements)).astype(np.uint8)
    weights = rng.integers(-128, 128, core.weights.elements if core.weights else 0).astype(np.int8)
    indices = rng.integers(0, 2**32, (IMAGES, core.result.beats)).astype(np.uint32)
    moved, rows, answers = np.zeros_like(image), np.zeros((IMAGES, weights.size), np.int8), np.zeros_like(indices)
    getattr(top, f"{core.name}_top_run")(
        *(ctypes.c_void_p(array.ctypes.data) for array in (image, weights, answers)), ctypes.c_uint(IMAGES),
        *(ctypes.c_void_p(array.ctypes.data) for array in (indices, moved, rows)),
    )  # fmt: skip
    same = (moved == image).all() and (rows == weights).all() and (answers == indices).all()
    error = ctypes.create_string_buffer(256)
    for each in range(IMAGES):
        pixels, streamed, answer = np.zeros_like(image[0]), np.zeros_like(weights), np.zeros_like(indices[0])
        getattr(body, f"{core.name}_body_read")(
            ctypes.c_void_p(image[each].ctypes.data), ctypes.c_void_p(weights.ctypes.data),
            _pointers([pixels, streamed]), error, ctypes.c_uint64(len(error)),
        )  # fmt: skip
        getattr(body, f"{core.name}_body_write")(
            ctypes.c_void_p(indices[each].ctypes.data), ctypes.c_void_p(answer.ctypes.data), error,
            ctypes.c_uint64(len(error)),
        )  # fmt: skip
        same = (
            same and (pixels == image[each]).all() and (streamed == weights).all() and (answer == indices[each]).all()
        )
    if not same:
        raise CoreError("the DMA changes the bytes that it moves")
    return {
        "images": IMAGES,
        "seed": SEED,
        "views": ["body", "top"],
        "elements_compared": 2 * image.size,
        "differences": 0,
    }


def main() -> int:
    """Run the step in the current folder.

    Returns:
        0, or 1 after printing why the core is rejected.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", type=Path, required=True, help="kind and shape of the core, as JSON")
    core = read_core(parser.parse_args().core)
    view = render(core)
    try:
        write_sources(core, view)
        check_subset(view)
        system = ("-isystem", str(open_headers()))
        # Run one compiler at a time: the step has reserved one CPU core, and other steps run in parallel.
        compile_object("body.cpp", "core.o", "-O3", "-c", "-I", "host")
        compile_object("core.o", "body.so", "-shared")
        compile_object("top.cpp", "top.so", *top_flags(core), *system)
        report = simulate(core)
    except CoreError as failure:
        print(f"ERROR: {core.name}: {failure}")
        return 1
    Path("csim.json").write_text(json.dumps(report, indent=1) + "\n")
    Path("interface.json").write_text(
        json.dumps({"core": core.name, "ports": [asdict(port) for port in view.ports]}, indent=1) + "\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
