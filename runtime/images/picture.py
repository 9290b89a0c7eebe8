"""A picture file as the pixels that a network takes: decoded, turned upright, resized, cropped.

What is done with it, in this order, is the same for one picture and for a data set:

1. PNG or JPEG, 8 bits a channel. Refused, because any guess would change results silently: 16 bits a channel, CMYK,
   and pixels that are not opaque. Palettes and 1 bit are expanded, an opaque alpha channel is dropped, of an animation
   the first frame is taken, colour profiles are ignored. PNG is exact; what a JPEG decodes to depends, in the last bit,
   on the JPEG library that Pillow was built with.
2. Turned as its EXIF orientation says, as viewers show it.
3. Grey for one channel (ITU-R 601: (19595 R + 38470 G + 7471 B + 32768) >> 16), R, G, B for three.
4. A picture that already has the network's size is taken as it is. Any other is resized, keeping its proportions, with
   Pillow's bilinear filter (a triangle as wide as the reduction, so that nothing is skipped), until it covers the
   network's size; for three channels it covers 256/224 of it, the margin with which ImageNet's networks are evaluated.
   The longer side is rounded to the nearest pixel, halves up; it must not be over 100 times the shorter one.
5. Cropped at the centre; where the margins differ by one, the upper and the left are the smaller ones.
6. Three channels become B, G, R: the order of the published ResNet-50's first layer.
7. A data set that counts to ``maximum`` < 255 gets round(pixel * maximum / 255).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from ..errors import InputError

_FORMATS = ("PNG", "JPEG")
# The margin around the crop, as a fraction: shorter side 256 for a crop of 224.
MARGIN = (256, 224)
_WIDE_MODES = ("I", "I;16", "I;16B", "I;16L", "F")
_PNG_DEPTH_AT = 24
# Covering the network's size, a strip would take gigabytes, and nothing of it would be seen.
_MOST_PROPORTION = 100


def check_picture(path: Path) -> None:
    """Raise InputError where ``read_picture`` would by what the file's head says. Decodes nothing."""
    with _opened(path):
        pass


def read_picture(path: Path, shape: tuple[int, ...], maximum: int = 255) -> NDArray[np.uint8]:
    """Pixels uint8 [height, width, channels] of that shape, as the text of this module says. Raises InputError."""
    if len(shape) != 3 or shape[2] not in (1, 3):
        raise InputError(
            f"a picture does not fit the network's shape {shape}", where=str(path), remedy="give the array as .npy"
        )
    height, width, channels = shape
    with _opened(path) as opened:
        try:
            picture = _opaque(ImageOps.exif_transpose(opened), path)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise _unreadable(path, error) from error
    if max(picture.size) > _MOST_PROPORTION * min(picture.size):
        raise InputError(
            f"has {picture.width} x {picture.height} pixels, one side over {_MOST_PROPORTION} times the other",
            where=str(path),
            remedy="cut out the part that shows something",
        )
    picture = picture.convert("L" if channels == 1 else "RGB")
    fitted = fit(picture, height, width, margin=(1, 1) if channels == 1 else MARGIN)
    pixels = np.asarray(fitted, np.uint8).reshape(shape)[:, :, ::-1]
    if 0 < maximum < 255:
        # 255 is odd, so no quotient lies halfway between two whole numbers: this is round(), exactly.
        pixels = ((pixels.astype(np.uint32) * maximum + 127) // 255).astype(np.uint8)
    return np.ascontiguousarray(pixels)


def fit(picture: Image.Image, height: int, width: int, margin: tuple[int, int] = MARGIN) -> Image.Image:
    """Steps 4 and 5: the picture resized and cropped to ``width`` x ``height``."""
    if picture.size == (width, height):
        return picture
    more, less = margin
    covered = (_round(width * more, less), _round(height * more, less))
    # The side that needs the larger factor gets exactly what it has to cover, the other follows.
    if covered[0] * picture.height >= covered[1] * picture.width:
        size = (covered[0], max(covered[1], _round(picture.height * covered[0], picture.width)))
    else:
        size = (max(covered[0], _round(picture.width * covered[1], picture.height)), covered[1])
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.BILINEAR)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return picture.crop((left, top, left + width, top + height))


def _round(dividend: int, divisor: int) -> int:
    return (2 * dividend + divisor) // (2 * divisor)


def _opened(path: Path) -> Image.Image:
    try:
        opened: Image.Image = Image.open(path, formats=_FORMATS)
    except UnidentifiedImageError as error:
        raise InputError("is no PNG, JPEG or .npy", where=str(path), remedy="convert it to PNG") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _unreadable(path, error) from error
    mode = opened.mode
    if mode in _WIDE_MODES or _depth(path) > 8:
        opened.close()
        raise InputError("has 16 bits a channel", where=str(path), remedy="convert it to 8 bits a channel")
    if mode in ("CMYK", "YCCK"):
        opened.close()
        raise InputError(
            "is CMYK, whose colours only its printer's profile tells", where=str(path), remedy="convert it to RGB"
        )
    return opened


def _depth(path: Path) -> int:
    """Bits a channel of a PNG, else 8. Pillow reads 16-bit RGB as if it had 8, and says nothing."""
    with path.open("rb") as file:
        head = file.read(_PNG_DEPTH_AT + 1)
    return head[_PNG_DEPTH_AT] if head.startswith(b"\x89PNG") and len(head) > _PNG_DEPTH_AT else 8


def _opaque(picture: Image.Image, path: Path) -> Image.Image:
    """The decoded picture without alpha."""
    if picture.mode not in ("LA", "PA", "RGBA", "La", "RGBa") and "transparency" not in picture.info:
        picture.load()
        return picture
    picture = picture.convert("RGBA")
    lowest: Any = picture.getchannel("A").getextrema()[0]
    if lowest < 255:
        raise InputError(
            "has pixels that are not opaque", where=str(path), remedy="put it on a background and save it without alpha"
        )
    return picture


def _unreadable(path: Path, error: Exception) -> InputError:
    text = getattr(error, "strerror", None) or str(error)
    return InputError(f"cannot be read ({text})", where=str(path), remedy="give a PNG, JPEG or .npy")
