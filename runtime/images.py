"""Pictures and weight files of the user as arrays of the network's shape."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from runtime.errors import InputError
from runtime.manifest import Argument, Manifest

_FORMATS = ("PNG", "JPEG")


def load_image(path: Path | str, facts: Manifest) -> NDArray[np.uint8]:
    """One image, uint8, of the network's shape (height, width, channels).

    PNG and JPEG are scaled so that they cover the shape and are cropped at the centre; one channel is greyscale, three
    are B, G, R. Where the data set counts to less than 255 (``dataset.maximum`` of the manifest), so does the result.
    ``.npy`` is taken as it is. Raises InputError.
    """
    path = Path(path)
    shape = facts.image.shape
    if path.suffix.lower() == ".npy":
        array = _numpy_file(path)
        if array.shape != shape or array.dtype != np.uint8:
            raise InputError(
                f"is {array.dtype} of shape {array.shape}", where=str(path), remedy=f"save uint8 of shape {shape}"
            )
        return array
    if len(shape) != 3 or shape[2] not in (1, 3):
        raise InputError(
            f"a picture does not fit the network's shape {shape}", where=str(path), remedy="give the array as .npy"
        )
    height, width, channels = shape
    try:
        with Image.open(path, formats=_FORMATS) as opened:
            picture: Image.Image = opened.convert("L" if channels == 1 else "RGB")
    except UnidentifiedImageError as error:
        raise InputError("is no PNG, JPEG or .npy", where=str(path), remedy="convert it to PNG") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        text = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be read ({text})", where=str(path), remedy="give a PNG, JPEG or .npy") from error
    scale = max(width / picture.width, height / picture.height)
    size = (max(width, round(picture.width * scale)), max(height, round(picture.height * scale)))
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.BILINEAR)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    pixels = np.asarray(picture.crop((left, top, left + width, top + height)), np.uint8).reshape(shape)
    if channels == 3:
        pixels = pixels[:, :, ::-1]
    maximum = (facts.dataset or {}).get("maximum", 255)
    if isinstance(maximum, int) and 0 < maximum < 255:
        pixels = ((pixels.astype(np.uint32) * maximum + 127) // 255).astype(np.uint8)
    return np.ascontiguousarray(pixels)


def load_weights(source: Any, argument: Argument) -> NDArray[Any]:
    """Weights of the shape and dtype of ``argument`` from an array or a path (.npy, .npz with fc_weights, .csv)."""
    where = f"weights for {argument.name}"
    if isinstance(source, (str, Path)):
        where = str(source)
        source = _weight_file(Path(source))
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
            return np.loadtxt(path, delimiter=",", ndmin=2)
        except (OSError, ValueError) as error:
            raise InputError(
                f"cannot be read ({error})", where=str(path), remedy="give numbers, one row a class, with commas"
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


def check_images(images: Any, argument: Argument) -> NDArray[Any]:
    """``images`` as array [N, *shape] of the argument's dtype; one image alone is a batch of one."""
    shape = argument.shape
    try:
        array = np.asarray(images)
    except ValueError as error:
        raise InputError(f"no array ({error})", where="images", remedy=f"give one of shape (N, *{shape})") from error
    if array.shape == shape:
        array = array[None]
    if array.ndim != len(shape) + 1 or array.shape[1:] != shape:
        raise InputError(
            f"shape {array.shape}", where="images", remedy=f"give (N, {', '.join(map(str, shape))}) or {shape}"
        )
    if array.dtype.name not in argument.dtypes:
        raise InputError(
            f"dtype {array.dtype}", where="images", remedy=f"give {' or '.join(argument.dtypes)}: images.astype(...)"
        )
    return np.ascontiguousarray(array)


def label_of(index: int, labels: Sequence[str]) -> str:
    """The label of a class, or its number where the network names none."""
    return labels[index] if 0 <= index < len(labels) else str(index)
