"""Batches on their way through a card: while one runs, the next is copied in and the last is copied out."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .errors import FarmRuntimeError

# One set is being filled or emptied while the card works on the second and the third is queued behind it, so that the
# card goes on without asking the host. One more would only wait.
SETS = 3


class Handle(Protocol):
    """A started kernel: a WaitHandle of PYNQ."""

    def wait(self) -> None:
        """Return when the run has ended; raise what it failed with."""


class Buffers:
    """An input and an output buffer of a card, with room for ``images`` images."""

    def __init__(self, inputs: Any, outputs: Any, images: int) -> None:
        self.inputs = inputs
        self.outputs = outputs
        self.images = images

    def fill(self, batch: NDArray[Any]) -> None:
        """Copy a batch in, and on to the card."""
        part = self.inputs[: len(batch)]
        # Seen through the batch's dtype, of which the manifest says that it is as good.
        part.view(batch.dtype)[:] = batch
        part.sync_to_device()

    def results(self, images: int) -> NDArray[Any]:
        """The results of that many images, fetched from the card; an array of its own."""
        part = self.outputs[:images]
        part.sync_from_device()
        return np.array(part)

    def free(self) -> None:
        """Give both back."""
        self.inputs.freebuffer()
        self.outputs.freebuffer()


class Pipeline:
    """Runs batches in order, through up to three sets of buffers that it allocates when it needs them.

    ``allocate`` gives buffers for that many images, ``start`` starts the kernel on so many images in them. ``queued``
    is how many runs the card takes at a time: 2 where it queues them (ERT), else 1.
    """

    def __init__(
        self, allocate: Callable[[int], Buffers], start: Callable[[Buffers, int], Handle], *, queued: int
    ) -> None:
        self._allocate = allocate
        self._start = start
        self._queued = queued
        self._sets: list[Buffers | None] = [None] * SETS
        self._running: deque[tuple[Handle, Buffers, int]] = deque()
        self._turn = 0

    def run(self, batches: Iterable[NDArray[Any]]) -> Iterator[NDArray[Any]]:
        """The results of each batch, in order. Batches are taken as they are needed, at most ``queued`` + 1 ahead.

        Only the latest ``run`` may go on: one begun before it raises FarmRuntimeError when it is asked for more.
        """
        self._turn += 1
        turn = self._turn
        self._settle()
        for number, batch in enumerate(batches):
            self._check(turn)
            buffers = self._set(number % SETS, len(batch))
            buffers.fill(batch)
            # Only now: the copying above went on while the card was working.
            finished = self._finish() if len(self._running) == self._queued else None
            self._running.append((self._start(buffers, len(batch)), buffers, len(batch)))
            if finished is not None:
                yield finished[0].results(finished[1])
                self._check(turn)
        while self._running:
            buffers, images = self._finish()
            yield buffers.results(images)
            self._check(turn)

    def free(self, *, wait: bool) -> None:
        """Give all buffers back, with ``wait`` not before the card has done what it was started on."""
        self._turn += 1
        if wait:
            self._settle()
        self._running.clear()
        for index, buffers in enumerate(self._sets):
            if buffers is not None:
                self._sets[index] = None
                buffers.free()

    def _set(self, index: int, images: int) -> Buffers:
        found = self._sets[index]
        if found is None or found.images < images:
            if found is not None:
                self._sets[index] = None
                found.free()
            found = self._sets[index] = self._allocate(images)
        return found

    def _finish(self) -> tuple[Buffers, int]:
        handle, buffers, images = self._running[0]
        handle.wait()
        self._running.popleft()
        return buffers, images

    def _settle(self) -> None:
        """Wait for what an abandoned ``run`` left behind: its buffers are about to be written to."""
        while self._running:
            # Nobody wants these results any more, so nobody needs to hear how they failed.
            with contextlib.suppress(Exception):
                self._running[0][0].wait()
            self._running.popleft()

    def _check(self, turn: int) -> None:
        if turn != self._turn:
            raise FarmRuntimeError(
                "these images were abandoned: others were classified since, or the accelerator was closed",
                remedy="finish one classification before the next",
            )
