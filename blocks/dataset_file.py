"""What a network file says of the labelled images that were held out of its training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from config.document import Section
from config.frozen import dataclass

DIGITS, OWN = "sklearn-digits", "folder"
BGR, RGB = "bgr", "rgb"


@dataclass(frozen=True)
class Dataset:
    """The labelled images that the network was trained on; every `held_out_every`-th was held out of training.

    `maximum` is the brightest pixel value; pictures with another range are scaled to it. Images of the user's own are
    in `folder`, their classes in the file `labels`. `order` is that of the three colours of a pixel. `shape` (height,
    width, channels) and `names` of the classes are those of the network.
    """

    source: str
    held_out_every: int
    maximum: int
    folder: Path | None = None
    labels: Path | None = None
    order: str = BGR
    shape: tuple[int, int, int] = (0, 0, 0)
    names: tuple[str, ...] = ()
    classes: int | None = None

    def describe(self) -> Mapping[str, object]:
        """What an xclbin keeps of it: no place of a file."""
        order = {} if self.order == BGR else {"order": self.order}
        return {"source": self.source, "held_out_every": self.held_out_every, "maximum": self.maximum, **order}


def read_dataset(section: Section, beside: Path) -> Dataset:
    """Read the section; mistakes go to it. `beside` is the folder of the network file."""
    own = section.has("folder") or section.has("labels")
    if own and section.has("source"):
        section.problem("source", "it has images of its own (folder) and a source", "give one of both")
    source = OWN if own else section.text("source", choices=(DIGITS,))
    places = [_place(section, key, beside) for key in ("folder", "labels")] if own else [None, None]
    every = (
        section.integer("held_out_every", minimum=2)
        if not own
        else section.integer("held_out_every", default=1, minimum=1)
    )
    maximum = section.integer("maximum", default=255, minimum=1, maximum=255)
    order = section.text("order", default=BGR, choices=(BGR, RGB)) if own else BGR
    if own and section.has("source"):
        section.text("source")  # marks it as read
    section.finish()
    return Dataset(source, every, maximum, places[0], places[1], order)


def _place(section: Section, key: str, beside: Path) -> Path | None:
    text = section.text(key)
    pure = PurePosixPath(text)
    if section.ok and (pure.is_absolute() or ".." in pure.parts or pure == PurePosixPath()):
        section.problem(key, f"{text!r} is not below the network file", "put it beside the file")
    return beside / text
