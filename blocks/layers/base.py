"""The interface of a layer, and the keys that the network file gives it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from blocks.core.builder import GraphBuilder
from blocks.kinds.convolution import known
from blocks.kinds.window import NO_PAD
from blocks.layers.values import Values
from config.document import REQUIRED, Required, Section
from config.frozen import dataclass

Misfit = tuple[str, str, str]
"""A mistake of a layer: the key at fault, what is wrong, and the remedy."""
Recipe = dict[str, Any]
"""How one array of a core is made from those of the parameter file, as plain JSON (`blocks/parameters/recipes.py`)."""


@dataclass(frozen=True)
class Layer(ABC):
    """One layer: its name, what it reads, and its shape. Derived classes add fields."""

    name: str
    source: Values

    @property
    @abstractmethod
    def output(self) -> Values:
        """What it gives."""

    def misfits(self) -> Iterator[Misfit]:
        """Why it cannot follow what it reads. Its output is unknown then."""
        return iter(())

    def mistakes(self) -> Iterator[Misfit]:
        """Why its folding cannot be built."""
        return iter(())

    def lanes(self, offered: int) -> int:
        """Elements of a beat that it takes, if what comes before offers so many a beat."""
        return offered

    @abstractmethod
    def build(self, builder: GraphBuilder, stream: str) -> str:
        """Append it to a graph; returns the stream that it gives."""

    def recipes(self) -> Iterator[Recipe]:
        """How its arrays are made."""
        return iter(())

    def folding(self) -> str:
        """Its folding in words; empty if it has none worth a word."""
        return ""

    def rows_needed(self, rows: int) -> int:
        """Rows of its input that it may take in before it has given so many rows (an upper bound)."""
        return min(rows, self.source.height)

    def rows_made(self, rows: int) -> int:
        """Rows that it may have given when it has taken in so many (an upper bound)."""
        return min(rows, self.output.height)

    def pixel_needed(self, row: int, column: int) -> tuple[int, int]:
        """The last pixel of its input, as (row, column), without which it cannot give this one (a lower bound)."""
        return row, column

    @property
    def waits(self) -> bool:
        """Whether it needs more than a pixel before it gives its first."""
        return False

    @property
    def held_pixels(self) -> int:
        """Pixels that its pipelines and converters may hold (an upper bound)."""
        return 4


@dataclass(frozen=True)
class Key:
    """A key of a layer in the network file: `form` is `integer`, `size`, `text`, `flag`, `number` or `pad`.

    A `size` is one number for rows and columns, or a list of both. `otherwise` says in words what counts if the key is
    left out, where `default` does not tell.
    """

    name: str
    form: str
    about: str
    default: Any = REQUIRED
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[Any, ...] = ()
    otherwise: str = ""

    def read(self, section: Section) -> Any:
        """Its value; None after a mistake."""
        if self.form == "integer":
            more = {"choices": self.choices} if self.choices else {"minimum": self.minimum, "maximum": self.maximum}
            return known(section, lambda: section.integer(self.name, default=self.default, **more))
        if self.form == "size":
            default = self.default if self.required else (self.default, self.default)
            most = self.maximum or 1
            return known(section, lambda: section.pair(self.name, default=default, minimum=1, maximum=most))
        if self.form == "text":
            return known(section, lambda: section.text(self.name, default=self.default, choices=self.choices))
        if self.form == "flag":
            return known(section, lambda: section.flag(self.name, default=self.default))
        if self.form == "number":
            return known(section, lambda: section.number(self.name, default=self.default, minimum=self.minimum))
        return known(section, lambda: section.integers(self.name, length=4, default=NO_PAD, minimum=0))

    @property
    def required(self) -> bool:
        """Whether the file has to give it."""
        return isinstance(self.default, Required)


@dataclass(frozen=True)
class LayerType:
    """A type of layer: its name in the file, its keys, and the class that they fill."""

    name: str
    about: str
    keys: tuple[Key, ...]
    make: Callable[[str, Values, Mapping[str, Any]], Layer]
