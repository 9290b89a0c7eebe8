"""Finds operator folders that lack files, before a step needs those files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from blocks.operators.room import OPERATORS
from config.problem import Problem

_DECLARES_OPERATOR = re.compile(r"^OPERATOR\b", re.MULTILINE)


def half_made(folder: Path = OPERATORS) -> Iterator[Problem]:
    """One problem for each folder that lacks files."""
    # Python and editors leave their own folders, such as __pycache__ and .ipynb_checkpoints.
    for room in sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] not in "._"):
        # When git removes a folder, the compiled Python stays behind.
        if not any(path.name != "__pycache__" for path in room.iterdir()):
            continue
        wanted = ("__init__.py", "model.py", f"{room.name}.hpp", f"{room.name}.sv")
        missing = [name for name in wanted if not (room / name).is_file()]
        where, init = f"blocks/operators/{room.name}", room / "__init__.py"
        if missing:
            what = f"the operator {room.name} has no {', '.join(missing)}"
            yield Problem(where, None, what, "add what is missing, or remove the folder")
        elif not _DECLARES_OPERATOR.search(init.read_text("utf-8")):
            remedy = "end it with 'OPERATOR = <the class>'"
            yield Problem(f"{where}/__init__.py", None, "the module does not name its operator", remedy)
