"""Read the part of an installed platform, without a tool.

Beside the .xpfm is `hw/<name>.xsa` (`.dsa` in packages before 2019.2; `hw/hw.xsa` in some), a zip with the description
`<name>.hpfm`. In this XML the `name` of `platformInfo/deviceInfo` is the part (public readers of platforms use it). The
archives have hundreds of megabytes, so only the zip's directory and that member are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from config.bounded.archive import ArchiveError, most_unpacked, open_archive
from config.bounded.regular_file import open_regular, size_of

NAMESPACE = "{http://www.xilinx.com/xd}"
MOST_BYTES = 2 * 2**20
"""The largest description that is read; real ones have a few hundred kB, and as objects twenty times that."""


def part_of(xpfm: Path) -> str | None:
    """The part of the platform with this .xpfm; None if no archive beside it names one."""
    for archive in _archives(xpfm.parent / "hw"):
        try:
            found = _part(archive)
        except (OSError, ArchiveError, ElementTree.ParseError):
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
    with open_regular(archive) as file, open_archive(file, most_bytes=most_unpacked(size_of(file))) as reader:
        for entry in reader.members.values():
            if entry.filename.endswith(".hpfm") and entry.file_size <= MOST_BYTES:
                root = ElementTree.fromstring(_plain(reader.read(entry.filename)))  # noqa: S314  limited, no entities
                for device in root.iter(f"{NAMESPACE}deviceInfo"):
                    name = device.get(f"{NAMESPACE}name") or device.get("name")
                    if name:
                        return name
    return None


def _plain(data: bytes) -> str:
    """XML that declares no entities, some of which unfold into gigabytes. Raises ArchiveError."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ArchiveError(f"the description is not UTF-8 at byte {error.start}") from error
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ArchiveError("the description declares a document type")
    return text
