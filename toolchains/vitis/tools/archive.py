"""Pack a folder into a reproducible zip, and unpack it. Steps pass folders to each other in this form."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

from config.bounded.archive import ArchiveError, most_unpacked, open_archive
from config.bounded.regular_file import open_regular, size_of

_DATE = (1980, 1, 1, 0, 0, 0)


def pack_folder(folder: Path, archive: Path) -> int:
    """Pack all files below a folder, sorted, with fixed dates; return their number."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writer:
        for path in files:
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), date_time=_DATE)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            writer.writestr(entry, path.read_bytes())
    return len(files)


def unpack_folder(archive: Path, folder: Path) -> None:
    """Unpack an archive into a folder.

    Raises ValueError for a path that leads out of the folder, and for an archive that is damaged or unpacks to over a
    hundred times its size.
    """
    with open_regular(archive) as file, open_archive(file, most_bytes=most_unpacked(size_of(file))) as reader:
        for name, entry in reader.members.items():
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts or not path.parts:
                raise ArchiveError(f"{archive.name} holds {name!r}, which leads out of the folder")
            if entry.is_dir():
                continue
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("wb") as target:
                target.writelines(reader.chunks(name))
