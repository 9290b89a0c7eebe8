"""What XRT found in an xclbin: the report that ``judge.cpp`` writes, as values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ..errors import XrtError

FORMAT = 1
#: ``ERT_CMD_STATE_COMPLETED`` of XRT's ``ert.h``.
COMPLETED = 4


@dataclass(frozen=True)
class Memory:
    """A memory of the card; ``type`` is the number in MEM_TOPOLOGY."""

    index: int
    tag: str
    type: int
    used: bool
    base_address: int
    size_kib: int


@dataclass(frozen=True)
class Argument:
    """An argument of a compute unit. ``memories`` are the indices of those it reaches.

    ``group`` is the group id, which a host program gives to allocate a buffer for it; None for a scalar.
    """

    index: int
    name: str
    port: str
    offset: int
    size_bytes: int
    group: int | None
    memories: tuple[int, ...]


@dataclass(frozen=True)
class Unit:
    """A compute unit; ``run_state`` is the state of its one run, COMPLETED unless something is wrong."""

    name: str
    base_address: int
    arguments: tuple[Argument, ...]
    run_state: int


@dataclass(frozen=True)
class Kernel:
    """A kernel of the XML and its compute units of IP_LAYOUT."""

    name: str
    units: tuple[Unit, ...]


@dataclass(frozen=True)
class Report:
    """All that XRT told. Where it refused the file, ``failed`` says at what, and the fields after it are empty.

    ``uuid`` and ``loaded`` (of the xclbin on the device after the load) are 32 hexadecimal digits.
    """

    uuid: str = ""
    platform: str = ""
    memories: tuple[Memory, ...] = ()
    loaded: str = ""
    kernels: tuple[Kernel, ...] = ()
    failed: str = ""
    what: str = ""


def parse(text: str) -> Report:
    """The report of this JSON text. Raises XrtError for anything else."""
    try:
        value = json.loads(text)
        if value["format"] != FORMAT:
            raise ValueError(f"format {value['format']!r:.40}")
        return Report(
            uuid=str(value.get("uuid", "")),
            platform=str(value.get("platform", "")),
            memories=tuple(Memory(**memory) for memory in value.get("memories", ())),
            loaded=str(value.get("loaded", "")),
            kernels=tuple(_kernel(kernel) for kernel in value.get("kernels", ())),
            failed=str(value.get("failed", "")),
            what=str(value.get("what", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise XrtError(f"the report of XRT cannot be read ({error})", remedy="run the command again") from error


def _kernel(value: Any) -> Kernel:
    units = tuple(
        Unit(
            unit["name"],
            unit["base_address"],
            tuple(
                Argument(**{**argument, "memories": tuple(sorted(argument["memories"]))})
                for argument in unit["arguments"]
            ),
            unit["run_state"],
        )
        for unit in value["units"]
    )
    return Kernel(value["name"], units)
