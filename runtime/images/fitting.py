"""A decoded picture turned upright, resized and cropped: steps 2 to 5 of ``picture``.

It is done in strips of rows of the upright picture, so that a photo never lies in memory twice. The pixels are those of
Pillow's ``transpose``, ``convert``, ``resize`` and ``crop`` of the whole picture: its filter resizes each row on its
own, rounds, and then resizes each column on its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

# The margin around the crop, as a fraction: shorter side 256 for a crop of 224.
MARGIN = (256, 224)
UPRIGHT = 1
_TURN = Image.Transpose
# How to turn a picture by its EXIF orientation; 1 is upright.
_TURNS = {
    2: _TURN.FLIP_LEFT_RIGHT,
    3: _TURN.ROTATE_180,
    4: _TURN.FLIP_TOP_BOTTOM,
    5: _TURN.TRANSPOSE,
    6: _TURN.ROTATE_270,
    7: _TURN.TRANSVERSE,
    8: _TURN.ROTATE_90,
}
# Rows of the upright picture are columns of the stored one; of these, the first row is the last column.
_ACROSS = (_TURN.TRANSPOSE, _TURN.ROTATE_270, _TURN.TRANSVERSE, _TURN.ROTATE_90)
_BACKWARDS = (_TURN.ROTATE_180, _TURN.FLIP_TOP_BOTTOM, _TURN.TRANSVERSE, _TURN.ROTATE_90)
_STRIP_PIXELS = 1 << 17
_ALPHA = ("LA", "PA", "RGBA", "La", "RGBa")


@dataclass(frozen=True)
class Frame:
    """What a network takes: ``height`` x ``width`` pixels of 1 or 3 channels, cut out of ``margin`` of it."""

    height: int
    width: int
    channels: int = 1
    margin: tuple[int, int] = MARGIN

    def covering(self, size: tuple[int, int]) -> tuple[int, int]:
        """Width and height that a picture of this ``size`` is resized to."""
        if size == (self.width, self.height):
            return size
        more, less = self.margin
        covered = (_round(self.width * more, less), _round(self.height * more, less))
        # The side that needs the larger factor gets exactly what it has to cover, the other follows.
        if covered[0] * size[1] >= covered[1] * size[0]:
            return covered[0], max(covered[1], _round(size[1] * covered[0], size[0]))
        return max(covered[0], _round(size[0] * covered[1], size[1])), covered[1]

    def working_bytes(self, size: tuple[int, int], orientation: int = UPRIGHT) -> int:
        """Memory that ``fit`` takes beside the picture, without its strips."""
        upright = _upright(size, _TURNS.get(orientation))
        return self.width * (self.channels * upright[1] + self.covering(upright)[1])


def fit(picture: Image.Image, frame: Frame, orientation: int = UPRIGHT) -> list[Image.Image]:
    """The channels of a decoded picture as the frame takes them: grey, or red, green and blue."""
    turn = _TURNS.get(orientation)
    across, down = _upright(picture.size, turn)
    wide, high = frame.covering((across, down))
    left, top = (wide - frame.width) // 2, (high - frame.height) // 2
    narrow = [Image.new("L", (frame.width, down)) for _ in range(frame.channels)]
    for first, strip in _strips(picture, turn, max(1, _STRIP_PIXELS // max(across, wide))):
        for target, channel in zip(narrow, _channels(strip, frame.channels), strict=True):
            rows = _resized(channel, (wide, channel.height))
            target.paste(rows.crop((left, 0, left + frame.width, rows.height)), (0, first))
    box = (0, top, frame.width, top + frame.height)
    return [_resized(channel, (frame.width, high)).crop(box) for channel in narrow]


def least_alpha(picture: Image.Image) -> int:
    """The least opacity of a pixel, 255 where all are opaque."""
    if picture.mode not in _ALPHA and "transparency" not in picture.info:
        return 255
    rows = max(1, _STRIP_PIXELS // picture.width)
    strips = (strip.convert("RGBA").getchannel("A") for _, strip in _strips(picture, None, rows))
    return min(int(strip.getextrema()[0]) for strip in strips)  # type: ignore[arg-type]


def _upright(size: tuple[int, int], turn: Image.Transpose | None) -> tuple[int, int]:
    return (size[1], size[0]) if turn in _ACROSS else size


def _strips(picture: Image.Image, turn: Image.Transpose | None, rows: int) -> Iterator[tuple[int, Image.Image]]:
    """Rows of the upright picture, with the number of the first."""
    down = _upright(picture.size, turn)[1]
    for first in range(0, down, rows):
        last = min(first + rows, down)
        low, high = (down - last, down - first) if turn in _BACKWARDS else (first, last)
        box = (low, 0, high, picture.height) if turn in _ACROSS else (0, low, picture.width, high)
        strip = picture.crop(box)
        yield first, strip if turn is None else strip.transpose(turn)


def _channels(strip: Image.Image, channels: int) -> list[Image.Image]:
    if strip.mode in _ALPHA or "transparency" in strip.info:
        strip = strip.convert("RGBA")
    if channels == 1 or strip.mode in ("1", "L"):
        return [strip if strip.mode == "L" else strip.convert("L")] * channels
    if strip.mode not in ("RGB", "RGBA"):
        strip = strip.convert("RGB")
    return [strip.getchannel(channel) for channel in range(channels)]


def _resized(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    return picture if picture.size == size else picture.resize(size, Image.Resampling.BILINEAR)


def _round(dividend: int, divisor: int) -> int:
    return (2 * dividend + divisor) // (2 * divisor)
