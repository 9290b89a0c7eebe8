"""``python -m runtime``: look at an xclbin, trust its payload, classify pictures, measure, run a host program."""

from __future__ import annotations

import argparse
import hashlib
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from . import trust
from .errors import FarmRuntimeError, InputError, XclbinError
from .formats import emulation_data, kernels, xclbin
from .formats.checks import describe_payload, manifest_of
from .formats.manifest import SUMS, Manifest
from .output import clean_output, console

# Contents of a file are text, never markup.
_console = console(highlight=False, markup=False, emoji=False)
_WEIGHTS_HELP = ".npy, .npz or .csv; default: the xclbin's own"

_ABOUT = "Look at an xclbin, trust its payload, classify pictures, measure, run a host program."


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0, or 2 with one line on stderr for anything that the user can put right."""
    clean_output()
    options = _parser().parse_args(argv)
    warnings.formatwarning = _warning_line
    try:
        status: int = options.command(options)
    except FarmRuntimeError as error:
        sys.stderr.write(f"error: {' '.join(str(error).split())}\n")
        return 2
    except BrokenPipeError:
        # "info FILE | head" is not a failure.
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        return 130
    return status


def _warning_line(message: Warning | str, *_: Any, **__: Any) -> str:
    """The text of a warning. Python's own form adds the line of this program that gave it."""
    return f"warning: {' '.join(str(message).split())}\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}", description=_ABOUT)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    info = commands.add_parser("info", help="what an xclbin holds")
    info.add_argument("file", type=Path, metavar="FILE")
    info.add_argument("--xrt", action="store_true", help="also what AMD's XRT finds in it; needs XRT with its headers")
    info.set_defaults(command=_info)
    classify = commands.add_parser("classify", help="classify pictures")
    classify.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="PNG, JPEG or .npy")
    classify.add_argument("--xclbin", type=Path, required=True, metavar="FILE")
    classify.add_argument("--fc-weights", type=Path, metavar="FILE", help=_WEIGHTS_HELP)
    classify.set_defaults(command=_classify)
    _add_measurements(commands)
    trusting = commands.add_parser("trust", help="trust the native payload of an xclbin")
    trusting.add_argument("file", type=Path, metavar="FILE")
    trusting.set_defaults(command=_trust)
    run = commands.add_parser("run", help="run a host program; it gets np, img and fcweights")
    run.add_argument("script", type=Path, metavar="SCRIPT.py")
    run.add_argument("--image", type=Path, required=True, metavar="FILE", help="PNG, JPEG or .npy")
    run.add_argument("--fc-weights", type=Path, metavar="FILE", help=_WEIGHTS_HELP)
    run.add_argument("--xclbin", type=Path, metavar="FILE", help="default: what the script names, here or in build/")
    run.set_defaults(command=_run)
    xrt = commands.add_parser("xrt", help="run a host program of AMD's XRT (C++, OpenCL, PYNQ) on the emulated card")
    xrt.add_argument("--platform", metavar="NAME", help="the card's shell; default: that of the first xclbin named")
    xrt.add_argument("program", nargs="+", metavar="-- PROGRAM", help="and its arguments")
    xrt.set_defaults(command=_xrt)
    return parser


def _add_measurements(commands: Any) -> None:
    accuracy = commands.add_parser("accuracy", help="how often the labels of a folder's images are found")
    accuracy.add_argument("folder", type=Path, metavar="FOLDER", help="of PNG, JPEG and .npy files")
    accuracy.add_argument(
        "--labels", type=Path, required=True, metavar="FILE", help="lines of: filename label (number or name); or .csv"
    )
    accuracy.add_argument("--batch", type=int, default=16, metavar="N", help="images per call of the card (default 16)")
    accuracy.add_argument("--limit", type=int, metavar="N", help="only the first N images of the labels file")
    accuracy.set_defaults(command=_accuracy)
    benchmark = commands.add_parser("benchmark", help="images/s and latency over batch sizes, on random images")
    benchmark.add_argument(
        "--batches", metavar="N,N", help="batch sizes (default 1,8,64; 4 in a simulation, which runs the largest)"
    )
    benchmark.add_argument("--seconds", type=float, default=5.0, metavar="S", help="time per batch size (default 5)")
    benchmark.set_defaults(command=_benchmark)
    for command in (accuracy, benchmark):
        command.add_argument("--xclbin", type=Path, required=True, metavar="FILE")
        command.add_argument("--fc-weights", type=Path, metavar="FILE", help=_WEIGHTS_HELP)
        command.add_argument("--json", type=Path, metavar="FILE", help="write the figures there; - for the output")


def _info(options: argparse.Namespace) -> int:
    file = xclbin.read(options.file)
    header = file.header
    major, minor, patch = header.version
    table = _table(str(options.file), "", "")
    table.add_row("platform", header.platform_vbnv)
    table.add_row("mode", header.mode_name)
    table.add_row("uuid", header.uuid.hex())
    table.add_row("XRT version", f"{major}.{minor}.{patch}")
    table.add_row("bytes", f"{header.length:,}")
    _console.print(table)
    table = _table("sections", "kind", "name", "offset", "bytes")
    for section in file.sections:
        table.add_row(section.kind_name, section.name, f"0x{section.offset:x}", f"{len(section.data):,}")
    _console.print(table)
    if file.memories:
        table = _table("memories", "tag", "type", "used", "base address", "MiB")
        for bank in file.memories:
            used = "yes" if bank.used else "no"
            table.add_row(bank.tag, bank.type_name, used, f"0x{bank.base_address:x}", f"{bank.size_kib / 1024:g}")
        _console.print(table)
    if file.clocks:
        table = _table("clocks", "name", "type", "MHz")
        for clock in file.clocks:
            table.add_row(clock.name, clock.type_name, str(clock.frequency_mhz))
        _console.print(table)
    for kernel in kernels.read_xml(file.metadata) if file.metadata else ():
        instances = ", ".join(f"{i.name} at 0x{i.base_address:x}" for i in kernel.instances)
        title = f"kernel {kernel.name} ({kernel.vlnv}, {kernel.control}): {instances or 'no instance'}"
        table = _table(title, "argument", "offset", "bytes", "type", "port", "banks")
        for argument in kernel.arguments:
            banks = ", ".join(_banks(file, kernel.name, argument.index))
            offset = f"0x{argument.offset:x}"
            table.add_row(argument.name, offset, str(argument.size_bytes), argument.type, argument.port, banks)
        _console.print(table)
    if file.manifest_json is not None:
        _print_manifest(manifest_of(file, str(options.file)))
    if options.xrt:
        _print_xrt(file, options.file)
    return 0


def _print_xrt(file: xclbin.Xclbin, path: Path) -> None:
    from .xrt.differences import differences  # noqa: PLC0415  plain "info" does without
    from .xrt.judge import ask  # noqa: PLC0415

    found = ask(path)
    tags = {memory.index: memory.tag for memory in found.memories}
    for unit in (unit for kernel in found.kernels for unit in kernel.units):
        title = f"XRT: compute unit {unit.name} at 0x{unit.base_address:x}"
        table = _table(title, "argument", "offset", "bytes", "port", "group id", "memories")
        for argument in unit.arguments:
            group = "" if argument.group is None else str(argument.group)
            memories = ", ".join(tags.get(index, str(index)) for index in argument.memories)
            offset, size = f"0x{argument.offset:x}", str(argument.size_bytes)
            table.add_row(argument.name, offset, size, argument.port, group, memories)
        _console.print(table)
    if others := differences(file, found):
        raise XclbinError("; ".join(others), where=str(path), remedy="rebuild the file")
    _console.print(f"XRT loads it as {found.loaded}, runs each compute unit, and reads the same as this program")


def _banks(file: xclbin.Xclbin, kernel: str, argument: int) -> list[str]:
    units = {index for index, entry in enumerate(file.ip_layout) if entry.name.partition(":")[0] == kernel}
    reached = [c for c in file.connections if c.ip_index in units and c.argument_index == argument]
    return list(dict.fromkeys(file.memories[c.memory_index].tag for c in reached))


def _print_manifest(facts: Manifest) -> None:
    table = _table("manifest", "", "")
    for name in ("network", "kernel", "instance", "toolchain", "target", "view"):
        table.add_row(name, str(getattr(facts, name)))
    table.add_row("parameters", f"{facts.parameters.origin}, {facts.parameters.digest[:16]}")
    table.add_row("clock", f"{facts.clock_mhz:g} MHz")
    cycles = facts.cycles
    if cycles.predicted_ii is not None:
        fps = facts.clock_mhz * 1e6 / cycles.predicted_ii
        place = f" at {cycles.bottleneck}" if cycles.bottleneck else ""
        # A bound: the kernel is no faster than its slowest operator, and nothing says that it is as fast.
        text = f"{cycles.predicted_ii:,} cycles per image{place}, at most {fps:,.0f} FPS at that clock"
        table.add_row("predicted", text)
    if cycles.measured is not None:
        fps = facts.clock_mhz * 1e6 / cycles.measured
        table.add_row("measured", f"{cycles.measured:,} cycles per image, {fps:,.0f} FPS at that clock")
    of = "" if facts.classes is None else f" of {facts.classes:,} classes"
    table.add_row("results", f"{'raw sums' if facts.results == SUMS else 'indices of the best'}{of}")
    for argument in facts.arguments:
        text = f"{'/'.join(argument.dtypes)} {argument.shape} per {argument.per}, {argument.direction}"
        table.add_row(argument.name, f"{text}, {', '.join(argument.banks) or 'any bank'}")
    for block, folding in facts.folding.items():
        table.add_row(f"folding {block}", folding)
    for tool, version in facts.tools.items():
        table.add_row(tool, version)
    for part, digest in facts.parts.items():
        table.add_row(f"part {part}", f"SHA-256 {digest[:16]}…")
    if facts.payload is not None:
        trusted = "trusted" if trust.trusted(facts.payload.sha256) else "not trusted"
        table.add_row("payload", f"{facts.payload}; {trusted}")
    _console.print(table)


class _Table(Table):
    """A table of what a file says: a line break in a name must not look like a row."""

    def add_row(self, *cells: Any, **options: Any) -> None:
        """Add a row of texts."""
        super().add_row(*(str(cell).replace("\n", "\\n") for cell in cells), **options)


def _table(title: str, *columns: str) -> Table:
    table = _Table(
        title=title.replace("\n", "\\n"), title_justify="left", show_header=any(columns), title_style="bold", box=None
    )
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _classify(options: argparse.Namespace) -> int:
    import numpy as np  # noqa: PLC0415  "info" and "trust" do without

    from .accelerator import Accelerator  # noqa: PLC0415
    from .images.files import label_of, load_image  # noqa: PLC0415

    facts = manifest_of(xclbin.read(options.xclbin), str(options.xclbin))
    images = np.stack([load_image(path, facts) for path in options.images])
    with Accelerator(options.xclbin, fc_weights=options.fc_weights) as accelerator:
        classes = accelerator.classify(images)
    for path, row in zip(options.images, classes, strict=True):
        _console.print(f"{path}: {', '.join(label_of(int(index), facts.labels) for index in row)}", soft_wrap=True)
    return 0


def _accuracy(options: argparse.Namespace) -> int:
    from . import measurements  # noqa: PLC0415  imports numpy and PYNQ

    return measurements.accuracy(options, _console)


def _benchmark(options: argparse.Namespace) -> int:
    from . import measurements  # noqa: PLC0415  imports numpy and PYNQ

    return measurements.benchmark(options, _console)


def _trust(options: argparse.Namespace) -> int:
    file = xclbin.read(options.file)
    facts = manifest_of(file, str(options.file))
    payload = file.emulation.get(emulation_data.PAYLOAD)
    if payload is None:
        raise InputError("has no native payload", where=str(options.file), remedy="nothing needs to be trusted")
    digest = hashlib.sha256(payload).hexdigest()
    added = trust.trust(digest, f"{describe_payload(facts)}; {options.file.name}")
    _console.print(f"{options.file}: {describe_payload(facts)}", soft_wrap=True)
    state = "is now trusted, in" if added else "was trusted already, in"
    _console.print(f"SHA-256 {digest} {state} {trust.list_file()}", soft_wrap=True)
    return 0


def _run(options: argparse.Namespace) -> int:
    from .host_script import find_xclbin, run_script  # noqa: PLC0415
    from .images.files import label_of  # noqa: PLC0415
    from .ranking import best_classes  # noqa: PLC0415

    file = find_xclbin(options.script, options.xclbin, Path.cwd())
    names = run_script(options.script, file, options.image, options.fc_weights)
    results = names.get("results")
    if results is not None and hasattr(results, "ravel"):
        facts = manifest_of(xclbin.read(file), str(file))
        # A script may have made anything of the buffer; sums are ranked where they are as the kernel wrote them.
        whole = results.shape[-1:] == facts.result.shape
        classes = best_classes(results, facts) if whole else results
        labels = ", ".join(label_of(int(index), facts.labels) for index in classes.ravel())
        _console.print(f"results: {results.tolist()}  ({labels})", soft_wrap=True)
    return 0


def _xrt(options: argparse.Namespace) -> int:
    from .xrt.launcher import run  # noqa: PLC0415

    return run(options.program, options.platform)


if __name__ == "__main__":
    sys.exit(main())
