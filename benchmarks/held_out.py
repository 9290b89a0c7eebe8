"""Classifies the images that a network was never trained on, on the card and with the integer model.

`python -m benchmarks.held_out digits` prints some images, the accuracy, and whether card and model agree in every
index or raw sum. The status is 1 if they do not.
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
from blocks.network_model import network_values, run_network
from blocks.parameters import ParameterError
from blocks.trained import stand_ins
from config import output
from config.problem import ConfigError

Tensor = np.ndarray[Any, Any]
SHOWN = 10
AT_ONCE = 64
"""Images that the integer model takes at once: its activations are 64 bits wide."""
MOST_PIXELS = 16
"""A side of the pictures shown. Of larger images every second pixel is shown, or every third, ..."""
SHADES = " ░▒▓█"


def held_out(network: Network) -> tuple[Tensor, Tensor]:
    """Images uint8 [N, H, W, C] and labels int [N] that training never saw. Raises SystemExit if there are none."""
    if network.dataset is None:
        raise SystemExit(f"{network.file}: the network names no data set to classify")
    try:
        return dataset.held_out(network.dataset)
    except dataset.DatasetError as error:
        raise SystemExit(str(error)) from None


def expected_results(network: Network, images: Tensor) -> Tensor:
    """What the integer model gives for each image: the best indices, or a raw sum for each class; [N, count].

    Raises SystemExit if parameters are missing or wrong.
    """
    if missing := stand_ins(network):
        what = f"{network.parameters}: there are no trained values of {', '.join(missing)}"
        raise SystemExit(f"error: {what}; train the network or import its parameters")
    try:
        values = {block.name: network_values(network, block) for block in network.blocks}
    except ParameterError as error:
        raise SystemExit(f"error: {error}") from None
    weights, last = values[network.last.name].streamed, network.last.name
    parts = [images[i : i + AT_ONCE] for i in range(0, len(images), AT_ONCE)]
    return np.concatenate([run_network(network, values, part, weights)[last].reshape(len(part), -1) for part in parts])


def picture(image: Tensor, label: str, answer: str, brightest: int, *, coloured: bool) -> Panel:
    """A small grey picture. A cell is twice as tall as wide, so with colours it shows two rows of pixels."""
    text = Text()
    apart = -(-max(image.shape[:2]) // MOST_PIXELS)
    grey = image[::apart, ::apart].astype(np.int64).mean(axis=2)
    if coloured:
        if len(grey) % 2:
            grey = np.concatenate([grey, np.zeros_like(grey[:1])])
        for upper_row, lower_row in zip(grey[::2], grey[1::2], strict=True):
            for pair in zip(upper_row, lower_row, strict=True):
                upper, lower = (min(255, int(value) * 255 // brightest) for value in pair)
                text.append("▀▀", f"rgb({upper},{upper},{upper}) on rgb({lower},{lower},{lower})")
            text.append("\n")
    else:
        for line in grey:
            shades = (SHADES[min(int(value) * len(SHADES) // (brightest + 1), len(SHADES) - 1)] * 2 for value in line)
            text.append("".join(shades) + "\n")
    text.append(
        f"says {answer}" + ("" if label == answer else f", is {label}"), "green" if label == answer else "bold red"
    )
    return Panel(text, padding=(0, 1), expand=False)


def show(
    console: Console, title: str, chosen: list[int], network: Network, images: Tensor, labels: Tensor, answers: Tensor
) -> None:
    """Print some images side by side, with the card's answers."""
    if chosen:
        from runtime.images.files import label_of  # noqa: PLC0415  as below

        console.print(title)
        coloured, brightest = console.color_system is not None, network.dataset.maximum if network.dataset else 255
        named = [
            (label_of(int(labels[i]), network.labels), label_of(int(answers[i, 0]), network.labels)) for i in chosen
        ]
        pictures = [
            picture(images[i], *names, brightest, coloured=coloured) for i, names in zip(chosen, named, strict=True)
        ]
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
    from runtime.ranking import best_classes  # noqa: PLC0415

    images, labels = held_out(network)
    expected = expected_results(network, images)
    console = output.console()
    try:
        accelerator = runtime.Accelerator(path)
    except runtime.FarmRuntimeError as error:
        raise SystemExit(f"error: {error}") from None
    with accelerator:
        accelerator.classify(images[:1])
        begin = time.perf_counter()
        results = accelerator.results(images)
        seconds = time.perf_counter() - begin
        answers = best_classes(results, accelerator.manifest)
    wrong = np.flatnonzero(answers[:, 0] != labels)
    first_of_each = [int(np.flatnonzero(labels == label)[0]) for label in np.unique(labels)]
    show(console, "one of each class:", first_of_each[:SHOWN], network, images, labels, answers)
    show(console, "wrong:", [int(i) for i in wrong[:SHOWN]], network, images, labels, answers)
    right = len(labels) - len(wrong)
    console.print(f"{right} of {len(labels)} held-out images are right: top-1 accuracy {right / len(labels):.2%}")
    top = int((answers == labels[:, None]).any(axis=1).sum())
    console.print(f"{top} have their label among the best {answers.shape[1]}: {top / len(labels):.2%}")
    console.print(f"{len(labels) / seconds:.0f} images/s emulated on this machine (not a card's speed)")
    differing = int((results != expected).any(axis=1).sum())
    if differing:
        console.print(f"[bold red]{differing} images differ from the integer model[/]")
        return 1
    console.print(f"every {'index' if network.results.indices else 'sum'} equals the integer model's")
    return 0


if __name__ == "__main__":
    sys.exit(main())
