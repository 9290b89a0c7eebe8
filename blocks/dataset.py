"""The labelled images that were held out of a network's training."""

from __future__ import annotations

import contextlib
import gzip
import importlib.util
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from blocks.dataset_file import CHW, RGB, Dataset

if TYPE_CHECKING:
    from runtime.images.labels import LabelledImage

Tensor = np.ndarray[Any, Any]

ARRAY = "pictures/images.npy"
"""Where a step has the array of the user's own images."""
MOST_BYTES = 2**30
"""Of the images that are held in memory at once."""


class DatasetError(Exception):
    """The images cannot be had: a package is not installed, or a file of the user's own is wrong."""


def held_out(dataset: Dataset) -> tuple[Tensor, Tensor]:
    """Images uint8 [N, H, W, C] and labels int [N] that training never saw.

    Raises:
        DatasetError: the package with the images is not installed; images and labels do not match, an image cannot be
            read, or they are too many for the memory.
    """
    if dataset.images is not None and dataset.labels is not None:
        return _of_arrays(dataset, dataset.images, dataset.labels)
    if dataset.folder is not None:
        images = held_out_files(dataset)
        size = len(images) * math.prod(dataset.shape)
        if size > MOST_BYTES:
            what = f"{dataset.labels}: {len(images)} held-out images take {size} bytes, more than {MOST_BYTES}"
            raise DatasetError(f"{what}; raise held_out_every")
        return read_images(dataset, [image.path for image in images]), np.array([image.label for image in images])
    pixels, labels = _digits()
    chosen = np.arange(len(labels)) % dataset.held_out_every == 0
    return pixels[chosen].reshape(-1, 8, 8, 1).astype(np.uint8), labels[chosen]


def _digits() -> tuple[Tensor, Tensor]:
    """Pixels [N, 64] and labels int [N] of all digits, which scikit-learn brings. Raises DatasetError without it."""
    package = importlib.util.find_spec("sklearn")
    for place in (package and package.submodule_search_locations) or ():
        # The package takes 0.8 s to import, and the file that it would read a hundredth of that.
        with contextlib.suppress(OSError), gzip.open(Path(place, "datasets", "data", "digits.csv.gz"), "rt") as file:
            table = np.loadtxt(file, dtype=np.int64, delimiter=",")
            return table[:, :-1], table[:, -1]
    try:
        from sklearn.datasets import load_digits  # noqa: PLC0415  for releases that have the file elsewhere
    except ImportError:
        raise DatasetError("the digits come with scikit-learn: pip install -e '.[digits]'") from None
    pixels, labels = load_digits(return_X_y=True)
    return pixels, labels


def _of_arrays(dataset: Dataset, images: Path, labels: Path) -> tuple[Tensor, Tensor]:
    from runtime.errors import InputError  # noqa: PLC0415  only such a data set needs these
    from runtime.images.files import classes_of  # noqa: PLC0415

    found = _array(dataset, images, every=1)
    try:
        classes = classes_of(labels, len(found), dataset.classes)
    except InputError as error:
        raise DatasetError(str(error)) from None
    return found[:: dataset.held_out_every], classes[:: dataset.held_out_every]


def _array(dataset: Dataset, images: Path, every: int | None = None) -> Tensor:
    """Every so many-th image of the array; by default the held-out ones. Raises DatasetError."""
    from runtime.errors import InputError  # noqa: PLC0415  only such a data set needs these
    from runtime.images.files import images_of  # noqa: PLC0415

    try:
        return images_of(images, dataset.shape, chw=dataset.layout == CHW)[:: every or dataset.held_out_every]
    except InputError as error:
        raise DatasetError(str(error)) from None


def held_out_files(dataset: Dataset) -> list[LabelledImage]:
    """The held-out images of the user's own data set, in the order of the file of labels. Raises DatasetError."""
    from runtime.errors import InputError  # noqa: PLC0415  only such a data set needs these
    from runtime.images.labels import labelled_images  # noqa: PLC0415

    assert dataset.folder is not None and dataset.labels is not None  # noqa: S101  asked for such data sets only
    try:
        images = labelled_images(dataset.folder, dataset.labels, dataset.names, dataset.classes)
    except InputError as error:
        raise DatasetError(str(error)) from None
    return images[:: dataset.held_out_every]


def read_images(dataset: Dataset, paths: Sequence[Path]) -> Tensor:
    """Pictures (PNG, JPEG) and arrays (.npy) as uint8 [N, H, W, C]. Raises DatasetError."""
    from runtime.errors import InputError  # noqa: PLC0415  as above
    from runtime.images.files import image_of  # noqa: PLC0415

    try:
        more = {"rgb": dataset.order == RGB, "chw": dataset.layout == CHW}
        images = [image_of(path, dataset.shape, dataset.maximum, **more) for path in paths]
    except InputError as error:
        raise DatasetError(str(error)) from None
    return np.stack(images)


def first_held_out(dataset: Dataset, images: int, setting: str) -> Tensor:
    """The first held-out images [N, H, W, C] in a step.

    It has those of the user's own as `pictures/<number>`, or all of them as `ARRAY`.

    Raises:
        DatasetError: as `held_out`, or there are fewer.
    """
    if dataset.folder is not None:
        return read_images(dataset, sorted(Path("pictures").iterdir()))
    found = held_out(dataset)[0] if dataset.images is None else _array(dataset, Path(ARRAY))
    if len(found) < images:
        raise DatasetError(f"the data set has {len(found)} held-out images; {setting} asks for {images}")
    return found[:images]
