"""Draw the README's pictures from the project itself: `python docs/pictures/make.py [pipeline|terminal]`.

`pipeline.svg` is drawn from the stages of both toolchains. `terminal.svg` is the screen after real commands, which run
in a separate terminal with an empty store. So it builds `digits` from scratch.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]


def main(words: list[str]) -> int:
    """Write the named pictures, or both if none is named."""
    import pipeline  # noqa: PLC0415  the path is set above
    import terminal  # noqa: PLC0415

    makers = {"pipeline": pipeline.picture, "terminal": terminal.picture}
    if unknown := set(words) - set(makers):
        sys.exit(f"unknown picture {', '.join(unknown)}; known: {', '.join(makers)}")
    for name in words or makers:
        (HERE / f"{name}.svg").write_text(makers[name](ROOT), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
