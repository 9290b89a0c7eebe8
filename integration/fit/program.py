"""The step that fits blocks: `python -m integration.fit.program --problem FILE --out FILE [--values CORE=FILE ...]`.

The problem file holds the output of `FitProblem.describe`, the values files are those of `ooc`. The fit is written as
JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from config.problem import ConfigError
from integration.fit.needs import synthesised
from integration.fit.placement import UndecidedError
from integration.fit.problem import FitProblem
from integration.fit.result import Misfit
from integration.fit.solve import fit_of
from integration.fit.text import fit_lines, misfit_lines


def main(arguments: list[str] | None = None) -> int:
    """Run the step in the current folder.

    Returns:
        0, or 1 with error lines if nothing fits or the input is bad.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problem", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--values", nargs="*", default=[], metavar="CORE=FILE")
    given = parser.parse_args(arguments)
    problem = FitProblem.from_description(json.loads(given.problem.read_text("utf-8")))
    values = {core: Path(file) for core, _, file in (pair.partition("=") for pair in given.values)}
    try:
        fit = fit_of(problem.with_blocks(synthesised(problem.blocks, values)) if values else problem)
    except (ConfigError, UndecidedError) as error:
        print(f"ERROR: {error}")
        return 1
    if isinstance(fit, Misfit):
        print("\n".join(f"ERROR: {line}" for line in misfit_lines(fit)))
        return 1
    given.out.write_text(json.dumps(fit.describe(), indent=1) + "\n", "utf-8")
    print("\n".join(fit_lines(fit)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
