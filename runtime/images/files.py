"""Pictures and weight files of the user as arrays of the network's shape."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..formats.manifest import Argument, Manifest
from .picture import check_picture, read_picture

NUMPY_SUFFIX = ".npy"


def load_image(path: Path | str, facts: Manifest) -> NDArray[np.uint8]:
    """One image, uint8, of the network's shape (height, width, channels).

    PNG and JPEG become pixels as ``picture`` says, counting to ``dataset.maximum`` of the manifest; ``.npy`` is
    taken as it is. Raises InputError.
    """
    path = Path(path)
    shape = facts.image.shape
    if path.suffix.lower() != NUMPY_SUFFIX:
        maximum = (facts.dataset or {}).get("maximum", 255)
        return read_picture(path, shape, maximum if isinstance(maximum, int) else 255)
    array = _numpy_file(path)
    if array.shape != shape or array.dtype != np.uint8:
        raise InputError(
            f"is {array.dtype} of shape {array.shape}", where=str(path), remedy=f"save uint8 of shape {shape}"
        )
    return array


def check_image(path: Path, facts: Manifest) -> None:
    """Raise InputError where ``load_image`` would by what the file's head says, without reading the rest."""
    if path.suffix.lower() == NUMPY_SUFFIX:
        load_image(path, facts)
    else:
        check_picture(path)


def load_weights(source: Any, argument: Argument) -> NDArray[Any]:
    """Weights of the shape and dtype of ``argument`` from an array or a path (.npy, .npz with fc_weights, .csv).

    A .csv has a line for each class, or, as the file of the published ResNet-50, all classes in one line, one after the
    other; a comma at the end of a line is allowed. Raises InputError.
    """
    where = f"weights for {argument.name}"
    if isinstance(source, (str, Path)):
        where = str(source)
        source = _weight_file(Path(source))
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


def _weight_file(path: Path) -> NDArray[Any]:
    suffix = path.suffix.lower()
    if suffix in (".npy", ".npz"):
        return _numpy_file(path)
    if suffix == ".csv":
        try:
            with path.open(encoding="utf-8-sig") as lines:
                return np.loadtxt((line.rstrip().removesuffix(",") for line in lines), delimiter=",", ndmin=2)
        except (OSError, ValueError) as error:
            text = getattr(error, "strerror", None) or str(error)
            raise InputError(
                f"cannot be read ({text})", where=str(path), remedy="give numbers, one row a class, with commas"
            ) from error
    raise InputError("is neither .npy, .npz nor .csv", where=str(path), remedy="save it as .npy")


def _numpy_file(path: Path) -> NDArray[Any]:
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        with loaded:
            return np.asarray(loaded["fc_weights"])
    except KeyError as error:
        raise InputError("has no array fc_weights", where=str(path), remedy="save it under that name") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        text = getattr(error, "strerror", None) or str(error).splitlines()[0]
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
