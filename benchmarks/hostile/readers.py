"""Everything that reads a file which may come from anybody, with the errors that it may raise."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.hostile import arrays, pictures, xclbins, zips
from blocks.parameters import ParameterError, read_block
from blocks.parameters.headers import HeaderError, read_header
from blocks.parameters.importing import read_fc_weights
from config.document import load
from config.problem import ConfigError
from farm.results.digest import digest_of
from reports.reading.errors import ReportError
from reports.reading.source import read as read_report
from reports.registry import parse_all
from runtime.errors import FarmRuntimeError
from runtime.formats import kernels, xclbin
from runtime.formats.checks import manifest_of
from runtime.formats.manifest import Argument
from runtime.images.files import load_weights
from runtime.images.labels import read_lines
from runtime.images.picture import check_picture, read_picture
from toolchains.open.simulation.cosim import InputError, read_stimuli_archive
from toolchains.vitis.tools.archive import unpack_folder
from toolchains.vitis.tools.installed_platform import part_of

_FC = Argument("fc", (10, 16), ("int8",), "in", "call", ())
_SHAPE = (8, 8, 1)
_ROWS = "\n".join(",".join(["1"] * 16) for _ in range(10))


@dataclass(frozen=True)
class Reader:
    """A way to read a file: ``errors`` are those it may raise, ``sound`` is a file that it takes."""

    suffix: str
    read: Callable[[Path], object]
    errors: tuple[type[Exception], ...]
    sound: Callable[[], bytes]


def _xclbin(path: Path) -> None:
    file = xclbin.read(path)
    _ = file.memories, file.ip_layout, file.connections, file.clocks, file.content_uuid, file.header.mode_name
    if file.metadata is not None:
        kernels.read_xml(file.metadata)
    if file.manifest_json is not None:
        manifest_of(file, str(path))


def _picture(path: Path) -> None:
    check_picture(path, _SHAPE)
    read_picture(path, _SHAPE)


def _report(path: Path) -> None:
    parse_all(read_report(path), str(path))


def _unpack(path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        unpack_folder(path, Path(folder))


def _platform(path: Path) -> None:
    part_of(path.parent.parent / "p.xpfm")


def _zip(name: str, data: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "a"
        zips.shared(place, [name], data)
        return place.read_bytes()


_HPFM = b'<p xmlns:a="http://www.xilinx.com/xd"><a:deviceInfo a:name="part"/></p>'
_HEADER = b"#define A 1\nstatic BinaryWeights<1,1,1> w = {{{0x1}}};\n"
READERS = {
    "xclbin": Reader(".xclbin", _xclbin, (FarmRuntimeError,), xclbins.sound),
    "weights": Reader(".npz", lambda path: load_weights(path, _FC), (FarmRuntimeError,), arrays.sound),
    "weights as text": Reader(".csv", lambda path: load_weights(path, _FC), (FarmRuntimeError,), _ROWS.encode),
    "picture": Reader(".png", _picture, (FarmRuntimeError,), lambda: pictures.bomb(8, 8)),
    "labels": Reader(".txt", read_lines, (FarmRuntimeError,), lambda: b"a.png 1\n"),
    "labels as csv": Reader(".csv", read_lines, (FarmRuntimeError,), lambda: b"a.png,1\n"),
    "parameters": Reader(".npz", read_block, (ParameterError,), arrays.sound),
    "fc weights": Reader(".npy", read_fc_weights, (ParameterError,), lambda: arrays.npy(arrays.header("(1,)"), b"1")),
    "fc weights as text": Reader(".csv", read_fc_weights, (ParameterError,), _ROWS.encode),
    "authors' header": Reader(
        ".h", lambda path: read_header(path, "params.h").declarations(), (HeaderError,), lambda: _HEADER
    ),
    "stimuli": Reader(".npz", lambda path: read_stimuli_archive(path, "fc_bias", ()), (InputError,), arrays.sound),
    "digest": Reader(".xo", digest_of, (), lambda: _zip("a", b"a")),
    "archive of a step": Reader(".zip", _unpack, (ValueError, OSError), lambda: _zip("a", b"a")),
    "platform": Reader(".xsa", _platform, (), lambda: _zip("p.hpfm", _HPFM)),
    "report": Reader(".rpt", _report, (ReportError,), lambda: b"a text\n"),
    "settings": Reader(".yaml", load, (ConfigError,), lambda: b"a: 1\n"),
}
