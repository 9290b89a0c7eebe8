"""A toolchain: a build and the stages that make it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import Any

from config.frozen import dataclass
from farm.step import Step
from toolchains.common.build import Build
from toolchains.common.stage import Per, Stage

ROOMS = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Item:
    """One step of a stage, with the texts and functions that its task uses (`farm.flow.Item`)."""

    step: Step
    doc: str
    blocks: tuple[str, ...] = ()
    note: str = ""
    cannot_run: str = ""
    hook: Callable[[tuple[Path, ...]], None] | None = None
    result: Callable[[tuple[Path, ...]], Iterable[str]] | None = None


@dataclass(frozen=True)
class Toolchain:
    """Makes the steps of a build. It runs nothing.

    Attributes:
        build: The build.
        rooms: Folders in toolchains/ with stages; the first folder that has a stage wins.
        core_task: The stage that makes everything that a build uses of a core.
        note: A text to show before a build, e.g. that another toolchain builds it than the user named.
    """

    build: Build
    rooms: tuple[str, ...]
    core_task: str
    note: str = ""

    @cached_property
    def places(self) -> dict[str, str]:
        """Module names by stage. Stages are found by their files; only those asked for are imported."""
        found: dict[str, str] = {}
        for room in self.rooms:
            # glob would compile a pattern, which takes longer than all of this.
            for file in sorted((ROOMS / room / "stages").iterdir()):
                if file.suffix == ".py" and file.name[0].isalpha():
                    found.setdefault(file.stem, f"toolchains.{room.replace('/', '.')}.stages.{file.stem}")
        return found

    def stage(self, name: str) -> Stage:
        """A stage by its name. Raises KeyError if the toolchain has no such stage."""
        stage = import_module(self.places[name]).STAGE
        assert isinstance(stage, Stage) and stage.name == name, f"{self.places[name]}: STAGE is not {name}"  # noqa: S101
        return stage

    def needs(self, name: str) -> tuple[str, ...]:
        """The stages whose outputs a stage's steps read; none if the toolchain lacks the stage."""
        return self.stage(name).needs if name in self.places else ()

    def step(self, name: str, subject: Any = None) -> Step:
        """The step of a stage for a block, a core, or the network. Raises LookupError if there is none."""
        step = self.stage(name).step(self.build, self.build.network if subject is None else subject)
        if step is None:
            raise LookupError(f"stage {name} of {self.build.toolchain} has no step for this")
        return step

    def shared(self, name: str) -> tuple[Step, ...]:
        """The steps of a stage that belong to no single subject."""
        return tuple(self.stage(name).shared(self.build))

    def items(self, name: str) -> Iterator[Item]:
        """All steps of a stage, in the order of the network's blocks; none if the toolchain lacks the stage."""
        if name not in self.places:
            return
        stage = self.stage(name)
        hook = stage.hook(self.build)
        result = partial(stage.result, self.build) if stage.result else None
        for shared in self.shared(name):
            yield Item(shared, stage.shared_doc, (), self._note(shared), self.build.note_of(shared), hook, result)
        for subject, label, blocks in self._subjects(stage.per):
            step = stage.step(self.build, subject)
            if step is not None:
                missing = self.build.note_of(step)
                yield Item(step, f"{stage.doc} {label}", blocks, self._note(step), missing, hook, result)

    def _note(self, step: Step) -> str:
        return "\n".join(filter(None, (self.note, self.build.note_of(step))))

    def needs_of(self, block: str) -> tuple[str, ...]:
        """The tasks that make everything that a build uses of a block."""
        weighted = any(one.name == block for one in self.build.network.blocks)
        return (f"{self.core_task}:{block}", *([f"weights:{block}"] if weighted else []))

    def _subjects(self, per: Per) -> Iterable[tuple[Any, str, tuple[str, ...]]]:
        network = self.build.network
        if per is Per.NETWORK:
            return [(network, network.name, ())]
        if per is Per.BLOCK:
            return [(block, block.name, ()) for block in network.blocks]
        users: dict[str, list[str]] = {}
        cores = network.cores()
        for block, core in cores.items():
            users.setdefault(core.name, []).append(block)
        return [(cores[blocks[0]], ", ".join(blocks), tuple(blocks)) for blocks in users.values()]
