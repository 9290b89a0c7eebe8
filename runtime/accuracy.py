"""How often an accelerator is right about labelled images."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .accelerator import Accelerator
from .errors import InputError
from .formats.manifest import STAND_IN, Manifest
from .images.files import check_image, load_image
from .images.labels import LabelledImage


@dataclass(frozen=True)
class Prediction:
    """An image and the classes that it was given, best first."""

    image: LabelledImage
    classes: tuple[int, ...]

    @property
    def right(self) -> bool:
        """Whether the best class is the label."""
        return self.classes[0] == self.image.label

    @property
    def listed(self) -> bool:
        """Whether the label is one of the classes."""
        return self.image.label in self.classes


@dataclass(frozen=True)
class Accuracy:
    """The outcome over all images; ``seconds`` is from the first file read to the last result, decoding included."""

    predictions: tuple[Prediction, ...]
    seconds: float
    emulated: bool

    @property
    def images(self) -> int:
        """How many images were classified."""
        return len(self.predictions)

    @property
    def top(self) -> int:
        """How many classes the accelerator names for an image."""
        return len(self.predictions[0].classes)

    @property
    def right(self) -> int:
        """How many have their label as best class."""
        return sum(prediction.right for prediction in self.predictions)

    @property
    def listed(self) -> int:
        """How many have their label among the classes named."""
        return sum(prediction.listed for prediction in self.predictions)


def class_count(facts: Manifest) -> int | None:
    """The number of classes, where the manifest lets it be known."""
    if facts.classes is not None:
        return facts.classes
    # Older files do not say it.
    if facts.labels:
        return len(facts.labels)
    # The rows of the last layer's weights are the classes.
    return facts.weights.shape[0] if facts.weights is not None and len(facts.weights.shape) == 2 else None


def check_files(images: Iterable[LabelledImage], facts: Manifest, shown: int = 5) -> None:
    """Look at the head of every file before hours are spent on the first ones. Raises one InputError for all."""
    mistakes = []
    for image in images:
        try:
            check_image(image.path, facts)
        except InputError as error:
            mistakes.append(error)
    if len(mistakes) == 1:
        raise mistakes[0]
    if mistakes:
        listed = "; ".join(f"{error.where} {error.what}" for error in mistakes[:shown])
        more = f"; and {len(mistakes) - shown} more" if len(mistakes) > shown else ""
        raise InputError(
            f"{len(mistakes)} images cannot be used: {listed}{more}", remedy="convert them to PNG with 8 bits a channel"
        )


def measure(
    accelerator: Accelerator, images: Sequence[LabelledImage], batch: int, progress: Callable[[Prediction], None]
) -> Accuracy:
    """Classify all images, ``batch`` a call, decoding some while the card works on others.

    ``progress`` hears of each in order. Raises InputError naming the file that cannot be read.
    """
    if not images:
        raise InputError("no images", remedy="give at least one")
    facts = accelerator.manifest
    predictions = []
    begin = time.perf_counter()
    starts = range(0, len(images), batch)
    pixels = (np.stack([load_image(image.path, facts) for image in images[i : i + batch]]) for i in starts)
    for image, classes in zip(images, itertools.chain.from_iterable(accelerator.stream(pixels)), strict=True):
        prediction = Prediction(image, tuple(int(number) for number in classes.ravel()))
        predictions.append(prediction)
        progress(prediction)
    return Accuracy(tuple(predictions), time.perf_counter() - begin, accelerator.emulated)


def lines(accuracy: Accuracy, facts: Manifest) -> list[str]:
    """The outcome in words."""
    images = accuracy.images
    rate = f"{images / accuracy.seconds:.1f} images/s, reading the files included"
    place = "emulated on this machine (no card's speed)" if accuracy.emulated else "on the card"
    text = [f"top-1: {accuracy.right} of {images} = {accuracy.right / images:.2%}"]
    if accuracy.top > 1:
        text.append(f"top-{accuracy.top}: {accuracy.listed} of {images} = {accuracy.listed / images:.2%}")
    text.append(f"{rate}, {place}")
    if facts.parameters.origin == STAND_IN:
        text.append("the network has random weights: these figures mean nothing")
    elif facts.parameters.stand_ins():
        text.append(f"some weights of the xclbin are random ({facts.parameters.origin})")
    return text


def to_json(accuracy: Accuracy, facts: Manifest, xclbin: Path) -> str:
    """The outcome with every prediction."""
    value: dict[str, Any] = {
        "xclbin": str(xclbin),
        "network": facts.network,
        "parameters": {"origin": facts.parameters.origin, "digest": facts.parameters.digest},
        "images": accuracy.images,
        "top_1": {"right": accuracy.right, "accuracy": accuracy.right / accuracy.images},
        f"top_{accuracy.top}": {"right": accuracy.listed, "accuracy": accuracy.listed / accuracy.images},
        "seconds": accuracy.seconds,
        "time_is": "emulated on this machine" if accuracy.emulated else "measured on the card",
        "predictions": [
            {"file": one.image.name, "label": one.image.label, "classes": list(one.classes)}
            for one in accuracy.predictions
        ],
    }
    return json.dumps(value, indent=1, allow_nan=False) + "\n"
