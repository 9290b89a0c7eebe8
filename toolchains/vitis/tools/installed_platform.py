"""What an installed platform says of itself, read without a tool: its part.

Beside the .xpfm lies `hw/<name>.xsa` (`.dsa` in packages of before 2019.2; `hw/hw.xsa` in some), a zip that holds a
description `<name>.hpfm`: XML with `platformInfo/deviceInfo`, whose `name` is the part (as public readers of platforms
take it). Only the zip's directory and that member are read, since the archives are hundreds of megabytes.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

NAMESPACE = "{http://www.xilinx.com/xd}"
MOST_BYTES = 64 * 2**20
"""The largest description that is read: they have a few hundred kB."""


def part_of(xpfm: Path) -> str | None:
    """The part of the platform that a .xpfm stands for; None where nothing beside it says so."""
    for archive in _archives(xpfm.parent / "hw"):
        try:
            found = _part(archive)
        except (OSError, zipfile.BadZipFile, ElementTree.ParseError, NotImplementedError, RuntimeError):
            continue  # a package of another layout: v++ itself will say if it is broken
        if found:
            return found
    return None


def _archives(folder: Path) -> Iterator[Path]:
    for suffix in ("xsa", "dsa"):
        try:
            yield from sorted(folder.glob(f"*.{suffix}"))
        except OSError:
            return


def _part(archive: Path) -> str | None:
    with zipfile.ZipFile(archive) as reader:
        for entry in reader.infolist():
            if entry.filename.endswith(".hpfm") and entry.file_size <= MOST_BYTES:
                root = ElementTree.fromstring(reader.read(entry))  # noqa: S314  size is limited, and no entity is kept
                for device in root.iter(f"{NAMESPACE}deviceInfo"):
                    name = device.get(f"{NAMESPACE}name") or device.get("name")
                    if name:
                        return name
    return None
