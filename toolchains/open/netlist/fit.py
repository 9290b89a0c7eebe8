"""Fit the blocks by the areas of `ooc`: `python -m toolchains.open.netlist.fit` is step `netlist:fit`.

It is `integration.fit.program`, and ends with the reason where there is no problem to solve: a board without budgets.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from integration.fit import program

PROBLEM = Path("problem.json")


def main(arguments: list[str] | None = None) -> int:
    """Run the step in the current folder.

    Returns:
        0, or 1 after printing error lines.
    """
    refused = json.loads(PROBLEM.read_text()).get("refused")
    if refused:
        print("\n".join(f"ERROR: {line}" for line in refused.splitlines()))
        return 1
    return program.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
