"""What `--json` prints, for programs: docs/json.md describes the keys."""

from __future__ import annotations

import json
from typing import Any

#: The number of the form. Keys may be added under the same number; one that goes or changes raises it.
FORMAT = 1
OPT_JSON: dict[str, Any] = {
    "name": "as_json",
    "short": "",
    "long": "json",
    "type": bool,
    "default": False,
    "help": "print JSON for a program; docs/json.md describes it",
}


def json_text(**document: Any) -> str:
    """Return a document with the number of its form, and a newline."""
    return json.dumps({"format": FORMAT, **document}, indent=1) + "\n"
