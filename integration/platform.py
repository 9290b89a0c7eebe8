"""A board and its shell, as data: clocks, memories, and where a kernel's arguments may lie."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from config.document import Section, load
from config.problem import ConfigError, Problem, suggestion

BOARDS = Path(__file__).resolve().parent.parent / "platform"
_VBNV = re.compile(r"[a-z0-9.-]+_[a-z0-9.-]+_\w+_\d+_\d+")


@dataclass(frozen=True)
class MemoryBank:
    """One memory of the card. `size_kib` in KiB, `base` is its first byte address."""

    tag: str
    kind: str
    size_kib: int
    base: int

    @property
    def end(self) -> int:
        """The first byte address behind it."""
        return self.base + self.size_kib * 1024


@dataclass(frozen=True)
class Clock:
    """A clock that the shell supplies to kernels."""

    name: str
    kind: str
    mhz: int


@dataclass(frozen=True)
class Amounts:
    """Resources that a kernel may use; None where no source says how many. A BRAM tile has 36 kbit."""

    luts: int | None = None
    registers: int | None = None
    bram_tiles: int | None = None
    urams: int | None = None
    dsps: int | None = None


@dataclass(frozen=True)
class Budget:
    """What a shell leaves to a kernel, in all and per SLR (name and amounts); no SLRs where no source gives them."""

    total: Amounts = Amounts()
    slrs: tuple[tuple[str, Amounts], ...] = ()


@dataclass(frozen=True)
class Platform:
    """One board with one shell. `connect` is kernel argument -> tags of the memories that it is wired to."""

    name: str
    part: str
    vbnv: str
    clocks: tuple[Clock, ...]
    memories: tuple[MemoryBank, ...]
    connect: tuple[tuple[str, tuple[str, ...]], ...]
    kernel_base: int
    budget: Budget = Budget()

    def tags(self, argument: str) -> tuple[str, ...]:
        """The memories that a kernel argument is wired to."""
        return dict(self.connect)[argument]


def find_platform(name: str, folder: Path = BOARDS, *, origin: str = "command line") -> Platform:
    """The platform of that name; `origin` is where the name was written, e.g. `farm.yaml:3`.

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
            "name", f"the file is called {name}.yaml, the board {document.text('name')!r}", "give one name"
        )
    vbnv = document.text("platform")
    if document.ok and not _VBNV.fullmatch(vbnv):
        document.problem("platform", f"{vbnv!r} is no platform", "write vendor_board_name_major_minor")
    memories = tuple(_memories(document))
    platform = Platform(
        name=name,
        part=document.text("part"),
        vbnv=vbnv,
        clocks=tuple(_clocks(document)),
        memories=memories,
        connect=_connect(document.section("connect"), {memory.tag for memory in memories}),
        kernel_base=document.integer("kernel_base", minimum=0),
        budget=_budget(document.section("budget", default=None)),
    )
    document.finish()
    document.problems.raise_if_any()
    return platform


def _clocks(document: Section) -> Iterator[Clock]:
    sections = document.sections("clocks")
    kinds = []
    for section in sections:
        kinds.append(section.text("kind", choices=("data", "kernel", "system")))
        yield Clock(section.text("name"), kinds[-1], section.integer("mhz", minimum=1))
        section.finish()
    if document.has("clocks") and all(section.ok for section in sections) and kinds.count("data") != 1:
        what = f"{len(kinds)} clocks, {kinds.count('data')} of them of kind data"
        document.problem("clocks", what, "name exactly one that kernels run at")


def _memories(document: Section) -> Iterator[MemoryBank]:
    seen: dict[str, MemoryBank] = {}
    for section in document.sections("memories"):
        kind = section.text("kind", choices=("ddr4", "hbm", "dram", "uram"))
        size = section.integer("size_kib", minimum=1)
        memory = MemoryBank(section.text("tag"), kind, size, section.integer("base", minimum=0))
        section.finish()
        if section.ok and memory.tag in seen:
            section.problem("tag", f"a memory called {memory.tag!r} is already there", "give it another tag")
        for other in seen.values():
            # A buffer in one would be seen through the other, and no error would say so.
            if section.ok and memory.base < other.end and other.base < memory.end:
                section.problem("base", f"{memory.tag!r} and {other.tag!r} overlap", "give each its own addresses")
        if section.ok:
            seen[memory.tag] = memory
        yield memory


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


def _amounts(section: Section) -> Amounts:
    amounts = Amounts(*(section.integer(field.name, default=None, minimum=0) for field in fields(Amounts)))
    section.finish()
    return amounts
