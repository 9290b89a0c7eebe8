"""The command line of the carrier, which is a program of its own. Whoever starts it need not load it."""

from __future__ import annotations

import sys
from pathlib import Path

import farm

#: The gate first: what waits before it has loaded nothing else.
_CODE = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from farm.execution.cluster.far import gate
gate.enter()
from farm.execution.cluster.far.carrier import main
main()
"""


def carrier_words(verb: str, folder: Path, *more: str) -> list[str]:
    """Return the command line that runs the carrier with the farm's own modules, wherever they lie."""
    return [sys.executable, "-I", "-c", _CODE, str(Path(farm.__file__).parents[1]), verb, str(folder), *more]
