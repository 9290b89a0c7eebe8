"""Whatever bytes a file has, its reader ends in a value or in a named error of its own."""

from __future__ import annotations

import io
import itertools
import random
import zipfile

import pytest

from benchmarks.hostile import arrays, pictures, xclbins, zips
from benchmarks.hostile.readers import READERS

DAYTIME, NIGHT = 120, 5000
SEED = 20260729


def compressed() -> bytes:
    """An archive of both methods, with an array in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("fc_weights.npy", arrays.npy(arrays.header("(10, 16)"), bytes(160)))
        archive.writestr("fc_bias.npy", arrays.npy(arrays.header("(4,)"), b"abcd"), zipfile.ZIP_DEFLATED)
        archive.writestr("p.hpfm", b"<p/>" * 50, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def texts(data: bytes, seed: int):
    """A text with changed and repeated parts, without end."""
    draw = random.Random(seed)
    marks = [
        b"\0",
        b"\xff",
        b"\r",
        b"\x85",
        b'"',
        b"'",
        b"#",
        b",",
        b"[",
        b"{",
        b": ",
        b"-",
        b"\t",
        b"9" * 5000,
        b"&a *a",
    ]
    while True:
        changed = bytearray(data * draw.randint(1, 5))
        for _ in range(draw.randint(1, 6)):
            at = draw.randrange(len(changed))
            changed[at : at + draw.randint(0, 3)] = draw.choice([*marks, draw.randbytes(2)])
        yield bytes(changed)


CASES = {
    "xclbin": lambda seed: xclbins.mutations(xclbins.sound(), seed),
    "weights": lambda seed: zips.mutations(compressed(), seed),
    "parameters": lambda seed: zips.mutations(arrays.sound(), seed),
    "stimuli": lambda seed: zips.mutations(compressed(), seed),
    "digest": lambda seed: zips.mutations(compressed(), seed),
    "archive of a step": lambda seed: zips.mutations(compressed(), seed),
    "platform": lambda seed: zips.mutations(compressed(), seed),
    "fc weights": lambda seed: arrays.mutations(arrays.npy(arrays.header("(10, 16)"), bytes(160)), seed),
    "picture": lambda seed: itertools.chain.from_iterable(
        zip(
            *(
                pictures.mutations(data, seed)
                for data in (
                    pictures.bomb(20, 20), pictures.bomb(20, 20, interlaced=True, bits=1),
                    pictures.bomb(9, 9, colour=pictures.PALETTE), pictures.jpeg(40, 30, orientation=6),
                    pictures.jpeg(40, 30, progressive=True), pictures.shared_exif(3000), pictures.frames(3, 9, 9),
                )
            ),
            strict=True,
        )
    ),
    "weights as text": lambda seed: texts(READERS["weights as text"].sound(), seed),
    "fc weights as text": lambda seed: texts(READERS["fc weights as text"].sound(), seed),
    "labels": lambda seed: texts(b"a.png 1\nb.png\tc d\n", seed),
    "labels as csv": lambda seed: texts(b'file,label\na.png,1\n"b,c",2\n', seed),
    "authors' header": lambda seed: texts(READERS["authors' header"].sound(), seed),
    "report": lambda seed: texts(b"| Site Type | Used |\n1. CLB Logic\n", seed),
    "settings": lambda seed: texts(b"a: 1\nb:\n  c: [1, 2]\n  d: text\n", seed),
}  # fmt: skip


def check(reader: str, count: int, tmp_path) -> None:
    path = tmp_path / "hw" / f"fuzzed{READERS[reader].suffix}"
    path.parent.mkdir()
    for number, data in enumerate(itertools.islice(CASES[reader](SEED), count)):
        path.write_bytes(data)
        try:
            READERS[reader].read(path)
        except READERS[reader].errors as error:
            assert str(error)
        except Exception as error:
            raise AssertionError(f"mutation {number} of {reader} ends in {error!r}") from error


@pytest.mark.slow
@pytest.mark.parametrize("reader", CASES)
@pytest.mark.filterwarnings("ignore")
def test_a_value_or_an_error_of_its_own(reader, tmp_path):
    check(reader, DAYTIME, tmp_path)


@pytest.mark.nightly
@pytest.mark.parametrize("reader", CASES)
@pytest.mark.filterwarnings("ignore")
def test_the_same_for_thousands(reader, tmp_path):
    check(reader, NIGHT, tmp_path)


def test_every_reader_is_fuzzed():
    assert set(CASES) == set(READERS)
