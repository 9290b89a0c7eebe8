"""Folders that cannot be written, not even by root: it gives up the right to pass over permission bits."""

from __future__ import annotations

import contextlib
import ctypes
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_PR_CAPBSET_DROP = 24
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2


def obey_permissions() -> None:
    """For `preexec_fn`: what is started then may write only where permission bits let it, whoever runs it."""
    prctl = ctypes.CDLL(None).prctl
    # Refused for ordinary users, who cannot pass permission bits anyway.
    for right in (_DAC_OVERRIDE, _DAC_READ_SEARCH):
        prctl(_PR_CAPBSET_DROP, right, 0, 0, 0)


@contextlib.contextmanager
def unwritable(*folders: Path) -> Iterator[None]:
    """Take the right to write from all below some folders; skip the test where that does not bite."""
    paths = [path for folder in folders for path in (folder, *folder.rglob("*")) if not path.is_symlink()]
    modes = {path: path.stat().st_mode & 0o777 for path in paths}
    try:
        for path, mode in modes.items():
            path.chmod(mode & 0o555)
        attempt = f"open({str(folders[0] / 'attempt')!r}, 'w')"
        done = subprocess.run(
            [sys.executable, "-c", attempt], preexec_fn=obey_permissions, capture_output=True, check=False
        )
        if done.returncode == 0:
            (folders[0] / "attempt").unlink()
            pytest.skip("this user can write to a folder without permission, and cannot give up that right")
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
