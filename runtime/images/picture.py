"""A picture file as the pixels that a network takes: decoded, turned upright, resized, cropped.

What is done with it, in this order, is the same for one picture and for a data set:

1. PNG or JPEG, 8 bits a channel. Refused, because any guess would change results silently: 16 bits a channel, CMYK,
   and pixels that are not opaque. Palettes and 1 bit are expanded, an opaque alpha channel is dropped, of an animation
   the first frame is taken, colour profiles are ignored. PNG is exact; what a JPEG decodes to depends, in the last bit,
   on the JPEG library that Pillow was built with.
2. Turned as its EXIF orientation says, as viewers show it.
3. Grey for one channel (ITU-R 601: (19595 R + 38470 G + 7471 B + 32768) >> 16), R, G, B for three.
4. A picture that already has the network's size is taken as it is. Any other is resized, keeping its proportions, with
   Pillow's bilinear filter (a triangle as wide as the reduction: no pixel is skipped), until it covers the
   network's size; for three channels it covers 256/224 of it, the margin with which ImageNet's networks are evaluated.
   The longer side is rounded to the nearest pixel, halves up; it must not be over 100 times the shorter one.
5. Cropped at the centre; where the margins differ by one, the upper and the left are the smaller ones.
6. Three channels become B, G, R: the order of the published ResNet-50's first layer.
7. A data set that counts to ``maximum`` < 255 gets round(pixel * maximum / 255).

Reading takes at most four times the file's size and 64 MB. A picture that would take more is refused, and the message
tells how many pixels fit. To need less, steps 2 to 5 are done strip by strip (``fitting``).
"""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ..bounded.regular_file import budget_bytes
from ..errors import InputError
from .fitting import MARGIN, Frame, fit, least_alpha
from .picture_file import PictureFile, UnknownPictureError, read_parts

_FORMATS = ("PNG", "JPEG")
_WIDE_MODES = ("I", "I;16", "I;16B", "I;16L", "F")
# Of the budget, for everything but the whole picture and what ``fit`` keeps of it.
_RESERVE_BYTES = 8_000_000
# Covering the network's size, a strip would take gigabytes, and nothing of it would be seen.
_MOST_PROPORTION = 100


def check_picture(path: Path, shape: tuple[int, ...]) -> None:
    """Raise InputError where ``read_picture`` would by what the file's head says. Decodes nothing."""
    _opened(path, _frame(path, shape), whole=False).close()


def read_picture(path: Path, shape: tuple[int, ...], maximum: int = 255) -> NDArray[np.uint8]:
    """Pixels uint8 [height, width, channels] of that shape, as the text of this module says. Raises InputError."""
    frame = _frame(path, shape)
    with _opened(path, frame, whole=True) as opened:
        try:
            opened.load()
            if least_alpha(opened) < 255:
                raise InputError(
                    "has pixels that are not opaque",
                    where=str(path),
                    remedy="put it on a background and save it without alpha",
                )
            planes = [np.asarray(plane, np.uint8) for plane in fit(opened, frame, opened.info["orientation"])]
        except (OSError, ValueError, SyntaxError) as error:
            raise _unreadable(path, error) from error
    pixels = np.stack(planes[::-1], axis=-1)
    if 0 < maximum < 255:
        # 255 is odd, so no quotient lies halfway between two whole numbers: this is round(), exactly.
        pixels = ((pixels.astype(np.uint32) * maximum + 127) // 255).astype(np.uint8)
    return np.ascontiguousarray(pixels)


def _frame(path: Path, shape: tuple[int, ...]) -> Frame:
    if len(shape) != 3 or shape[2] not in (1, 3):
        raise InputError(
            f"a picture does not fit the network's shape {shape}", where=str(path), remedy="give the array as .npy"
        )
    return Frame(*shape, margin=(1, 1) if shape[2] == 1 else MARGIN)


def _opened(path: Path, frame: Frame, *, whole: bool) -> Image.Image:
    try:
        parts = read_parts(path, whole=whole)
        opened: Image.Image = Image.open(parts.data, formats=_FORMATS)
    except UnknownPictureError as error:
        raise InputError(str(error), where=str(path), remedy="convert it to PNG") from error
    except UnidentifiedImageError as error:
        raise InputError("has a damaged head", where=str(path), remedy="convert it to PNG again") from error
    except (OSError, ValueError, SyntaxError, struct.error, Image.DecompressionBombError) as error:
        raise _unreadable(path, error) from error
    try:
        _check(opened, parts, frame, path)
    except InputError:
        opened.close()
        raise
    opened.info["orientation"] = parts.orientation
    return opened


def _check(opened: Image.Image, parts: PictureFile, frame: Frame, path: Path) -> None:
    # Pillow reads 16-bit RGB as if it had 8, and says nothing.
    if opened.mode in _WIDE_MODES or parts.bits > 8:
        raise InputError("has 16 bits a channel", where=str(path), remedy="convert it to 8 bits a channel")
    if opened.mode in ("CMYK", "YCCK"):
        raise InputError(
            "is CMYK, whose colours only its printer's profile tells", where=str(path), remedy="convert it to RGB"
        )
    if max(opened.size) > _MOST_PROPORTION * min(opened.size):
        raise InputError(
            f"has {opened.width} x {opened.height} pixels, one side over {_MOST_PROPORTION} times the other",
            where=str(path),
            remedy="cut out the part that shows something",
        )
    pixel_bytes = _pixel_bytes(opened)
    working = _RESERVE_BYTES + frame.working_bytes(opened.size, parts.orientation)
    most = max(0, int((budget_bytes(parts.size) - parts.size - working) / pixel_bytes))
    if opened.width * opened.height > most:
        raise InputError(
            f"has {opened.width} x {opened.height} pixels, which would take {pixel_bytes:g} bytes each; "
            f"of a file of {parts.size:,} bytes at most {most:,} pixels are read",
            where=str(path),
            remedy=f"scale it down, to at most {_side(opened.size, most):,} pixels on its longer side",
        )


def _pixel_bytes(opened: Image.Image) -> float:
    """Memory that a pixel takes at most while the picture is decoded."""
    stored = 1 if opened.mode in ("1", "L", "P") else 4
    # A progressive JPEG keeps two bytes for each sample until its last scan.
    layers: list[tuple[int, int, int, int]] = getattr(opened, "layer", [])
    most = max((across * down for _, across, down, _ in layers), default=1)
    scans = sum(2 * across * down / most for _, across, down, _ in layers) if "progressive" in opened.info else 0
    return stored + scans


def _side(size: tuple[int, int], most: int) -> int:
    """The longer side, in whole hundreds, at which a picture of this shape has at most so many pixels."""
    # A smaller file may have fewer pixels: a tenth of them is left as room.
    side = math.isqrt(int(0.9 * most * max(size) / min(size)))
    return max(side // 100 * 100, 1)


def _unreadable(path: Path, error: Exception) -> InputError:
    text = getattr(error, "strerror", None) or str(error)
    return InputError(f"cannot be read ({text})", where=str(path), remedy="give a PNG, JPEG or .npy")
