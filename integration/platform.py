"""A board and its shell, as data: clocks, memories, and where a kernel's arguments may lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from config.document import load
from config.problem import ConfigError, Problem, suggestion

BOARDS = Path(__file__).resolve().parent.parent / "platform"


@dataclass(frozen=True)
class MemoryBank:
    """One memory of the card. `size_kib` in KiB, `base` is its first byte address."""

    tag: str
    kind: str
    size_kib: int
    base: int


@dataclass(frozen=True)
class Clock:
    """A clock that the shell supplies to kernels."""

    name: str
    kind: str
    mhz: int


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
    clocks = []
    for section in document.sections("clocks"):
        kind = section.text("kind", choices=("data", "kernel", "system"))
        clocks.append(Clock(section.text("name"), kind, section.integer("mhz", minimum=1)))
        section.finish()
    memories = []
    for section in document.sections("memories"):
        kind = section.text("kind", choices=("ddr4", "hbm", "dram", "uram"))
        size = section.integer("size_kib", minimum=1)
        memories.append(MemoryBank(section.text("tag"), kind, size, section.integer("base", minimum=0)))
        section.finish()
    connect = document.section("connect")
    wired = []
    for argument in ("in_r", "out_r", "weightsmem"):
        tags = connect.texts(argument)
        for tag in tags:
            if tag not in {memory.tag for memory in memories}:
                connect.problem(argument, f"there is no memory {tag!r}", "name one of the memories above")
        wired.append((argument, tags))
    connect.finish()
    platform = Platform(
        name=document.text("name"),
        part=document.text("part"),
        vbnv=document.text("platform"),
        clocks=tuple(clocks),
        memories=tuple(memories),
        connect=tuple(wired),
        kernel_base=document.integer("kernel_base", minimum=0),
    )
    document.finish()
    document.problems.raise_if_any()
    return platform
