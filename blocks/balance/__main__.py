"""`python -m blocks.balance NETWORK --fps N`: prints a folding file for a wanted rate."""

from __future__ import annotations

import argparse
import sys

from blocks.balance.search import Balanced, FoldingError, balance
from blocks.network import find_network
from config.output import clean_output
from config.problem import ConfigError
from config.settings import Build


def main(arguments: list[str] | None = None) -> int:
    """Print the file.

    Returns:
        0, or 1 after one error.
    """
    parser = argparse.ArgumentParser(prog="python -m blocks.balance", description=__doc__)
    parser.add_argument("network", help="name or path of a network of general blocks")
    parser.add_argument("--fps", type=_rate, help="images per second [default: balanced, about 512 products a cycle]")
    parser.add_argument(
        "--clock-mhz", type=_rate, default=Build().clock_mhz, help="kernel clock [default: %(default)g]"
    )
    parser.add_argument("--name", help="name of the folding [default: NETWORK_folded]")
    clean_output()
    given = parser.parse_args(arguments)
    try:
        found = balance(find_network(given.network), given.fps, given.clock_mhz)
    except (ConfigError, FoldingError) as error:
        sys.stderr.write("".join(f"ERROR: {line}\n" for line in str(error).splitlines()))
        return 1
    sys.stdout.write(render(found, given.name or f"{found.network.name}_folded", given.clock_mhz))
    return 0


def render(found: Balanced, name: str, clock_mhz: float) -> str:
    """The text of a folding file."""
    topology = found.network.topology or found.network.file
    rate = f"{found.cycles} cycles an image, {int(found.rate(clock_mhz))} images a second at {clock_mhz:g} MHz"
    lines = [f"# {rate}; the slowest operator is {found.slowest}.", f"name: {name}", f"folding_of: {topology.stem}"]
    lines.append("blocks:")
    for block, layers in found.folding.items():
        if layers:
            lines.append(f"  {block}:")
        for layer, keys in layers.items():
            lines.append(f"    {layer}: {{{', '.join(f'{key}: {value}' for key, value in keys.items())}}}")
    return "\n".join(lines) + "\n"


def _rate(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError(text)
    return value


if __name__ == "__main__":
    sys.exit(main())
