"""One run of one tool, as a frozen value. A step does nothing by itself; the engine runs it in a scratch folder."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field
from functools import cache, cached_property
from pathlib import PurePosixPath
from typing import Literal, TypeVar, get_args, overload

from config.frozen import dataclass

#: The first word of argv that stands for the interpreter: its absolute path must not enter the key.
PYTHON = "{python}"

_NAME = re.compile(r"[A-Za-z0-9_.+-]+(:[A-Za-z0-9_.+-]+)?")
# Any other spelling of a path is looked at closely. (pathlib takes half of the time of loading a large dodo.py.)
_PLAIN_PATH = re.compile(r"(?!\.\.?(?:/|\Z))[^/\\\0]+(?:/(?!\.\.?(?:/|\Z))[^/\\\0]+)*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: Variables that the engine sets itself: no step may depend on the user's.
RESERVED_VARIABLES = frozenset({"PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "PYTHONHASHSEED", "PYTHONNOUSERSITE"})


Member_co = TypeVar("Member_co", covariant=True)


class StepError(ValueError):
    """A step that cannot be right, whatever the files contain."""


@dataclass(frozen=True)
class File:
    """An input file: `path` in the scratch folder, `source` relative to the checkout, both with forward slashes.

    The source is absolute if the file lies outside the checkout. The key holds `path` only, so the same file gives the
    same key wherever it lies.
    """

    path: str
    source: str


@dataclass(frozen=True, eq=False)
class Text:
    """A rendered input (a script, a header): `content` is written to `path` in the scratch folder as UTF-8.

    `text` is the content, or a function that renders it. The function runs when the engine first looks at the step:
    most commands never look at most steps.
    """

    path: str
    text: str | Callable[[], str] = field(repr=False)

    @cached_property
    def content(self) -> str:
        """The text, rendered once."""
        return self.text if isinstance(self.text, str) else self.text()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Text) and (self.path, self.content) == (other.path, other.content)

    def __hash__(self) -> int:
        return hash(self.path)


class _Sought(Sequence[Member_co]):
    """A sequence that functions give when somebody first reads it: most commands look at few steps."""

    @abstractmethod
    def _find(self) -> Iterable[Member_co]:
        """The members, asked for once."""

    @cached_property
    def _whole(self) -> tuple[Member_co, ...]:
        return tuple(self._find())

    @overload
    def __getitem__(self, index: int) -> Member_co: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Member_co, ...]: ...
    def __getitem__(self, index: int | slice) -> Member_co | tuple[Member_co, ...]:
        return self._whole[index]

    def __iter__(self) -> Iterator[Member_co]:
        return iter(self._whole)

    def __len__(self) -> int:
        return len(self._whole)

    def __eq__(self, other: object) -> bool:
        return self._whole == tuple(other) if isinstance(other, _Sought | tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._whole)

    def __repr__(self) -> str:
        return repr(self._whole)


class Inputs(_Sought[File | Text]):
    """Inputs, of which some are sought: functions give them when somebody first reads the inputs.

    Tasks are linked by what is given: no step may make what is sought.
    """

    def __init__(self, *given: File | Text | Callable[[], Iterable[File]]) -> None:
        self._given = given

    @property
    def given(self) -> tuple[File | Text, ...]:
        """Those that need not be sought."""
        return tuple(item for item in self._given if isinstance(item, File | Text))

    def _find(self) -> Iterator[File | Text]:
        for item in self._given:
            yield from (item,) if isinstance(item, File | Text) else item()


class Facts(_Sought[tuple[str, str]]):
    """Facts that a function gives when somebody first reads them: a step that is current needs none."""

    def __init__(self, find: Callable[[], Iterable[tuple[str, str]]]) -> None:
        self._function = find

    def _find(self) -> Iterable[tuple[str, str]]:
        return self._function()


@dataclass(frozen=True)
class Output:
    """A file that the step writes: `path` in the scratch folder, `target` relative to the checkout."""

    path: str
    target: str
    may_be_empty: bool = False


@dataclass(frozen=True, eq=False)
class Tool:
    """A program whose version can change the outputs.

    `told` is the version, with the settings that change results, or a function that finds it: many programs have to be
    started for that, and most commands look at the key of few steps.
    """

    name: str
    told: str | Callable[[], str]

    @cached_property
    def version(self) -> str:
        """The version, found once."""
        return self.told if isinstance(self.told, str) else self.told()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tool) and (self.name, self.version) == (other.name, other.version)

    def __hash__(self) -> int:
        return hash(self.name)


FailureClass = Literal[
    "source", "config", "capacity", "timing", "licence", "memory", "disk", "crash", "timeout", "infrastructure"
]
FAILURE_CLASSES: tuple[FailureClass, ...] = get_args(FailureClass)


@dataclass(frozen=True)
class Signature:
    """A line of a failed run's log by which its failure is known: a regular expression, the class, the remedy.

    `retries` is False where the class is usually tried again, and this failure would only come again.
    """

    pattern: str
    kind: FailureClass
    remedy: str = ""
    retries: bool = True


@dataclass(frozen=True)
class Resources:
    """The resources that a run occupies. `licences` are names, one token each."""

    cores: int = 1
    memory_gib: float = 1.0
    licences: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.cores < 1 or self.memory_gib <= 0:
            raise StepError(f"resources: {self.cores} cores and {self.memory_gib} GiB; give at least 1 and more than 0")


@dataclass(frozen=True)
class Step:
    """One run of one tool.

    `name` is that of its doit task ("hls:residual_3f2a9c"). `argv[0]` is a program of PATH, a declared input
    ("./check") or PYTHON. `facts` are labelled values behind the key, for explanations only. `log` is where stdout and
    stderr go. `private` are variables that say how this machine reaches a tool (its folder, a licence server): they are
    given to the program, but are not part of the key, and 'doit repro' leaves their values out. `error_lines` are
    regular expressions: a log line that matches one is a failure even with exit status 0.
    `timeout_setting` is the setting that `timeout_s` is from, shown when the time was too short.
    `closing_line` is one that a line of every whole log matches: a log without it was cut off, which is a failure too.
    `signatures` tell what kind of failure a failed run is; the first of them that matches a line of the log counts.
    Raises StepError at construction, and for inputs that were sought at the first look at `sources`.
    """

    name: str
    argv: tuple[str, ...]
    inputs: Sequence[File | Text]
    outputs: tuple[Output, ...]
    log: str
    tools: tuple[Tool, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    resources: Resources = Resources()
    facts: Sequence[tuple[str, str]] = ()
    timeout_s: float | None = None
    timeout_setting: str = ""
    error_lines: tuple[str, ...] = ()
    closing_line: str = ""
    signatures: tuple[Signature, ...] = ()
    private: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise StepError(f"step '{self.name}': a name is 'task' or 'task:item' of letters, digits and _ . + -")
        self._check_argv()
        if not self.outputs:
            self._refuse("has no outputs; declare at least one, or nothing shows that it ran")
        for output in self.outputs:
            self._check_path(output.path, "output")
            self._check_path(output.target, "target")
        self._check_path(self.log, "log")
        self._check_unique([*(output.target for output in self.outputs), self.log], "target")
        self._check_inputs(self._given)
        self._check_settings()

    @property
    def _given(self) -> Sequence[File | Text]:
        return self.inputs.given if isinstance(self.inputs, Inputs) else self.inputs

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """Input files, each once: relative to the checkout, absolute if they lie outside."""
        if isinstance(self.inputs, Inputs):
            self._check_inputs(self.inputs)
        return _files(self.inputs)

    @cached_property
    def given_sources(self) -> tuple[str, ...]:
        """Those `sources` that need not be sought: all that other steps make are among them."""
        return _files(self._given)

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """Checkout-relative output files, in the order of `outputs`."""
        return tuple(output.target for output in self.outputs)

    def _refuse(self, what: str) -> None:
        raise StepError(f"step '{self.name}' {what}")

    def _check_argv(self) -> None:
        if not self.argv or not self.argv[0]:
            self._refuse("has no program; argv[0] names one")
        program = self.argv[0]
        if program != PYTHON and PurePosixPath(program).is_absolute():
            self._refuse(f"names its program '{program}' by an absolute path, which would enter the key; name it alone")
        for word in self.argv[1:]:
            if word.startswith("/") and word != "/dev/null":
                self._refuse(f"has the absolute path '{word}' in argv; declare the file as an input")
        if any("\0" in word for word in self.argv):
            self._refuse("has a NUL character in argv")

    def _check_inputs(self, items: Sequence[File | Text]) -> None:
        inputs, outputs = [item.path for item in items], [output.path for output in self.outputs]
        sources = [item.source.removeprefix("/") for item in items if isinstance(item, File)]
        # At once: a build looks at thousands, again and again at the same.
        if not (all(map(_is_plain, inputs)) and all(map(_is_plain, sources))):
            for path in inputs:
                self._check_path(path, "input")
            for path in sources:
                self._check_path(path, "source of an input")
        if _collide([*inputs, *outputs]):
            self._check_unique(inputs, "input")
            self._check_unique(outputs, "output")
            # An output that is also an input would exist before the tool has written it, and could not be missed.
            self._check_unique([*inputs, *outputs], "input and output")

    def _check_path(self, path: str, what: str) -> None:
        if _is_plain(path):
            return
        pure = PurePosixPath(path)
        if not path or path == "." or pure.is_absolute() or ".." in pure.parts or "\0" in path:
            self._refuse(f"has the {what} '{path}', which is not a relative path inside the folder")
        # doit links a target with an input by comparing the two texts, so there may be only one way to write a path.
        if str(pure) != path or "\\" in path:
            self._refuse(f"has the {what} '{path}'; write it as '{pure!s}' with forward slashes")

    def _check_unique(self, paths: Sequence[str], what: str) -> None:
        if not _collide(paths):
            return
        seen: set[str] = set()
        for path in paths:
            if path in seen:
                self._refuse(f"names the {what} '{path}' twice")
            seen.add(path)
        for parent in sorted(seen & _folders(seen)):
            below = min(path for path in seen if path.startswith(f"{parent}/"))
            self._refuse(f"names the {what} '{parent}' both as a file and as the folder of '{below}'")

    def _check_settings(self) -> None:
        names = [name for name, _ in (*self.environment, *self.private)]
        self._check_unique(names, "variable")
        for name in names:
            if not _VARIABLE.fullmatch(name) or name in RESERVED_VARIABLES:
                self._refuse(f"sets the variable '{name}', which is not a variable's name, or is set by the engine")
        if self.timeout_s is not None and self.timeout_s <= 0:
            self._refuse(f"has a timeout of {self.timeout_s} s; give more than 0, or None")
        for pattern in (*self.error_lines, self.closing_line, *(signature.pattern for signature in self.signatures)):
            fault = _pattern_fault(pattern)
            if fault:
                self._refuse(f"has the error line '{pattern}', which is not a regular expression ({fault})")


def kind_of(step_name: str) -> str:
    """Return the kind of a step: "hls" of "hls:residual_3f2a9c"."""
    return step_name.partition(":")[0]


def _files(items: Iterable[File | Text]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item.source for item in items if isinstance(item, File)))


def _collide(paths: Sequence[str]) -> bool:
    """Whether a path stands there twice, or is the folder of another."""
    if len(paths) < 2:
        return False
    seen = set(paths)
    return len(seen) != len(paths) or (any("/" in path for path in seen) and not seen.isdisjoint(_folders(seen)))


def _folders(paths: set[str]) -> set[str]:
    folders = {path.rpartition("/")[0] for path in paths}
    return folders.union(*map(_above, folders))


@cache
def _is_plain(path: str) -> bool:
    return _PLAIN_PATH.fullmatch(path) is not None


@cache
def _pattern_fault(pattern: str) -> str:
    """Why a text is not a regular expression; empty if it is one. All steps of a toolchain share their patterns."""
    try:
        re.compile(pattern)
    except re.error as error:
        return str(error)
    return ""


@cache
def _above(folder: str) -> tuple[str, ...]:
    """Return the folders that a folder lies in."""
    parent = folder.rpartition("/")[0]
    return (parent, *_above(parent)) if parent else ()
