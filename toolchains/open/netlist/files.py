"""The files of a netlist, written module by module: Verilog, Yosys's JSON and EDIF.

`logic.*.gz` are the files without parameter memories, with the place where these go: their contents are the only part
of a netlist that new weights change, so new weights copy the rest.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import BinaryIO

from toolchains.open.netlist.cells import Part
from toolchains.open.netlist.formats import edif, verilog, yosys_json
from toolchains.open.netlist.names import ENDINGS, PLACES

FORMATS: dict[str, ModuleType] = dict(zip(ENDINGS, (verilog, yosys_json, edif), strict=True))
"""By the ending of the file."""
_FASTEST = 1
_BLOCK = 1 << 20


class Writer:
    """Collects modules in all formats below a folder; `finish` makes the logic files of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = {ending: self._body(ending).open("w+", encoding="ascii") for ending in FORMATS}

    def _body(self, ending: str) -> Path:
        return self.folder / f"body.{ending}"

    def add(self, part: Part) -> None:
        """Write a module."""
        for ending, file in self.files.items():
            file.writelines(f"{line}\n" for line in FORMATS[ending].module(part))

    def finish(self, top: Part, primitives: Iterable[edif.Primitive], device: str) -> None:
        """Write the logic files: head, modules, the place of the memories, the top, tail."""
        given = list(primitives)
        places = {}
        for ending, file in self.files.items():
            format_ = FORMATS[ending]
            file.close()
            with gzip.open(self.folder / f"logic.{ending}.gz", "wb", _FASTEST) as out:
                places[ending] = out.write(format_.head(top.name, given).encode())
                with self._body(ending).open("rb") as body:
                    shutil.copyfileobj(body, out, _BLOCK)
                    places[ending] += body.tell()
                last = "".join(f"{line}\n" for line in format_.module(top, last=True))
                out.write((last + format_.tail(top.name, device)).encode())
            self._body(ending).unlink()
        (self.folder / PLACES).write_text(json.dumps(places) + "\n")


def fill(folder: Path, kernel: str, memories: Iterable[Part]) -> None:
    """Write `<kernel>.<ending>` from the logic files and the modules of the filled memories."""
    places = json.loads((folder / PLACES).read_text())
    filled = list(memories)
    for ending, format_ in FORMATS.items():
        with gzip.open(folder / f"logic.{ending}.gz", "rb") as logic, (folder / f"{kernel}.{ending}").open("wb") as out:
            _copy(logic, out, places[ending])
            for part in filled:
                out.writelines(f"{line}\n".encode() for line in format_.module(part))
            shutil.copyfileobj(logic, out, _BLOCK)


def _copy(source: gzip.GzipFile, out: BinaryIO, length: int) -> None:
    while length:
        block = source.read(min(length, _BLOCK))
        if not block:
            raise EOFError(f"{source.name} ends early; make it again: doit netlist")
        out.write(block)
        length -= len(block)
