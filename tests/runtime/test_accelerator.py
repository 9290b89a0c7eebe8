from __future__ import annotations

import warnings

import numpy as np
import pytest

import runtime
from runtime import manifest


def expected(images, weights, bias=1000, k=3):
    """The payload's arithmetic, in numpy."""
    base = images.reshape(len(images), -1).astype(np.int64).sum(axis=1) + weights.astype(np.int64).sum() + bias
    return (base[:, None] + np.arange(k)).astype(np.uint32)


@pytest.fixture()
def weights():
    return np.arange(-80, 80, dtype=np.int8).reshape(10, 16)


@pytest.fixture()
def images():
    return np.random.default_rng(3).integers(0, 256, (7, 8, 8, 1), np.uint8)


@pytest.mark.parametrize("batch", [None, 1, 3, 7])
def test_any_batch_gives_the_same_classes(build, images, weights, batch):
    with runtime.Accelerator(build(fc=weights.tobytes()), batch=batch) as accelerator:
        for _ in range(2):
            np.testing.assert_array_equal(accelerator.classify(images), expected(images, weights))
        assert accelerator.classify(images[0]).shape == (1, 3)
        assert accelerator.classify(images[:0]).shape == (0, 3)
        np.testing.assert_array_equal(accelerator.classify(images.view(np.int8)), expected(images, weights))
