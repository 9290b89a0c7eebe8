"""Read the part of an installed platform, without a tool.

Beside the .xpfm is `hw/<name>.xsa` (`.dsa` in packages before 2019.2; `hw/hw.xsa` in some), a zip with the description
`<name>.hpfm`. In this XML the `name` of `platformInfo/deviceInfo` is the part (public readers of platforms use it). The
archives have hundreds of megabytes, so only the zip's directory and that member are read.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

NAMESPACE = "{http://www.xilinx.com/xd}"
MOST_BYTES = 64 * 2**20
"""The largest description that is read; real ones have a few hundred kB."""


def part_of(xpfm: Path) -> str | None:
    """The part of the platform with this .xpfm; None if no archive beside it names one."""
    for archive in _archives(xpfm.parent / "hw"):
        try:
            found = _part(archive)
        except (OSError, zipfile.BadZipFile, ElementTree.ParseError, NotImplementedError, RuntimeError):
            continue  # another layout; if the package is broken, v++ will say so
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
