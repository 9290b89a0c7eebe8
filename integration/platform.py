"""A board and its shell, as data: clocks, memories, resources, and the memories for a kernel's arguments."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from config.document import Section, load
from config.fpga_resources import NAMES, UNKNOWN, Resources
from config.frozen import dataclass
from config.problem import ConfigError, Problem, suggestion

BOARDS = Path(__file__).resolve().parent.parent / "platform"
_PLRAM = re.compile(r"PLRAM\[(\d{1,2})\]")
_VBNV = re.compile(r"[a-z0-9.-]+_[a-z0-9.-]+_\w+_\d+_\d+")


@dataclass(frozen=True)
class MemoryBank:
    """One memory of the card. `size_kib` is in KiB, `base` is its first byte address.

    `shell_kib` is its size in the shell, where the link makes it larger (PLRAM). `sp` is what v++ calls it
    (`sp=kernel_1.in_r:DDR[0]`), `slr` the SLR that its controller is in, where that is known.
    `gb_per_s` is its bandwidth in 10^9 bytes a second, reading and writing together; `latency_ns` is the time from an
    address to the first word. Both are for a simulation, and None in a platform that an xclbin describes.
    """

    tag: str
    kind: str
    size_kib: int
    base: int
    sp: str = ""
    slr: str | None = None
    gb_per_s: float | None = None
    latency_ns: float | None = None
    shell_kib: int | None = None

    @property
    def end(self) -> int:
        """The first byte address after it."""
        return self.base + self.size_kib * 1024

    @property
    def plram(self) -> int | None:
        """Its number among the PLRAMs, which are made of the card's own logic; None for any other memory."""
        found = _PLRAM.fullmatch(self.sp)
        return int(found[1]) if found and self.slr else None


@dataclass(frozen=True)
class Clock:
    """A clock that the shell supplies to kernels: its default, and the highest frequency if it can be scaled."""

    name: str
    kind: str
    mhz: int
    most_mhz: int | None = None


@dataclass(frozen=True)
class Budget:
    """The resources that a shell leaves to a kernel, in total and per SLR (by name); None or no SLRs if unknown."""

    total: Resources = UNKNOWN
    slrs: tuple[tuple[str, Resources], ...] = ()


@dataclass(frozen=True)
class Shell:
    """One shell of a board. `cu_path` is the cell of a compute unit in the linked design, with `{cu}` for its name.

    `pblocks` are the names of the shell's pblocks, one per SLR. If `has_fixed_clocks`, the shell's clocks cannot be
    scaled to the kernel's frequency; v++ gets the frequency in Hz and adds a clock for it (AMD UG1393).
    """

    vbnv: str
    cu_path: str
    pblocks: tuple[str, ...]
    has_fixed_clocks: bool = False

    def cell(self, compute_unit: str) -> str:
        """The path of a compute unit's cell."""
        return self.cu_path.replace("{cu}", compute_unit)


@dataclass(frozen=True)
class Platform:
    """One board with one shell. `connect` maps kernel arguments to the tags of the memories that they are wired to."""

    name: str
    part: str
    vbnv: str
    clocks: tuple[Clock, ...]
    memories: tuple[MemoryBank, ...]
    connect: tuple[tuple[str, tuple[str, ...]], ...]
    kernel_base: int
    budget: Budget = Budget()
    shells: tuple[Shell, ...] = ()
    slls: int | None = None
    """Wires between two neighbouring SLRs; None if unknown."""

    @property
    def data_clock(self) -> Clock:
        """The clock that kernels run at."""
        return next(clock for clock in self.clocks if clock.kind == "data")

    def shell(self, vbnv: str | None = None) -> Shell | None:
        """The shell of that name (default: the file's own); None if the file does not describe it."""
        return next((shell for shell in self.shells if shell.vbnv == (vbnv or self.vbnv)), None)

    def bank(self, tag: str) -> MemoryBank:
        """The memory of that tag."""
        return next(memory for memory in self.memories if memory.tag == tag)

    def tags(self, argument: str) -> tuple[str, ...]:
        """The memories that a kernel argument is wired to."""
        return dict(self.connect)[argument]

    def describe(self) -> dict[str, Any]:
        """The parts of the platform that an xclbin holds, as plain JSON values.

        Not budget, shells and wires, which the fit and v++ read: other numbers there make no other xclbin. Nor the
        speed of the memories: a simulation is given that by itself, and no card needs to be told.
        """
        described = {name: value for name, value in asdict(self).items() if name not in ("budget", "shells", "slls")}
        for memory in described["memories"]:
            del memory["gb_per_s"], memory["latency_ns"], memory["shell_kib"]
        return described

    @classmethod
    def from_description(cls, values: Mapping[str, Any]) -> Platform:
        """The platform that `describe` wrote."""
        return cls(
            **{
                **values,
                "clocks": tuple(Clock(**entry) for entry in values["clocks"]),
                "memories": tuple(MemoryBank(**entry) for entry in values["memories"]),
                "connect": tuple((argument, tuple(tags)) for argument, tags in values["connect"]),
            }
        )


def find_platform(name: str, folder: Path = BOARDS, *, origin: str = "command line") -> Platform:
    """Read the platform of that name; `origin` is where the name was written, e.g. `farm.yaml:3`.

    Raises:
        ConfigError: no such board (with a suggestion), or mistakes in its file.
    """
    names = sorted(path.stem for path in folder.glob("*.yaml"))
    if name not in names:
        file, _, line = origin.rpartition(":")
        where, at = (file, int(line)) if line.isdigit() else (origin, None)
        raise ConfigError([Problem(where, at, f"there is no platform called {name!r}", suggestion(name, names))])
    document = load(folder / f"{name}.yaml")
    if document.text("name") != name and document.ok:
        document.problem(
            "name", f"the file is called {name}.yaml, the board {document.text('name')!r}", "give both the same name"
        )
    vbnv = document.text("platform")
    if document.ok and not _VBNV.fullmatch(vbnv):
        document.problem("platform", f"{vbnv!r} is not a platform name", "write vendor_board_name_major_minor")
    budget = _budget(document.section("budget", default=None))
    slrs = [name for name, _ in budget.slrs]
    memories = tuple(_memories(document, slrs))
    platform = Platform(
        name=name,
        part=document.text("part"),
        vbnv=vbnv,
        clocks=tuple(_clocks(document)),
        memories=memories,
        connect=_connect(document.section("connect"), {memory.tag for memory in memories}),
        kernel_base=document.integer("kernel_base", minimum=0),
        budget=budget,
        shells=tuple(_shells(document, len(slrs))),
        slls=document.integer("slls", default=None, minimum=1),
    )
    document.finish()
    document.problems.raise_if_any()
    return platform


def _clocks(document: Section) -> Iterator[Clock]:
    sections = document.sections("clocks")
    kinds = []
    for section in sections:
        kinds.append(section.text("kind", choices=("data", "kernel", "system")))
        yield Clock(
            section.text("name"),
            kinds[-1],
            section.integer("mhz", minimum=1),
            section.integer("most_mhz", default=None, minimum=1),
        )
        section.finish()
    if document.has("clocks") and all(section.ok for section in sections) and kinds.count("data") != 1:
        what = f"{len(kinds)} clocks, {kinds.count('data')} of them of kind data"
        document.problem("clocks", what, "give exactly one, the clock that kernels run at")


def _memories(document: Section, slrs: Collection[str]) -> Iterator[MemoryBank]:
    seen: dict[str, MemoryBank] = {}
    for section in document.sections("memories"):
        kind = section.text("kind", choices=("ddr4", "hbm", "dram", "uram"))
        size = section.integer("size_kib", minimum=1)
        tag, base = section.text("tag"), section.integer("base", minimum=0)
        slr = section.text("slr", default=None)
        if slrs and slr is not None and slr not in slrs:
            section.problem("slr", f"there is no SLR {slr!r} in the budget", suggestion(slr, slrs))
        memory = MemoryBank(
            tag,
            kind,
            size,
            base,
            section.text("sp", default=tag),
            slr,
            section.number("gb_per_s", minimum=0.1, maximum=10_000),
            section.number("latency_ns", minimum=0, maximum=100_000),
            section.integer("shell_kib", default=None, minimum=1),
        )
        if section.ok and memory.shell_kib is not None:
            if memory.plram is None:
                section.problem("shell_kib", f"a link cannot resize {memory.sp}", "give it for PLRAM[n] of an SLR only")
            elif memory.shell_kib > size:
                section.problem("shell_kib", f"{memory.shell_kib} is more than 'size_kib'", "give the shell's own size")
        section.finish()
        if section.ok and memory.tag in seen:
            section.problem("tag", f"a memory called {memory.tag!r} is already there", "give it another tag")
        for other in seen.values():
            # Otherwise a buffer in one would silently overwrite a buffer in the other.
            if section.ok and memory.base < other.end and other.base < memory.end:
                section.problem("base", f"{memory.tag!r} and {other.tag!r} overlap", "give each its own addresses")
        if section.ok:
            seen[memory.tag] = memory
        yield memory


def _shells(document: Section, slrs: int) -> Iterator[Shell]:
    for section in document.sections("shells", default=[]):
        vbnv, path, pblocks = section.text("platform"), section.text("cu_path"), section.texts("pblocks")
        clocks = section.text("clocks", default="scalable", choices=("scalable", "fixed"))
        if section.ok and not _VBNV.fullmatch(vbnv):
            section.problem("platform", f"{vbnv!r} is not a platform name", "write vendor_board_name_major_minor")
        if section.ok and path.count("{cu}") != 1:
            section.problem("cu_path", f"{path!r} names no compute unit", "write {cu} once, in place of its name")
        if slrs and section.ok and len(pblocks) != slrs:
            section.problem("pblocks", f"{len(pblocks)} pblocks for {slrs} SLRs", "name one per SLR")
        section.finish()
        yield Shell(vbnv, path, pblocks, clocks == "fixed")


def _connect(section: Section, known: Collection[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    wired = []
    for argument in ("in_r", "out_r", "weightsmem"):
        tags = section.texts(argument)
        if not tags and section.has(argument) and section.ok:
            section.problem(argument, f"{argument!r} is wired to no memory", "name at least one")
        for tag in tags:
            if tag not in known:
                section.problem(argument, f"there is no memory {tag!r}", suggestion(tag, known))
        wired.append((argument, tags))
    section.finish()
    return tuple(wired)


def _budget(section: Section | None) -> Budget:
    if section is None:
        return Budget()
    total = _amounts(section.section("total"))
    slrs = tuple((name, _amounts(part)) for name, part in section.named_sections("slrs", default={}).items())
    section.finish()
    return Budget(total, slrs)


def _amounts(section: Section) -> Resources:
    amounts = Resources(**{name: section.integer(name, default=None, minimum=0) for name in NAMES})
    section.finish()
    return amounts
