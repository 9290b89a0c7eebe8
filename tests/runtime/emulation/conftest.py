"""A card without a file, and one with an overlay and its buffers."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture()
def card():
    pytest.importorskip("pynq")
    from runtime.emulation.device import EmulatedCard

    card = EmulatedCard()
    yield card
    card.close()


@pytest.fixture()
def loaded(build, card):
    """Overlay and the buffers for two images."""
    pynq = pytest.importorskip("pynq")

    def load(images=2, **options):
        ol = pynq.Overlay(str(build(**options)), device=card)
        fc = pynq.allocate((10, 16), np.int8, target=ol.bank0)
        fc[:] = -1
        fc.sync_to_device()
        source = pynq.allocate((images, 8, 8, 1), np.uint8, target=ol.bank0)
        source[:] = np.arange(1, images + 1, dtype=np.uint8)[:, None, None, None]
        source.sync_to_device()
        result = pynq.allocate((images, 3), np.uint32, target=ol.bank0)
        return ol, source, result, fc

    return load
