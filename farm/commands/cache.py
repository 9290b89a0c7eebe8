"""`doit cache`: care of the store."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from doit.cmd_base import DoitCmdBase
from doit.exceptions import InvalidCommand

from farm.commands.helpful import Helpful
from farm.machine import store_folder
from farm.project import project_of
from farm.results.store import Store
from farm.results.store_care import collect, stats, verify

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_OPT_SIZE = {
    "name": "max_size",
    "short": "",
    "long": "max-size",
    "type": str,
    "default": "",
    "metavar": "SIZE",
    "help": "what gc leaves at most, for example 500M or 20G",
}
_ACTIONS = ("stats", "verify", "gc")


class Cache(Helpful, DoitCmdBase):  # type: ignore[misc]
    """Counts, checks and shrinks the store."""

    name = "cache"
    doc_purpose = "count, check or shrink the store of outputs that all checkouts share"
    doc_usage = "stats | verify | gc --max-size SIZE"
    about = "verify exits with 1 if it found damage, which it removes."
    examples = ("doit cache stats", "doit cache gc --max-size 20G")
    doc_description = None
    cmd_options = (_OPT_SIZE,)

    def execute(self, params: Any, args: list[str]) -> int:
        """Carry out the action that the word names; no task is created. Exits with 1 if `verify` finds damage."""
        action, size = _words_of(args, params["max_size"])
        max_bytes = _size(size) if action == "gc" else 0
        self.loader.setup(params)
        farm = project_of(self.loader).farm
        folder = store_folder(farm)
        problems: list[str] = []
        store = Store(folder, problems.append, shared=farm.store_shared)
        if not store.is_usable:
            raise InvalidCommand(problems[0])
        for problem in problems:
            sys.stderr.write(f"{problem}\n")
        try:
            lines, status = _act(action, store, max_bytes)
            for copies in _copies(folder, shared=farm.store_shared):
                more, found = _act(action, copies, max_bytes)
                lines, status = [*lines, *(f"copies of a remote store: {line}" for line in more)], max(status, found)
        except OSError as error:
            raise InvalidCommand(f"{error.filename or folder}: {error.strerror}") from None
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        return status


def _copies(folder: Path, *, shared: bool) -> list[Store]:
    if not (folder / "remote").is_dir():
        return []
    from farm.remote.team_store import all_copies  # noqa: PLC0415 - most have none

    return [one for one in all_copies(folder, lambda text: None, shared=shared) if one.is_usable]


def _words_of(args: list[str], size: str) -> tuple[str, str]:
    """Return the action and the size: doit reads options before the first word only, and people write them after."""
    if len(args) > 1 and args[1].startswith("--max-size"):
        _, _, size = args[1].partition("=")
        args = [args[0], *args[2:]]
        if not size and len(args) > 1:
            size = args.pop()
    if len(args) != 1 or args[0] not in _ACTIONS:
        raise InvalidCommand("'doit cache' is followed by one of: stats, verify, gc --max-size SIZE")
    return args[0], size


def _act(action: str, store: Store, max_bytes: int) -> tuple[list[str], int]:
    if action == "stats":
        found = stats(store)
        return [f"{store.folder}", f"{found.entries} results, {found.objects} files, {_amount(found.size_bytes)}"], 0
    if action == "verify":
        checked = verify(store)
        lines = [f"damaged and removed: {name}" for name in (*checked.damaged_entries, *checked.damaged_objects)]
        counted = f"{checked.entries} results and {checked.objects} files checked"
        return [*lines, counted if lines else f"{counted}: all whole"], 1 if lines else 0
    gone = collect(store, max_bytes)
    lines = [f"removed {gone.entries} results and {gone.objects} files: {_amount(gone.freed_bytes)}"]
    if gone.locked:
        lines.append(f"{gone.locked} results are in use and stay")
    return [*lines, f"left: {_amount(gone.kept_bytes)}"], 0


def _size(written: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", written.strip(), re.IGNORECASE)
    if match is None:
        raise InvalidCommand("'doit cache gc' needs --max-size SIZE, for example --max-size 20G")
    return int(float(match[1]) * _UNITS[match[2].upper()])


def _amount(size_bytes: int) -> str:
    size = float(size_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
