"""Files of ``numpy.save`` and ``numpy.savez`` whose headers ask for more than the file holds."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np


def npy(header: str, data: bytes = b"", version: int = 1) -> bytes:
    """A file with this header, whatever it says."""
    text = header.encode("latin1")
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + data


def header(shape: str, descr: str = "'|i1'", order: str = "False") -> str:
    """The text that numpy writes in front of the values."""
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n"


HEADERS = {
    "terabytes": npy(header("(1099511627776,)"), bytes(100)),
    "overflow": npy(header("(4294967296, 4294967296)"), bytes(100)),
    "negative": npy(header("(-1,)"), bytes(100)),
    "negative pair": npy(header("(-4, -4)"), bytes(100)),
    "boolean": npy(header("(True, 9)"), bytes(100)),
    "dimensions": npy(header("(" + "1," * 2000 + ")"), bytes(100)),
    "objects": npy(header("(1,)", "'|O'"), b"\x80\x04."),
    "nothing": npy(header("(1000000000000000,)", "'|V0'")),
    "empty text": npy(header("(1000000000000000,)", "'<U0'")),
    "giant text": npy(header("()", "'<U500000000'"), bytes(100)),
    "structure": npy(header("(1,)", "[('a', '<i4', (1000000, 1000000))]"), bytes(100)),
    "nested": npy("(" * 5000 + ")" * 5000),
    "minus": npy("-" * 9000 + "1"),
    "no dictionary": npy("[1, 2]"),
    "code": npy("{'descr': __import__('os').abort(), 'fortran_order': False, 'shape': ()}"),
    "long integer": npy(header("(" + "9" * 5000 + ",)"), bytes(100)),
    "unclosed": npy("{'descr': '<i4"),
    "long header": npy("", version=2)[:8] + b"\xff\xff\xff\x7f" + b" " * 100,
    "version 3": npy(header("(1,)"), bytes(1), version=3),
    "version 9": npy(header("(1,)"), bytes(1), version=9),
    "no magic": b"\x80\x04\x95",
    "nothing at all": b"",
    "magic alone": b"\x93NUMPY",
    "short": npy(header("(100,)"), bytes(99)),
}
"""Heads that no array has."""


def npz(path: Path, **members: bytes) -> None:
    """An archive of such files, uncompressed."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)


def sound() -> bytes:
    """An archive that nothing is wrong with."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, fc_weights=np.zeros((10, 16), np.int8), fc_bias=np.arange(10), meta=np.array("{}"))
    return buffer.getvalue()


def mutations(data: bytes, seed: int) -> Iterator[bytes]:
    """An ``.npy`` with a changed header, without end."""
    draw = random.Random(seed)
    while True:
        changed = bytearray(data)
        for _ in range(draw.randint(1, 4)):
            at = draw.randrange(min(len(data), 128))
            changed[at : at + 1] = draw.choice([b"9", b"(", b")", b"-", b",", b"'", b"\0", draw.randbytes(1), b"99999"])
        yield bytes(changed)
