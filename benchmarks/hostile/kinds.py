"""The kinds of hostile files, each with the reader that it is for and its maker."""

from __future__ import annotations

import gzip
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.hostile import arrays, pictures, xclbins, zips
from runtime.formats.header import Kind as Section

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True)
class Kind:
    """A hostile file: what is wrong with it, who reads it, and how it is made."""

    name: str
    reader: str
    make: Callable[[Path], object]


def _bytes(data: Callable[[], bytes]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data())


def _of_zip(make: Callable[[Path], object], *, behind_manifest: bool = False) -> Callable[[Path], object]:
    """An xclbin around the archive that ``make`` writes."""

    def write(path: Path) -> None:
        make(path)
        xclbins.archive(path, path.read_bytes(), behind_manifest=behind_manifest)

    return write


def _stored(path: Path, name: str, size: int) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, bytes(size))


def _sparse(path: Path, size: int, start: bytes = b"") -> None:
    path.write_bytes(start)
    os.truncate(path, size)


def _gz(path: Path, size: int) -> None:
    with gzip.open(path, "wb") as file:
        for _ in range(size // MIB):
            file.write(bytes(MIB))


def _npz_of(name: str) -> Callable[[Path], object]:
    return lambda path: arrays.npz(path, fc_weights=arrays.HEADERS[name], fc_bias=arrays.HEADERS[name])


_NAMES = [f"m{n}.npy" for n in range(40)]
_PARTS = [f"m{n}" for n in range(40)]
_JSON = b"[" + b"{}," * 349_000 + b"{}]"
_ENTITIES = '<!DOCTYPE a [<!ENTITY b "' + "c" * 1000 + '">]><a>' + "&b;" * 9000 + "</a>"
_KERNEL = '<kernel name="" vlnv=""/>'
_XML = "<project><platform><device><core>{}</core></device></platform></project>"

XCLBINS = [
    Kind("13,000 sections of the same bytes", "xclbin", lambda path: xclbins.overlapping(path, 13_000, 1000)),
    Kind("500 sections of the same 5 MB", "xclbin", lambda path: xclbins.overlapping(path, 500, 5_000_000)),
    Kind("a million empty sections", "xclbin", lambda path: xclbins.overlapping(path, 1_000_000, 0)),
    Kind("a million connections", "xclbin", lambda path: xclbins.table(path, Section.CONNECTIVITY, "<i", 12, MIB)),
    Kind("a million memories", "xclbin", lambda path: xclbins.table(path, Section.MEM_TOPOLOGY, "<q", 40, MIB)),
    Kind("32,767 clocks", "xclbin", lambda path: xclbins.table(path, Section.CLOCK_FREQ_TOPOLOGY, "<h", 136, 32767)),
    Kind("8 MB of XML", "xclbin", lambda path: xclbins.metadata(path, _XML.format("<kernel/>" * 900_000))),
    Kind("1 MB of XML", "xclbin", lambda path: xclbins.metadata(path, _XML.format('<a b=""/>' * 110_000))),
    Kind("1 MB of nested XML", "xclbin", lambda path: xclbins.metadata(path, "<a>" * 149_000 + "</a>" * 149_000)),
    Kind("1 MB of kernels", "xclbin", lambda path: xclbins.metadata(path, _XML.format(_KERNEL * 41_000))),
    Kind("copies of registers", "xclbin", lambda path: xclbins.metadata(path, xclbins.kernel_text(4000, 4000))),
    Kind(
        "entities", "xclbin",
        lambda path: xclbins.metadata(path, _ENTITIES),
    ),
    Kind("nested JSON", "xclbin", _bytes(lambda: xclbins.replaced(Section.USER_METADATA, b"[" * 1_000_000))),
    Kind("1 MB of JSON", "xclbin", _bytes(lambda: xclbins.replaced(Section.USER_METADATA, _JSON))),
    Kind("20 MB of JSON", "xclbin", _bytes(lambda: xclbins.replaced(Section.USER_METADATA, b"[" + b"{}," * 7_000_000))),
    Kind("members of the same 1 MB", "xclbin", _of_zip(lambda path: zips.shared(path, _PARTS, bytes(MIB), 0))),
    Kind(
        "the same behind the manifest", "xclbin",
        _of_zip(lambda path: zips.shared(path, _PARTS, bytes(MIB), 0), behind_manifest=True),
    ),
    Kind("quoted members", "xclbin", _of_zip(lambda path: zips.quoted(path, _PARTS, 16 * MIB))),
    Kind("a deflated part", "xclbin", _of_zip(lambda path: zips.bomb(path, "payload", 256 * MIB))),
    Kind("200,000 members", "xclbin", _of_zip(lambda path: zips.crowded(path, 200_000))),
    Kind("a sound file of 40 MB", "xclbin", _bytes(lambda: xclbins.sound({"payload": bytes(40_000_000)}))),
    Kind("a sound bitstream of 40 MB", "xclbin", _bytes(lambda: xclbins.sound(bitstream=bytes(40_000_000)))),
    Kind(
        "40 MB of weights behind the manifest", "xclbin",
        _of_zip(lambda path: _stored(path, "fc_weights", 40_000_000), behind_manifest=True),
    ),
    Kind("3 GB of nothing", "xclbin", lambda path: _sparse(path, 3 * GIB, xclbins.sound())),
    Kind("cut in half", "xclbin", _bytes(lambda: xclbins.sound()[:1500])),
]  # fmt: skip


def _archives(reader: str, names: list[str]) -> list[Kind]:
    first = names[0]
    return [
        Kind("256 MB of zeros", reader, lambda path: zips.bomb(path, first, 256 * MIB)),
        Kind("members of the same bytes", reader, lambda path: zips.shared(path, names, bytes(8 * MIB))),
        Kind("quoted members", reader, lambda path: zips.quoted(path, names, 8 * MIB)),
        Kind("200,000 members", reader, lambda path: zips.crowded(path, 200_000)),
        Kind("a member that says 10 bytes", reader, lambda path: zips.understated(path, first, 256 * MIB)),
        Kind("a member that says 3 GB", reader, lambda path: zips.overstated(path, first, 3 * GIB)),
        Kind("bzip2", reader, lambda path: zips.other_method(path, first, zipfile.ZIP_BZIP2, 16 * MIB)),
        Kind("LZMA", reader, lambda path: zips.other_method(path, first, zipfile.ZIP_LZMA, 16 * MIB)),
        Kind("3 GB of nothing", reader, lambda path: _sparse(path, 3 * GIB, b"PK\3\4")),
    ]


ARCHIVES = [
    *_archives("parameters", _NAMES),
    *_archives("weights", ["fc_weights.npy", *_NAMES]),
    *_archives("stimuli", ["fc_bias.npy", *_NAMES]),
    *_archives("digest", _NAMES),
    *_archives("archive of a step", _NAMES),
    *_archives("platform", ["p.hpfm", *_NAMES]),
]

ARRAYS = [
    *(Kind(f"npy: {name}", "fc weights", _bytes(partial(bytes, data))) for name, data in arrays.HEADERS.items()),
    *(Kind(f"npz: {name}", "parameters", _npz_of(name)) for name in arrays.HEADERS),
    *(Kind(f"npz: {name}", "weights", _npz_of(name)) for name in ("terabytes", "giant text", "short")),
    Kind("a gigabyte of nothing", "fc weights", lambda path: _sparse(path, GIB, arrays.npy(arrays.header("(1,)")))),
    Kind(
        "meta of 90 MB", "parameters",
        lambda path: arrays.npz(path, meta=arrays.npy(arrays.header("()", "'<U20000000'"), bytes(80_000_000))),
    ),
    Kind(
        "nested meta", "parameters",
        lambda path: arrays.npz(path, meta=arrays.npy(arrays.header("()", "'<U90000'"), b"[\0\0\0" * 90_000)),
    ),
]  # fmt: skip

PICTURES = [
    Kind("100 megapixels in 100 kB", "picture", _bytes(lambda: pictures.bomb(10_000, 10_000))),
    Kind("100 megapixels of 1 bit", "picture", _bytes(lambda: pictures.bomb(10_000, 10_000, bits=1))),
    Kind("25 megapixels of a palette", "picture", _bytes(lambda: pictures.bomb(5000, 5000, colour=pictures.PALETTE))),
    Kind("25 megapixels of colour", "picture", _bytes(lambda: pictures.bomb(5000, 5000, colour=pictures.RGB))),
    Kind("11 megapixels of colour", "picture", _bytes(lambda: pictures.bomb(3300, 3300, colour=pictures.RGB))),
    Kind("12 megapixels, interlaced", "picture", _bytes(lambda: pictures.bomb(3464, 3464, interlaced=True))),
    Kind("two gigapixels on a side", "picture", _bytes(lambda: pictures.png(2**31 - 1, 2**31 - 1, pictures.zeros(99)))),
    Kind("a strip", "picture", _bytes(lambda: pictures.bomb(1_000_000, 1))),
    Kind("missing rows", "picture", _bytes(lambda: pictures.missing_rows(3000, 3000, 10))),
    Kind("no rows", "picture", _bytes(lambda: pictures.missing_rows(3000, 3000, 0))),
    Kind("too many rows", "picture", _bytes(lambda: pictures.png(8, 8, pictures.zeros(256 * MIB)))),
    Kind("comments", "picture", _bytes(lambda: pictures.texts(64, 1_000_000))),
    Kind("comments behind", "picture", _bytes(lambda: pictures.texts(64, 1_000_000, behind=True))),
    Kind("international comments", "picture", _bytes(lambda: pictures.texts(64, 1_000_000, b"iTXt"))),
    Kind("a colour profile", "picture", _bytes(lambda: pictures.texts(1, 200_000_000, b"iCCP"))),
    Kind("EXIF fields that share bytes", "picture", _bytes(lambda: pictures.shared_exif(3_000_000))),
    Kind("EXIF fields of a JPEG", "picture", _bytes(pictures.shared_exif_jpeg)),
    Kind("frames", "picture", _bytes(lambda: pictures.frames(20, 100, 100))),
    Kind("a JPEG of 64 megapixels", "picture", _bytes(lambda: pictures.resized_jpeg(8000, 8000))),
    Kind("a JPEG of 12 megapixels, turned", "picture", _bytes(lambda: pictures.jpeg(4000, 3000, orientation=6))),
    Kind("a JPEG of 13 megapixels, turned", "picture", _bytes(lambda: pictures.jpeg(4160, 3120, orientation=8))),
    Kind("a strip of 13 megapixels", "picture", _bytes(lambda: pictures.jpeg(360, 36_000, orientation=6))),
    Kind("a palette of 13 megapixels", "picture", _bytes(lambda: pictures.bomb(3600, 3600, colour=pictures.PALETTE))),
    Kind("a JPEG of 9 megapixels, turned", "picture", _bytes(lambda: pictures.jpeg(3000, 3000, orientation=6))),
    Kind("a progressive JPEG", "picture", _bytes(lambda: pictures.jpeg(2500, 2500, progressive=True))),
    Kind("a JPEG of gray", "picture", _bytes(lambda: pictures.jpeg(5000, 5000, mode="L"))),
    Kind("3 GB of nothing", "picture", lambda path: _sparse(path, 3 * GIB, pictures.SIGNATURE)),
]

TEXTS = [
    Kind("3 GB of nothing", "labels", lambda path: _sparse(path, 3 * GIB)),
    Kind("a line of 60 MB", "labels", _bytes(lambda: b"a" * 60_000_000)),
    Kind("20 million empty lines", "labels", _bytes(lambda: b"\n" * 20_000_000)),
    Kind("200,000 labels", "labels", _bytes(lambda: b"".join(b"%x 1\n" % n for n in range(200_000)))),
    Kind("three million labels", "labels", _bytes(lambda: b"".join(b"%x 1\n" % n for n in range(3_000_000)))),
    Kind("quotes", "labels as csv", _bytes(lambda: b'"' * 5_000_000)),
    Kind("a gz bomb", "labels", lambda path: _gz(path, 256 * MIB)),
    Kind("3 GB of nothing", "weights as text", lambda path: _sparse(path, 3 * GIB)),
    Kind("a million numbers", "weights as text", _bytes(lambda: b"1," * 1_000_000)),
    Kind("long numbers", "weights as text", _bytes(lambda: b"1" * 99_000 + b",1")),
    Kind("3 GB of nothing", "fc weights as text", lambda path: _sparse(path, 3 * GIB)),
    Kind("a line of 30 MB", "fc weights as text", _bytes(lambda: b"1," * 15_000_000)),
    Kind("24 MB of numbers", "fc weights as text", _bytes(lambda: (b"1," * 999 + b"1\n") * 12_000)),
    Kind("a number of 900,000 digits", "fc weights as text", _bytes(lambda: b"1" * 900_000)),
    Kind("a number of 70 bits", "fc weights as text", _bytes(lambda: b"%d" % 2**70)),
    Kind("3 GB of nothing", "authors' header", lambda path: _sparse(path, 3 * GIB)),
    Kind("3 GB of nothing", "report", lambda path: _sparse(path, 3 * GIB)),
    Kind("30 MB of lines", "report", _bytes(lambda: b"| a | b |\n" * 3_000_000)),
    Kind("30 MB with one wide letter", "report", _bytes(lambda: "\U0001f600\n".encode() + b"| a | b |\n" * 3_000_000)),
    Kind("30 MB of short lines", "report", _bytes(lambda: b"a\n" * 15_000_000)),
    Kind("a gz bomb", "report", lambda path: _gz(path, 256 * MIB)),
    Kind("3 GB of nothing", "settings", lambda path: _sparse(path, 3 * GIB)),
    Kind("4 MB of items", "settings", _bytes(lambda: b"a:\n" + b"- a\n" * 999_000)),
    Kind("2 MB of nested items", "settings", _bytes(lambda: b"a:\n" + b"- " * 999_000)),
    Kind("3 MB of text", "settings", _bytes(lambda: b"a: " + b"text " * 600_000)),
    Kind("29,000 items", "settings", _bytes(lambda: b"a:\n" + b"- a\n" * 29_000)),
    Kind("4 MB of brackets", "settings", _bytes(lambda: b"a: " + b"[" * 4_000_000)),
]


def _special(reader: str) -> list[Kind]:
    """Anything but a regular file, and files that are endless, missing or empty."""
    return [
        Kind("a pipe", reader, os.mkfifo),
        Kind("an endless device", reader, lambda path: path.symlink_to("/dev/zero")),
        Kind("a folder", reader, lambda path: path.mkdir()),
        Kind("nothing", reader, lambda path: None),
        Kind("an empty file", reader, lambda path: path.touch()),
    ]


SPECIAL = [
    kind
    for reader in (
        "xclbin", "weights", "weights as text", "picture", "labels", "parameters", "fc weights", "fc weights as text",
        "authors' header", "stimuli", "archive of a step", "platform", "report", "settings",
    )
    for kind in _special(reader)
]  # fmt: skip

GROUPS = {
    "xclbin": XCLBINS,
    "archives": ARCHIVES,
    "arrays": ARRAYS,
    "pictures": PICTURES,
    "texts": TEXTS,
    "special": SPECIAL,
}
