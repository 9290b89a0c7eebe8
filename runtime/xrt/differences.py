"""Two readers of one file: what XRT found, beside what ``runtime.formats`` reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..formats import kernels
from ..formats.xclbin import Xclbin
from . import report
from .report import Report


def differences(file: Xclbin, found: Report) -> tuple[str, ...]:
    """A line for each thing that XRT sees otherwise, or that a host program would fail on; none where both agree."""
    if found.failed:
        return (f"XRT fails to {found.failed} ({found.what})",)
    return tuple(_differences(file, found))


def _differences(file: Xclbin, found: Report) -> Iterator[str]:
    uuid = file.header.uuid.hex()
    yield from _other("uuid", uuid, found.uuid)
    yield from _other("uuid after the load", uuid, found.loaded)
    yield from _other("platform", file.header.platform_vbnv, found.platform)
    memories = [
        report.Memory(index, bank.tag, bank.type, bank.used, bank.base_address, bank.size_kib)
        for index, bank in enumerate(file.memories)
    ]
    yield from _each("memory", {m.index: m for m in memories}, {m.index: m for m in found.memories})
    ours = {unit.name: unit for unit in _units(file)}
    theirs = {unit.name: unit for kernel in found.kernels for unit in kernel.units}
    yield from _other("compute units", sorted(ours), sorted(theirs))
    for name in sorted(ours.keys() & theirs.keys()):
        yield from _of_unit(ours[name], theirs[name])


def _of_unit(ours: report.Unit, theirs: report.Unit) -> Iterator[str]:
    yield from _other(f"address of {ours.name}", hex(ours.base_address), hex(theirs.base_address))
    # A group id is one of the memories, and XRT's to choose.
    plain = {a.index: report.Argument(**{**vars(a), "group": None}) for a in theirs.arguments}
    yield from _each(f"argument of {ours.name}", {a.index: a for a in ours.arguments}, plain)
    for argument in theirs.arguments:
        if argument.group is not None and argument.group not in argument.memories:
            yield f"argument {argument.name} of {ours.name}: group id {argument.group} is not one of its memories"
    if theirs.run_state != ours.run_state:
        yield f"a run of {ours.name} ended in state {theirs.run_state} of XRT's ert.h, not in {ours.run_state}"


def _units(file: Xclbin) -> Iterator[report.Unit]:
    """The compute units as the XML and CONNECTIVITY describe them."""
    for kernel in kernels.read_xml(file.metadata) if file.metadata else ():
        for instance in kernel.instances:
            name = f"{kernel.name}:{instance.name}"
            numbers = [index for index, entry in enumerate(file.ip_layout) if entry.name == name]
            arguments = tuple(
                report.Argument(
                    argument.index,
                    argument.name,
                    argument.port,
                    argument.offset,
                    argument.size_bytes,
                    None,
                    tuple(sorted(
                        connection.memory_index
                        for connection in file.connections
                        if connection.ip_index in numbers and connection.argument_index == argument.index
                    )),
                )
                for argument in kernel.arguments
            )  # fmt: skip
            yield report.Unit(name, instance.base_address, arguments, report.COMPLETED)


def _each(kind: str, ours: Mapping[int, object], theirs: Mapping[int, object]) -> Iterator[str]:
    for index in sorted(ours.keys() | theirs.keys()):
        yield from _other(f"{kind} {index}", ours.get(index, "none"), theirs.get(index, "none"))


def _other(name: str, ours: object, theirs: object) -> Iterable[str]:
    return () if ours == theirs else (f"{name}: XRT finds {theirs}, the file says {ours}",)
