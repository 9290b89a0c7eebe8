"""The labelled images that were held out of a network's training."""

from __future__ import annotations

from typing import Any

import numpy as np

from blocks.network import Dataset

Tensor = np.ndarray[Any, Any]


class DatasetError(Exception):
    """The package that the images come with is not installed."""


def held_out(dataset: Dataset) -> tuple[Tensor, Tensor]:
    """Images uint8 [N, H, W, C] and labels int [N] that training never saw.

    Raises:
        DatasetError: the package with the images is not installed.
    """
    try:
        from sklearn.datasets import load_digits  # noqa: PLC0415  only this data set needs it
    except ImportError:
        raise DatasetError("the digits come with scikit-learn: pip install -e '.[digits]'") from None
    images, labels = load_digits(return_X_y=True)
    chosen = np.arange(len(labels)) % dataset.held_out_every == 0
    return images[chosen].reshape(-1, 8, 8, 1).astype(np.uint8), labels[chosen]
