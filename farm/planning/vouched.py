"""Which outputs a `Vouch` need not see again: it has vouched for them, and nothing has changed since."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from farm.beneath import write_beneath
from farm.hooks import Hook, Vouch
from farm.results import schema
from farm.results.confined import DamagedError, read_regular
from farm.results.digest import Signature
from farm.results.folder import FARM_FOLDER
from farm.results.record import record_path
from farm.step import Step

_FILE = f"{FARM_FOLDER}/vouched.json"
_FORMAT = 1
_MOST_BYTES = 16 << 20


class Vouched:
    """Remembered by step: its key, its outputs, the list that the hook wrote to, and who may write the list's folder.

    Files are remembered by their signatures, and no path of this machine is kept. Without the file, or with a damaged
    one, the hook is called once more.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, Any] | None = None

    def stands(self, step: Step, key: str, hook: Hook) -> bool:
        """Tell whether the hook has vouched for the present outputs of a step, and its list is as it left it."""
        known = self._load().get(record_path(step))
        return known is not None and known == self._state(step, key, hook)

    def remember(self, step: Step, key: str, hook: Hook) -> None:
        """Note that the hook has vouched for the present outputs of a step. Nothing fails where that cannot be kept."""
        state = self._state(step, key, hook)
        known = self._load()
        if state is not None and known.get(record_path(step)) != state:
            known[record_path(step)] = state
            with contextlib.suppress(OSError):
                write_beneath(self._root, _FILE, json.dumps({"format": _FORMAT, "steps": known}).encode())

    def _state(self, step: Step, key: str, hook: Hook) -> list[Any] | None:
        """Return what may not change; None if the hook has no list, or a file is not there."""
        if not isinstance(hook, Vouch) or hook.list is None:
            return None
        try:
            place = hook.list()
            folder = place.parent.stat()
            files = [*(self._root / target for target in step.targets), place]
            return [key, *(list(Signature.of(file)) for file in files), [folder.st_mode, folder.st_uid, folder.st_gid]]
        except Exception:  # the list is the project's; if something is wrong with it, the hook says so
            return None

    def _load(self) -> dict[str, Any]:
        if self._known is None:
            self._known = {}
            with contextlib.suppress(OSError, DamagedError, schema.SchemaError):
                document = schema.fields(
                    schema.document(read_regular(self._root / _FILE, _MOST_BYTES)), "format", "steps"
                )
                if document["format"] == _FORMAT:
                    self._known = schema.table(document["steps"], schema.path, schema.items)
        return self._known
