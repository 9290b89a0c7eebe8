"""Pictures and weight files of the user as arrays of the network's shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bounded.archive import ArchiveError
from ..bounded.arrays import is_npz, open_npz, read_npy
from ..bounded.lines import read_lines
from ..errors import InputError
from ..formats.manifest import Argument, Manifest
from .picture import check_picture, read_picture

NUMPY_SUFFIX = ".npy"
# Of a number in a text, with its comma; and room for comments and short files.
_MOST_DIGITS = 32
_MORE_TEXT_BYTES = 100_000


def load_image(path: Path | str, facts: Manifest) -> NDArray[np.uint8]:
    """One image, uint8, of the network's shape (height, width, channels).

    PNG and JPEG become pixels as ``picture`` says, counting to ``dataset.maximum`` of the manifest; ``.npy`` is
    taken as it is. Raises InputError.
    """
    known = facts.dataset or {}
    maximum = known.get("maximum", 255)
    maximum = maximum if isinstance(maximum, int) else 255
    rgb, chw = known.get("order") == "rgb", known.get("layout") == "chw"
    return image_of(Path(path), facts.image.shape, maximum, rgb=rgb, chw=chw)


def image_of(
    path: Path, shape: tuple[int, ...], maximum: int, *, rgb: bool = False, chw: bool = False
) -> NDArray[np.uint8]:
    """One image, uint8, of that shape (height, width, channels).

    ``rgb``: colours of pictures are not B, G, R. ``chw``: an array in a file has its channels first. Raises InputError.
    """
    if path.suffix.lower() != NUMPY_SUFFIX:
        picture = read_picture(path, shape, maximum)
        return np.ascontiguousarray(picture[:, :, ::-1]) if rgb and shape[-1] == 3 else picture
    array = _numpy_file(path)
    _check_pixels(path, array, array.shape, _laid_out(shape, chw=chw))
    return np.ascontiguousarray(array.transpose(1, 2, 0)) if chw else array


def images_of(path: Path, shape: tuple[int, ...], *, chw: bool = False) -> NDArray[np.uint8]:
    """All images of one ``.npy``, uint8 [N, height, width, channels].

    ``chw``: the file has [N, channels, height, width]. Raises InputError.
    """
    array = _numpy_file(path)
    wanted = _laid_out(shape, chw=chw)
    _check_pixels(path, array, array.shape[1:] if array.ndim == len(shape) + 1 else None, wanted, ("N",))
    return np.ascontiguousarray(array.transpose(0, 2, 3, 1)) if chw else array


def classes_of(path: Path, count: int, classes: int | None) -> NDArray[np.int64]:
    """The class numbers of so many images from a ``.npy``. Raises InputError."""
    array = _numpy_file(path)
    if array.shape != (count,) or array.dtype.kind not in "iu":
        what = f"is {array.dtype} of shape {array.shape}"
        raise InputError(
            what, where=str(path), remedy=f"save the {count} class numbers of the images, shape ({count},)"
        )
    highest = "" if classes is None else f" to {classes - 1}"
    wrong = (array < 0) if classes is None else (array < 0) | (array >= classes)
    if wrong.any():
        at = int(np.argmax(wrong))
        what = f"has the class {array[at]} for image {at}"
        raise InputError(what, where=str(path), remedy=f"give class numbers from 0{highest}")
    return array.astype(np.int64)


def _laid_out(shape: tuple[int, ...], *, chw: bool) -> tuple[int, ...]:
    return (shape[2], *shape[:2]) if chw else shape


def _check_pixels(
    path: Path, array: NDArray[Any], found: tuple[int, ...] | None, shape: tuple[int, ...], before: tuple[str, ...] = ()
) -> None:
    if found != shape or array.dtype != np.uint8:
        wanted = ", ".join(map(str, (*before, *shape)))
        what = f"is {array.dtype} of shape {array.shape}"
        raise InputError(what, where=str(path), remedy=f"save uint8 of shape ({wanted})")


def check_image(path: Path, facts: Manifest) -> None:
    """Raise InputError where ``load_image`` would by what the file's head says, without reading the rest."""
    if path.suffix.lower() == NUMPY_SUFFIX:
        load_image(path, facts)
    else:
        check_picture(path, facts.image.shape)


def load_weights(source: Any, argument: Argument) -> NDArray[Any]:
    """Weights of the shape and dtype of ``argument`` from an array or a path (.npy, .npz with fc_weights, .csv).

    A .csv has a line for each class, or, as the file of the published ResNet-50, all classes in one line, one after the
    other; a comma at the end of a line is allowed. Raises InputError.
    """
    where = f"weights for {argument.name}"
    if isinstance(source, (str, Path)):
        where = str(source)
        source = _weight_file(Path(source), argument)
        if source.shape == (1, math.prod(argument.shape)) and where.lower().endswith(".csv"):
            source = source.reshape(argument.shape)
    array = np.asarray(source)
    dtype = np.dtype(argument.dtypes[0])
    if array.shape != argument.shape:
        raise InputError(
            f"has shape {array.shape}, the kernel takes {argument.shape}", where=where, remedy="rows are the classes"
        )
    if array.dtype.kind not in "iuf":
        raise InputError(f"has dtype {array.dtype}", where=where, remedy=f"give {dtype}")
    # A cast that changes values would classify, and wrongly: 200 as int8 is -56.
    limits = np.iinfo(dtype) if dtype.kind in "iu" else np.finfo(dtype)
    if array.size and not (np.all(array >= limits.min) and np.all(array <= limits.max)):
        raise InputError(f"has values outside of {dtype}", where=where, remedy=f"give values of {dtype}")
    result = array.astype(dtype)
    if not np.array_equal(result, array):
        raise InputError(f"has values that are not {dtype}", where=where, remedy="give whole numbers")
    return result


def _weight_file(path: Path, argument: Argument) -> NDArray[Any]:
    suffix = path.suffix.lower()
    if suffix in (".npy", ".npz"):
        return _numpy_file(path)
    if suffix != ".csv":
        raise InputError("is neither .npy, .npz nor .csv", where=str(path), remedy="save it as .npy")
    try:
        return _csv_file(path, math.prod(argument.shape))
    except (OSError, ValueError) as error:
        text = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"cannot be read ({text})", where=str(path), remedy="give numbers, one row a class, with commas"
        ) from error


def _csv_file(path: Path, most: int) -> NDArray[Any]:
    """Rows of numbers, at most ``most`` in all. Raises OSError and ValueError."""
    most_bytes = most * _MOST_DIGITS + _MORE_TEXT_BYTES
    rows: list[NDArray[Any]] = []
    left = most
    for number, line in enumerate(read_lines(path, most_bytes=most_bytes, most_line_characters=most_bytes), 1):
        text = line.partition("#")[0].rstrip().removesuffix(",")
        if not text:
            continue
        # Counted before they are read: a number of two characters takes eight bytes.
        left -= text.count(",") + 1
        if left < 0:
            raise ValueError(f"line {number}: more than the {most:,} numbers that the kernel takes")
        try:
            rows.append(np.loadtxt([text], delimiter=",", ndmin=1))
        except ValueError as error:
            raise ValueError(f"line {number}: {str(error).partition(' at row')[0]}") from error
        if len(rows[-1]) != len(rows[0]):
            raise ValueError(f"line {number}: {len(rows[-1])} numbers, the first row has {len(rows[0])}")
    return np.stack(rows) if rows else np.empty((0, 0))


def _numpy_file(path: Path) -> NDArray[Any]:
    try:
        if not is_npz(path):
            return read_npy(path)
        with open_npz(path) as archive:
            if "fc_weights" not in archive.names:
                raise InputError("has no array fc_weights", where=str(path), remedy="save it under that name")
            return archive.read("fc_weights")
    except (OSError, ArchiveError) as error:
        text = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be read ({text})", where=str(path), remedy="give a file of numpy.save") from error


def check_images(images: Any, argument: Argument, *, single: bool = False) -> NDArray[Any]:
    """``images`` as array [N, *shape] of the argument's dtype; one image alone is a batch of one.

    With ``single`` they have to be one image, and come back as such. Raises InputError.
    """
    shape = argument.shape
    try:
        array = np.asarray(images)
    except ValueError as error:
        raise InputError(f"no array ({error})", where="images", remedy=f"give one of shape (N, *{shape})") from error
    if array.shape == shape and not single:
        array = array[None]
    if array.shape != shape and (single or array.ndim != len(shape) + 1 or array.shape[1:] != shape):
        several = f"(N, {', '.join(map(str, shape))}) or "
        raise InputError(f"shape {array.shape}", where="images", remedy=f"give {'' if single else several}{shape}")
    if array.dtype.name not in argument.dtypes:
        raise InputError(
            f"dtype {array.dtype}", where="images", remedy=f"give {' or '.join(argument.dtypes)}: images.astype(...)"
        )
    return np.ascontiguousarray(array)


def label_of(index: int, labels: Sequence[str]) -> str:
    """The label of a class, or its number where the network names none."""
    return labels[index] if 0 <= index < len(labels) else str(index)
