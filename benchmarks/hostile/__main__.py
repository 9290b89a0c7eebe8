"""What hostile files cost their readers: size, memory and time of each kind.

    python -m benchmarks.hostile [GROUP ...] [--match TEXT]

Groups: xclbin, archives, arrays, pictures, texts, special (default: all). Every file is read in a process of its own.
The budget is four times the file's size and 64 MB. The exit status is 1 if a reader exceeded it, or ended with an
error that is not one of its own.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.hostile.kinds import GROUPS, Kind
from benchmarks.hostile.measure import Cost, measured
from benchmarks.hostile.readers import READERS
from config.bounded.regular_file import budget_bytes

MEGABYTE = 1_000_000


def made(kind: Kind, folder: Path) -> tuple[Path, int]:
    """Make a file of a kind below `folder`; return its path and size. Platforms are looked for in a folder `hw`."""
    path = folder / "hw" / f"hostile{READERS[kind.reader].suffix}"
    path.parent.mkdir(parents=True)
    kind.make(path)
    return path, path.stat().st_size if path.is_file() else 0


def fault(cost: Cost, size: int) -> str:
    """What is wrong with the way in which a file was read; empty if nothing."""
    if not cost.own:
        return f"NOT ITS OWN ERROR: {cost.outcome}"
    if cost.peak_bytes > budget_bytes(size):
        return f"OVER THE BUDGET of {budget_bytes(size) / MEGABYTE:.0f} MB: {cost.outcome}"
    return ""


def main(arguments: list[str]) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hostile", description=__doc__)
    parser.add_argument("groups", nargs="*", choices=[*GROUPS, []], metavar="GROUP")
    parser.add_argument("--match", default="", metavar="TEXT", help="only kinds and readers with this text")
    given = parser.parse_args(arguments)
    faults = 0
    for group in given.groups or GROUPS:
        for kind in GROUPS[group]:
            if given.match not in f"{kind.reader}: {kind.name}":
                continue
            with tempfile.TemporaryDirectory() as folder:
                path, size = made(kind, Path(folder))
                (cost,) = measured((kind.reader, path))
                outcome = (fault(cost, size) or cost.outcome).replace(folder, "")
            faults += bool(fault(cost, size))
            figures = f"{size / MEGABYTE:9.2f} MB  {cost.peak_bytes / MEGABYTE:7.1f} MB  {cost.seconds:6.2f} s"
            sys.stdout.write(f"{figures}  {kind.reader}: {kind.name}: {outcome:.200}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{faults} faults\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
