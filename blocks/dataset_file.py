"""What a network file says of the labelled images that were held out of its training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from config.document import Section
from config.frozen import dataclass

DIGITS, OWN = "sklearn-digits", "folder"
BGR, RGB = "bgr", "rgb"
HWC, CHW = "hwc", "chw"


@dataclass(frozen=True)
class Dataset:
    """The labelled images that the network was trained on; every `held_out_every`-th was held out of training.

    `maximum` is the brightest pixel value; pictures with another range are scaled to it. Images of the user's own are
    in `folder`, or in the array `images`, their classes in the file `labels`. `order` is that of the three colours of a
    picture, `layout` that of the axes of an array. `shape` (height, width, channels) and `names` of the classes are
    those of the network.
    """

    source: str
    held_out_every: int
    maximum: int
    folder: Path | None = None
    images: Path | None = None
    labels: Path | None = None
    order: str = BGR
    layout: str = HWC
    shape: tuple[int, int, int] = (0, 0, 0)
    names: tuple[str, ...] = ()
    classes: int | None = None

    def describe(self) -> Mapping[str, object]:
        """What an xclbin keeps of it: no place of a file."""
        order = {} if self.order == BGR else {"order": self.order}
        layout = {} if self.layout == HWC else {"layout": self.layout}
        return {
            "source": self.source,
            "held_out_every": self.held_out_every,
            "maximum": self.maximum,
            **order,
            **layout,
        }


def read_dataset(section: Section, beside: Path) -> Dataset:
    """Read the section; mistakes go to it. `beside` is the folder of the network file."""
    own = any(section.has(key) for key in ("folder", "images", "labels"))
    labels = _place(section, "labels", beside) if own else None
    in_array = section.has("images") or (not section.has("folder") and _is_array(labels))
    where = "images" if in_array else "folder"
    if section.has("images") and section.has("folder"):
        section.problem("folder", "it has images in a folder and in an array (images)", "give one of both")
        section.text("folder")  # marks it as read
    if own and section.has("source"):
        section.problem("source", f"it has images of its own ({where}) and a source", "give one of both")
    source = OWN if own else section.text("source", choices=(DIGITS,))
    found = _place(section, where, beside) if own else None
    for key, path in ((where, found), ("labels", labels)) if in_array else ():
        if path not in (None, beside) and not _is_array(path):
            section.problem(
                key, f"{section.text(key)!r} is no array", "give a .npy of numpy.save, or pictures in a folder"
            )
    every = (
        section.integer("held_out_every", minimum=2)
        if not own
        else section.integer("held_out_every", default=1, minimum=1)
    )
    maximum = section.integer("maximum", default=255, minimum=1, maximum=255)
    order = section.text("order", default=BGR, choices=(BGR, RGB)) if own else BGR
    layout = section.text("layout", default=HWC, choices=(HWC, CHW)) if own else HWC
    if own and section.has("source"):
        section.text("source")  # marks it as read
    section.finish()
    folder, images = (None, found) if in_array else (found, None)
    return Dataset(source, every, maximum, folder, images, labels, order, layout)


def _is_array(path: Path | None) -> bool:
    return path is not None and path.suffix == ".npy"


def _place(section: Section, key: str, beside: Path) -> Path | None:
    text = section.text(key)
    pure = PurePosixPath(text)
    if section.ok and (pure.is_absolute() or ".." in pure.parts or pure == PurePosixPath()):
        section.problem(key, f"{text!r} is not below the network file", "put it beside the file")
    return beside / text
