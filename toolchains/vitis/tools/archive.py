"""Pack a folder into a reproducible zip, and unpack it. Steps pass folders to each other in this form."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

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
    """Unpack an archive into a folder. Raises ValueError for a path that leads out of the folder."""
    with zipfile.ZipFile(archive) as reader:
        for entry in reader.infolist():
            path = PurePosixPath(entry.filename)
            if path.is_absolute() or ".." in path.parts:
                raise ValueError(f"{archive.name} holds '{entry.filename}', which leads out of the folder")
            if entry.is_dir():
                continue
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(reader.read(entry))
