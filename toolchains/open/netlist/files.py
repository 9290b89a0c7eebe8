"""The files of a netlist, written module by module: Verilog, Yosys's JSON and EDIF.

`logic.*.gz` are the files without parameter memories, with the place where these go: their contents are the only part
of a netlist that new weights change, so new weights copy the rest.
"""

from __future__ import annotations

import gzip
import json
import shutil
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryFile
from types import ModuleType
from typing import BinaryIO

from toolchains.open.netlist.cells import NetlistError, Part
from toolchains.open.netlist.formats import edif, verilog, yosys_json
from toolchains.open.netlist.names import ENDINGS, PLACES

FORMATS: dict[str, ModuleType] = dict(zip(ENDINGS, (verilog, yosys_json, edif), strict=True))
"""By the ending of the file."""
_FASTEST = 1
_BLOCK = 1 << 20


class Writer:
    """Collects modules in all formats; `finish` makes the logic files of them. Before that it leaves no file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Without a name: they are gone with the writer, also where two modules turn out not to fit together.
        self.bodies = {ending: TemporaryFile("w+b", dir=folder) for ending in FORMATS}  # noqa: SIM115

    def add(self, part: Part) -> None:
        """Write a module."""
        for ending, body in self.bodies.items():
            body.writelines(f"{line}\n".encode("ascii") for line in FORMATS[ending].module(part))

    def finish(self, top: Part, primitives: Iterable[edif.Primitive], device: str, memories: Mapping[str, str]) -> None:
        """Write the logic files: head, modules, the place of the memories, the top, tail.

        `memories`: the shape of each parameter memory by the name of its module, for `fill`.
        """
        given = list(primitives)
        places = {}
        for ending, body in self.bodies.items():
            format_ = FORMATS[ending]
            with gzip.open(self.folder / f"logic.{ending}.gz", "wb", _FASTEST) as out:
                places[ending] = out.write(format_.head(top.name, given).encode()) + body.tell()
                body.seek(0)
                shutil.copyfileobj(body, out, _BLOCK)
                last = "".join(f"{line}\n" for line in format_.module(top, last=True))
                out.write((last + format_.tail(top.name, device)).encode())
            body.close()
        (self.folder / PLACES).write_text(json.dumps({"places": places, "memories": dict(memories)}) + "\n")


def memory_shapes(folder: Path) -> dict[str, str]:
    """The shape of each parameter memory that the logic files have a place for."""
    shapes: dict[str, str] = json.loads((folder / PLACES).read_text())["memories"]
    return shapes


def fill(folder: Path, kernel: str, memories: Iterable[Part]) -> None:
    """Write `<kernel>.<ending>` from the logic files and the modules of the filled memories.

    Raises:
        NetlistError: a logic file is damaged; then no file is written.
    """
    places = json.loads((folder / PLACES).read_text())["places"]
    filled = list(memories)
    written = {folder / f"{kernel}.{ending}": ending for ending in FORMATS}
    try:
        for file, ending in written.items():
            with gzip.open(folder / f"logic.{ending}.gz", "rb") as logic, file.open("wb") as out:
                _copy(logic, out, places[ending])
                for part in filled:
                    out.writelines(f"{line}\n".encode() for line in FORMATS[ending].module(part))
                shutil.copyfileobj(logic, out, _BLOCK)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        for file in written:
            file.unlink(missing_ok=True)
        raise NetlistError(f"logic.{ending}.gz is damaged ({error}); make it again: doit netlist") from None


def _copy(source: gzip.GzipFile, out: BinaryIO, length: int) -> None:
    while length:
        block = source.read(min(length, _BLOCK))
        if not block:
            raise EOFError("it ends early")
        out.write(block)
        length -= len(block)
