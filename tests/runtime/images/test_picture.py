from __future__ import annotations

import io
import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from benchmarks.hostile import pictures
from runtime.errors import InputError
from runtime.images import fitting
from runtime.images.files import load_image
from runtime.images.fitting import Frame, fit
from runtime.images.picture import check_picture, read_picture

VECTORS = Path(__file__).resolve().parents[3] / ".." / "shared" / "resnet50_w1a2" / "vectors_chelsea.npz"
ORIENTATION = 0x0112


def triangle(size, new):
    """Weights [new, size] of a triangle as wide as the reduction, from its definition; rows sum to 1."""
    scale = size / new
    width = max(scale, 1.0)
    centre = (np.arange(new)[:, None] + 0.5) * scale
    weights = np.maximum(0.0, 1.0 - np.abs(np.arange(size)[None, :] + 0.5 - centre) / width)
    return weights / weights.sum(axis=1, keepdims=True)


def resized(pixels, height, width):
    """Bilinear in float, rounded to 8 bits after the columns and after the rows, as an 8-bit filter does it."""
    across = np.floor(np.einsum("hwc,xw->hxc", pixels.astype(float), triangle(pixels.shape[1], width)) + 0.5)
    return np.floor(np.einsum("hwc,yh->ywc", across, triangle(pixels.shape[0], height)) + 0.5)


def save(path, pixels, **options):
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path, **options)
    return path


def test_halved_by_hand(tmp_path):
    """16x16 covers 8x8 (7 * 256 / 224), of which the first 7 rows and columns are the centre.

    Each new pixel is 1/8, 3/8, 3/8, 1/8 of four old ones; at the edge the three that exist, 3/7, 3/7, 1/7.
    """
    row = np.array([0, 7, 14, 8, 16, 24, 80, 160, 240, 8, 8, 8, 0, 0, 64, 64]) % 256
    path = save(tmp_path / "a.png", np.broadcast_to(row[None, :, None] * [1, 0, 0], (16, 16, 3)))
    across = [
        (3 * 0 + 3 * 7 + 14) / 7,  # 5
        (7 + 3 * 14 + 3 * 8 + 16) / 8,  # 11.125
        (8 + 3 * 16 + 3 * 24 + 80) / 8,  # 26
        (24 + 3 * 80 + 3 * 160 + 240) / 8,  # 123
        (160 + 3 * 240 + 3 * 8 + 8) / 8,  # 114
        (8 + 3 * 8 + 3 * 8 + 0) / 8,  # 7
        (8 + 3 * 0 + 3 * 0 + 64) / 8,  # 9
    ]
    found = read_picture(path, (7, 7, 3))
    np.testing.assert_array_equal(found[:, :, 2], np.broadcast_to([5, 11, 26, 123, 114, 7, 9], (7, 7)))
    assert [math.floor(value + 0.5) for value in across] == [5, 11, 26, 123, 114, 7, 9]
    assert not found[:, :, :2].any()


def test_bottom_and_right_lose_the_odd_row():
    """8x8 for 7x7: the margin of one row and column is below and right."""
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8)
    np.testing.assert_array_equal(np.asarray(fit(Image.fromarray(pixels), Frame(7, 7))[0]), pixels[:7, :7])


@pytest.mark.parametrize(
    ("size", "covers", "box"),
    [
        # width x height; 375 -> 256, 500 -> 341.33
        ((500, 375), (341, 256), (58, 16)),
        ((375, 500), (256, 341), (16, 58)),
        ((451, 300), (385, 256), (80, 16)),  # 384.85
        ((100, 50), (512, 256), (144, 16)),
        ((256, 256), (256, 256), (16, 16)),
        ((225, 224), (257, 256), (16, 16)),  # 257.14
        ((512, 3), (43691, 256), (21733, 16)),  # 43690.67
    ],
)
def test_sizes_by_hand(size, covers, box):
    noise = np.random.default_rng(1).integers(0, 256, (size[1], size[0]), np.uint8)
    picture = Image.fromarray(noise)
    expected = picture if size == covers else picture.resize(covers, Image.Resampling.BILINEAR)
    expected = expected.crop((*box, box[0] + 224, box[1] + 224))
    assert fit(picture, Frame(224, 224))[0].tobytes() == expected.tobytes()


def test_one_channel_has_no_margin(tmp_path):
    noise = np.random.default_rng(1).integers(0, 256, (16, 20), np.uint8)
    picture = Image.fromarray(noise)
    expected = picture.resize((10, 8), Image.Resampling.BILINEAR).crop((1, 0, 9, 8))
    assert fit(picture, Frame(8, 8, margin=(1, 1)))[0].tobytes() == expected.tobytes()
    np.testing.assert_array_equal(read_picture(save(tmp_path / "a.png", noise), (8, 8, 1))[:, :, 0], expected)


def test_networks_that_are_not_square():
    """12 x 6 (width x height) of 3 channels is covered by 13.7 x 6.9 = 14 x 7; 28 x 28 becomes 14 x 14."""
    noise = np.random.default_rng(1).integers(0, 256, (28, 28), np.uint8)
    picture = Image.fromarray(noise)
    expected = picture.resize((14, 14), Image.Resampling.BILINEAR).crop((1, 4, 13, 10))
    assert fit(picture, Frame(6, 12))[0].tobytes() == expected.tobytes()


@pytest.mark.parametrize(("height", "width"), [(60, 47), (300, 301), (7, 9), (57, 224)])
def test_against_the_filter_written_apart(tmp_path, height, width):
    """Up and down, on noise; the two may differ by the last bit where a sum is close to a half."""
    noise = np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)
    found = read_picture(save(tmp_path / "a.png", noise), (56, 56, 3)).astype(int)
    if height <= width:
        size = (64, (2 * width * 64 + height) // (2 * height))
    else:
        size = ((2 * height * 64 + width) // (2 * width), 64)
    whole = resized(noise, *size)
    top, left = (size[0] - 56) // 2, (size[1] - 56) // 2
    expected = whole[top : top + 56, left : left + 56, ::-1]
    assert np.abs(found - expected).max() <= 1
    assert (found == expected).mean() > 0.95


@pytest.mark.skipif(not VECTORS.is_file(), reason="the recorded image is not beside this checkout")
def test_the_recorded_photograph(tmp_path, make_manifest):
    """The image of the recorded inference, as a file: its B, G, R pixels come back bit for bit from PNG."""
    with np.load(VECTORS) as vectors:
        image = vectors["image"]
    facts = make_manifest(b"", b"", image=(224, 224, 3))
    save(tmp_path / "a.png", image[:, :, ::-1])
    save(tmp_path / "a.JPEG", image[:, :, ::-1], quality=95, subsampling=0)
    np.testing.assert_array_equal(load_image(tmp_path / "a.png", facts), image)
    from_jpeg = load_image(tmp_path / "a.JPEG", facts).astype(int)
    assert np.abs(from_jpeg - image).mean() < 2
    # The cat is ginger: with R and B exchanged the same comparison fails.
    assert np.abs(from_jpeg[:, :, ::-1] - image).mean() > 20


@pytest.mark.parametrize("maximum", [1, 16, 100, 254, 255])
def test_scaled_to_the_data_set(tmp_path, make_manifest, maximum):
    pixels = np.arange(256).reshape(16, 16)
    facts = make_manifest(b"", b"", image=(16, 16, 1), dataset={"maximum": maximum})
    found = load_image(save(tmp_path / "a.png", pixels), facts)
    expected = [round(value * maximum / 255) for value in range(256)]
    assert found.ravel().tolist() == expected


def test_sixteenths_come_back(tmp_path, make_manifest):
    """Pixels of 0..16, saved so that they are visible, are read as they were."""
    digits = np.arange(64).reshape(8, 8) % 17
    facts = make_manifest(b"", b"", dataset={"maximum": 16})
    path = save(tmp_path / "a.png", np.round(digits * 255 / 16))
    np.testing.assert_array_equal(load_image(path, facts)[:, :, 0], digits)


def test_grey_of_colours_by_hand(tmp_path):
    colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [10, 20, 30], [1, 1, 1], [200, 100, 50], [0] * 3]
    expected = [(19595 * r + 38470 * g + 7471 * b + 32768) >> 16 for r, g, b in colours]
    assert expected[:4] == [76, 150, 29, 255]
    path = save(tmp_path / "a.png", np.broadcast_to(np.array(colours)[:, None], (8, 8, 3)))
    np.testing.assert_array_equal(read_picture(path, (8, 8, 1))[:, 0, 0], expected)


RGB = np.random.default_rng(5).integers(0, 256, (8, 8, 3), np.uint8)
GREY = np.random.default_rng(6).integers(0, 256, (8, 8), np.uint8)


def palette(path):
    picture = Image.fromarray(GREY % 4).convert("P")
    picture.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90, 255, 0, 1])
    picture.save(path)
    return np.array([[10, 20, 30], [40, 50, 60], [70, 80, 90], [255, 0, 1]], np.uint8)[GREY % 4]


def test_kinds_of_pictures(tmp_path):
    """Palette, 1 bit, grey and opaque alpha are what they look like."""
    path = tmp_path / "a.png"
    np.testing.assert_array_equal(palette(path), read_picture(path, (8, 8, 3))[:, :, ::-1])
    Image.fromarray(GREY > 99).save(path)
    np.testing.assert_array_equal(read_picture(path, (8, 8, 1))[:, :, 0], np.where(GREY > 99, 255, 0))
    save(path, GREY)
    np.testing.assert_array_equal(read_picture(path, (8, 8, 3)), np.stack([GREY] * 3, axis=2))
    save(path, np.dstack([RGB, np.full((8, 8), 255)]))
    np.testing.assert_array_equal(read_picture(path, (8, 8, 3)), RGB[:, :, ::-1])
    save(path, np.dstack([GREY, np.full((8, 8), 255)]))
    np.testing.assert_array_equal(read_picture(path, (8, 8, 1))[:, :, 0], GREY)


@pytest.mark.parametrize(
    ("orientation", "upright"),
    # As EXIF defines them: 6 means that the first row is the right side of the upright picture.
    [
        (1, lambda a: a),
        (2, lambda a: a[:, ::-1]),
        (3, lambda a: a[::-1, ::-1]),
        (4, lambda a: a[::-1]),
        (5, lambda a: a.transpose(1, 0, 2)),
        (6, lambda a: np.rot90(a, -1)),
        (8, lambda a: np.rot90(a, 1)),
    ],
)
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_turned_upright(tmp_path, orientation, upright, suffix):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    # Flat blocks of 8x8: JPEG keeps them to within a step.
    blocks = np.kron([[0, 255], [128, 64]], np.ones((8, 8)))[:, :, None] * np.ones(3)
    path = save(tmp_path / f"a.{suffix}", blocks, exif=exif, **({"quality": 100} if suffix == "jpg" else {}))
    found = read_picture(path, (16, 16, 3)).astype(int)
    assert np.abs(found - upright(blocks)).max() <= (2 if suffix == "jpg" else 0)


def deep_colour(path):
    """A PNG of 16-bit RGB, which Pillow cannot write: 1x1, from the format's definition."""
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0)
    body = zlib.compress(b"\0" + bytes(6))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b""))


def truncated(path, kind):
    data = io.BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)).save(data, kind)
    path.write_bytes(data.getvalue()[: len(data.getvalue()) // 2])


def transparent_palette(path):
    picture = Image.fromarray(GREY % 4).convert("P")
    picture.save(path, transparency=0)


MISTAKES = [
    (lambda path: path.write_bytes(b"no picture"), ["is no PNG, JPEG or .npy"]),
    (lambda path: path.write_bytes(b""), ["is no PNG, JPEG or .npy"]),
    (lambda path: Image.fromarray(RGB).save(path, "GIF"), ["is no PNG, JPEG or .npy"]),
    (lambda path: path.mkdir(), ["cannot be read"]),
    (lambda path: None, ["cannot be read"]),
    (lambda path: Image.fromarray(GREY.astype(np.uint16) * 256).save(path, "PNG"), ["16 bits", "8 bits"]),
    (deep_colour, ["16 bits", "8 bits"]),
    (lambda path: Image.fromarray(RGB).convert("CMYK").save(path, "JPEG"), ["CMYK", "convert it to RGB"]),
]
LATER = [
    (lambda path: truncated(path, "JPEG"), ["cannot be read", "truncated"]),
    (lambda path: truncated(path, "PNG"), ["cannot be read"]),
    (lambda path: Image.fromarray(np.dstack([RGB, GREY])).save(path, "PNG"), ["not opaque"]),
    (transparent_palette, ["not opaque"]),
    # Resized to cover the network's size it would take gigabytes.
    (lambda path: Image.new("L", (10001, 100)).save(path, "PNG"), ["10001 x 100", "100 times"]),
    (lambda path: Image.new("L", (1, 101)).save(path, "PNG"), ["1 x 101", "100 times"]),
]


@pytest.mark.parametrize(("make", "words"), MISTAKES + LATER)
def test_pictures_that_cannot_be_used(tmp_path, make, words):
    path = tmp_path / "a.png"
    make(path)
    with pytest.raises(InputError) as caught:
        read_picture(path, (8, 8, 3))
    assert caught.value.where == str(path)
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize(("make", "words"), MISTAKES)
def test_the_head_tells(tmp_path, make, words):
    path = tmp_path / "a.png"
    make(path)
    with pytest.raises(InputError) as caught:
        check_picture(path, (8, 8, 3))
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_network_that_takes_no_pictures(tmp_path):
    with pytest.raises(InputError, match=r"shape \(8, 8, 2\).*\.npy"):
        read_picture(save(tmp_path / "a.png", GREY), (8, 8, 2))


def samples():
    found = []
    for kind, options in (("PNG", {}), ("JPEG", {}), ("PNG", {"exif": Image.Exif()}), ("JPEG", {"exif": Image.Exif()})):
        data = io.BytesIO()
        if options:
            options["exif"][ORIENTATION] = 6
        Image.fromarray(RGB).save(data, kind, **options)
        found.append(data.getvalue())
    return found


SAMPLES = samples()


@given(st.sampled_from(SAMPLES), st.data())
def test_damaged_files_are_named_errors(tmp_path_factory, sample, data):
    damaged = bytearray(sample)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(sample) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(damaged[: data.draw(st.integers(1, len(damaged)))])
    try:
        assert read_picture(path, (8, 8, 3)).shape == (8, 8, 3)
    except InputError as error:
        assert error.where == str(path)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("mode", "suffix"), [("RGB", "png"), ("RGB", "jpg"), ("P", "png"), ("RGBA", "png"), ("L", "jpg")]
)
@pytest.mark.parametrize("channels", [1, 3])
def test_strip_by_strip_is_as_all_at_once(tmp_path, monkeypatch, orientation, mode, suffix, channels):
    """Pillow's own turning, conversion and resizing of the whole picture, on noise."""
    monkeypatch.setattr(fitting, "_STRIP_PIXELS", 300)
    noise = np.random.default_rng(orientation).integers(0, 256, (50, 71, 3), np.uint8)
    picture = Image.fromarray(noise).convert(mode)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    picture.save(tmp_path / f"a.{suffix}", exif=exif)
    whole = ImageOps.exif_transpose(Image.open(tmp_path / f"a.{suffix}"))
    whole = whole.convert("RGBA").convert("RGB") if mode == "RGBA" else whole
    whole = whole.convert("L" if channels == 1 else "RGB")
    # 24 x 20 is covered by 71:50 turned or not: 28.4 x 20, 24 x 33.8; with the margin 32.5 x 22.86, 27.4 x 38.9.
    sizes = {1: ((28, 20), (24, 34)), 3: ((33, 23), (27, 38))}[channels]
    size = sizes[orientation >= 5]
    left, top = (size[0] - 24) // 2, (size[1] - 20) // 2
    whole = whole.resize(size, Image.Resampling.BILINEAR).crop((left, top, left + 24, top + 20))
    expected = np.asarray(whole, np.uint8).reshape(20, 24, channels)[:, :, ::-1]
    np.testing.assert_array_equal(read_picture(tmp_path / f"a.{suffix}", (20, 24, channels)), expected)


@pytest.mark.parametrize(("orientation", "size"), [(1, (4032, 3024)), (6, (4032, 3024)), (8, (3000, 4000))])
def test_a_photo_of_12_megapixels_fits_whatever_its_size_in_bytes(tmp_path, orientation, size):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    Image.new("RGB", size, (10, 20, 30)).save(tmp_path / "a.jpg", exif=exif)
    assert (tmp_path / "a.jpg").stat().st_size < 400_000
    check_picture(tmp_path / "a.jpg", (224, 224, 3))
    assert np.abs(read_picture(tmp_path / "a.jpg", (224, 224, 3)).astype(int) - [30, 20, 10]).max() <= 2


@pytest.mark.slow
def test_a_larger_one_is_told_how_large_it_may_be(tmp_path):
    Image.new("L", (12_000, 9_000)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match=r"scale it down, to at most (\S+) pixels on its longer side") as error:
        check_picture(tmp_path / "a.png", (8, 8, 1))
    side = int(re.search(r"at most (\S+) pixels on its", str(error.value))[1].replace(",", ""))
    Image.new("L", (side, side * 3 // 4)).save(tmp_path / "b.png")
    check_picture(tmp_path / "b.png", (8, 8, 1))
    assert side > 6000


XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_an_orientation_in_xmp_is_heeded(tmp_path, suffix):
    picture = Image.fromarray(np.random.default_rng(1).integers(0, 256, (8, 12), np.uint8))
    more = {}
    if suffix == "png":
        more["pnginfo"] = PngInfo()
        more["pnginfo"].add_itxt("XML:com.adobe.xmp", XMP.decode())
    else:
        more["xmp"] = XMP
    picture.save(tmp_path / f"a.{suffix}", **more)
    turned = ImageOps.exif_transpose(Image.open(tmp_path / f"a.{suffix}"))
    assert turned.size == (8, 12)
    np.testing.assert_array_equal(read_picture(tmp_path / f"a.{suffix}", (12, 8, 1))[:, :, 0], np.asarray(turned))


def test_missing_rows_are_not_black(tmp_path):
    """Pillow reads such a file and says nothing."""
    (tmp_path / "a.png").write_bytes(pictures.missing_rows(8, 8, 5))
    assert Image.open(tmp_path / "a.png").getextrema() == (0, 200)
    with pytest.raises(InputError, match="27 bytes of its rows are missing"):
        read_picture(tmp_path / "a.png", (8, 8, 1))


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 3), (5, 4), (8, 8), (9, 17)])
def test_whole_pictures_of_every_layout_are_whole(tmp_path, interlaced, bits, width, height):
    (tmp_path / "a.png").write_bytes(pictures.bomb(width, height, bits=bits, interlaced=interlaced))
    assert not read_picture(tmp_path / "a.png", (height, width, 1)).any()
