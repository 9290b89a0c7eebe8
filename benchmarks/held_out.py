"""Classifies the images that a network was never trained on, on the card and with the integer model.

`python -m benchmarks.held_out digits` prints some images, the accuracy, and whether card and model agree in every
label. The status is 1 if they do not.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.columns import Columns
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from blocks import dataset
from blocks.network import Network, find_network
from blocks.network_model import run_network
from blocks.parameters import ParameterError, read_block
from config import output
from config.problem import ConfigError

Tensor = np.ndarray[Any, Any]
SHOWN = 10
BRIGHTEST = 16
SHADES = " ░▒▓█"


def held_out(network: Network) -> tuple[Tensor, Tensor]:
    """Images uint8 [N, H, W, C] and labels int [N] that training never saw. Raises SystemExit if there are none."""
    if network.dataset is None:
        raise SystemExit(f"{network.file}: the network names no data set to classify")
    try:
        return dataset.held_out(network.dataset)
    except dataset.DatasetError as error:
        raise SystemExit(str(error)) from None


def expected_indices(network: Network, images: Tensor) -> Tensor:
    """The best indices [N, top] of the integer model. Raises SystemExit if parameters are missing or wrong."""
    try:
        parameters = {block.name: read_block(network.parameters / f"{block.name}.npz") for block in network.blocks}
    except ParameterError as error:
        raise SystemExit(f"error: {error}") from None
    weights = parameters[network.head.name].fc_weights()
    if weights is None:
        raise SystemExit(f"{network.head.name}.npz holds no fc_weights")
    return run_network(network, parameters, images, weights)[network.head.name]


def picture(image: Tensor, label: int, answer: int, *, coloured: bool) -> Panel:
    """A small grey picture. A cell is twice as tall as wide, so with colours it shows two rows of pixels."""
    text = Text()
    if coloured:
        for row in range(0, image.shape[0], 2):
            for column in range(image.shape[1]):
                upper, lower = (min(255, int(image[row + i, column, 0]) * 255 // BRIGHTEST) for i in (0, 1))
                text.append("▀▀", f"rgb({upper},{upper},{upper}) on rgb({lower},{lower},{lower})")
            text.append("\n")
    else:
        for line in image[:, :, 0]:
            shades = (SHADES[min(int(value) * len(SHADES) // (BRIGHTEST + 1), len(SHADES) - 1)] * 2 for value in line)
            text.append("".join(shades) + "\n")
    right = label == answer
    text.append(f"says {answer}" + ("" if right else f", is {label}"), "green" if right else "bold red")
    return Panel(text, padding=(0, 1), expand=False)


def show(console: Console, title: str, chosen: list[int], images: Tensor, labels: Tensor, answers: Tensor) -> None:
    """Print some images side by side, with the card's answers."""
    if chosen:
        console.print(title)
        coloured = console.color_system is not None
        pictures = [picture(images[i], int(labels[i]), int(answers[i, 0]), coloured=coloured) for i in chosen]
        console.print(Columns(pictures, equal=True))


def main(arguments: list[str] | None = None) -> int:
    """Print pictures, accuracy and agreement.

    Returns:
        0, or 1 if card and model disagree.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network")
    parser.add_argument("--xclbin", type=Path, help="[default: the one that `doit build` made for target sw_emu]")
    given = parser.parse_args(arguments)
    try:
        network = find_network(given.network)
    except ConfigError as error:
        raise SystemExit(str(error)) from None
    path = given.xclbin or Path("build", network.name, "open-sw_emu", f"{network.name}.xclbin")
    if not path.exists():
        raise SystemExit(f"{path} is missing; make it with: doit build network={network.called}")
    import runtime  # noqa: PLC0415  pynq is slow to import, so check the arguments first

    images, labels = held_out(network)
    expected = expected_indices(network, images)
    console = output.console()
    try:
        accelerator = runtime.Accelerator(path)
    except runtime.FarmRuntimeError as error:
        raise SystemExit(f"error: {error}") from None
    with accelerator:
        accelerator.classify(images[:1])
        begin = time.perf_counter()
        answers = accelerator.classify(images)
        seconds = time.perf_counter() - begin
    wrong = np.flatnonzero(answers[:, 0] != labels)
    first_of_each = [int(np.flatnonzero(labels == label)[0]) for label in np.unique(labels)]
    show(console, "one of each class:", first_of_each[:SHOWN], images, labels, answers)
    show(console, "wrong:", [int(i) for i in wrong[:SHOWN]], images, labels, answers)
    right = len(labels) - len(wrong)
    console.print(f"{right} of {len(labels)} held-out images are right: top-1 accuracy {right / len(labels):.2%}")
    top = int((answers == labels[:, None]).any(axis=1).sum())
    console.print(f"{top} have their label among the best {answers.shape[1]}: {top / len(labels):.2%}")
    console.print(f"{len(labels) / seconds:.0f} images/s emulated on this machine (not a card's speed)")
    differing = int((answers != expected).any(axis=1).sum())
    if differing:
        console.print(f"[bold red]{differing} images differ from the integer model[/]")
        return 1
    console.print("every index equals the integer model's")
    return 0


if __name__ == "__main__":
    sys.exit(main())
