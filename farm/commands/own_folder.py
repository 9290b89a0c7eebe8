"""The farm's own folders must be folders: below a link, the farm would write and delete somebody else's files."""

from __future__ import annotations

import os
from pathlib import Path

from doit.exceptions import InvalidCommand

from farm.beneath import RefusedError, folder_beneath
from farm.results.folder import FARM_FOLDER, JOBS, RECORDS, SCRATCH


def check_own_folders(dep_file: str) -> None:
    """Refuse links in place of the folders that a command writes to, before it does. Raises InvalidCommand.

    `dep_file` is the journal, which lies in the folder of the build.
    """
    root = Path.cwd()
    for folder in (FARM_FOLDER, RECORDS, SCRATCH, JOBS, Path(dep_file).parent.as_posix()):
        try:
            with folder_beneath(root, os.path.relpath(folder)):
                pass
        except RefusedError as error:
            where = Path(str(error.filename)).relative_to(root)
            raise InvalidCommand(
                f"{where} {error.strerror}: the farm writes and deletes below it, and follows no link there. "
                "Remove it; to build on another disk, mount that disk there (mount --bind), or move the whole checkout"
            ) from None
        except OSError:
            continue  # not there yet, or the command itself names the error
