from __future__ import annotations

import numpy as np
import pytest

import runtime
from runtime.pipeline import SETS, Pipeline


class Card:
    """A card of numbers: it doubles them when it gets to a run, and writes down what happens when."""

    def __init__(self, queued):
        self.events = []
        self.queued = queued
        self.waiting = []
        self.made = 0
        self.fail = set()

    def allocate(self, images):
        self.made += 1
        return Set(self, self.made, images)

    def start(self, buffers, images):
        assert len(self.waiting) < self.queued, "started while the card was full"
        run = Run(self, buffers, images)
        self.waiting.append(run)
        self.events.append(f"start {run.name}")
        return run

    def pipeline(self):
        return Pipeline(self.allocate, self.start, queued=self.queued)


class Set:
    def __init__(self, card, number, images):
        self.card, self.number, self.images = card, number, images
        self.inputs, self.outputs = None, None
        self.freed = False

    def busy(self):
        return any(run.buffers is self for run in self.card.waiting)

    def fill(self, batch):
        assert not self.busy(), "filled while the card was reading it"
        assert not self.freed
        assert len(batch) <= self.images
        self.inputs = batch.copy()
        self.card.events.append(f"fill {int(batch[0])}")

    def results(self, images):
        assert not self.busy(), "read while the card was writing it"
        self.card.events.append(f"read {int(self.outputs[0]) // 2}")
        return self.outputs[:images].copy()

    def free(self):
        assert not self.busy(), "freed while the card was using it"
        self.freed = True


class Run:
    def __init__(self, card, buffers, images):
        self.card, self.buffers, self.images = card, buffers, images
        self.name = int(buffers.inputs[0])

    def wait(self):
        self.card.events.append(f"wait {self.name}")
        # In order, as a card has one kernel.
        while self in self.card.waiting:
            first = self.card.waiting.pop(0)
            first.buffers.outputs = first.buffers.inputs * 2
        if self.name in self.card.fail:
            raise runtime.PayloadError(f"run {self.name} failed")


def batches(*sizes, begin=1):
    return [np.full(size, begin + number) for number, size in enumerate(sizes)]


@pytest.mark.parametrize("queued", [1, 2])
@pytest.mark.parametrize("count", range(9))
def test_every_batch_once_and_in_order(queued, count):
    card = Card(queued)
    found = list(card.pipeline().run(batches(*[2] * count)))
    assert [part.tolist() for part in found] == [[2 * n, 2 * n] for n in range(1, count + 1)]
    assert card.made == min(count, SETS)


def test_copies_overlap_the_card():
    card = Card(1)
    list(card.pipeline().run(batches(1, 1, 1)))
    # While 1 runs, 2 is filled; while 2 runs, 1 is read and 3 is filled.
    assert card.events == [
        "fill 1", "start 1", "fill 2", "wait 1", "start 2", "read 1", "fill 3", "wait 2", "start 3", "read 2",
        "wait 3", "read 3",
    ]  # fmt: skip


def test_a_card_with_a_queue_is_never_left_without_work():
    card = Card(2)
    list(card.pipeline().run(batches(1, 1, 1, 1)))
    # When 1 is waited for, 2 is queued behind it already, and 3 is filled.
    assert card.events == [
        "fill 1", "start 1", "fill 2", "start 2", "fill 3", "wait 1", "start 3", "read 1", "fill 4", "wait 2",
        "start 4", "read 2", "wait 3", "read 3", "wait 4", "read 4",
    ]  # fmt: skip


def test_batches_are_taken_as_they_are_needed():
    card, taken = Card(2), []

    def source():
        for batch in batches(*[1] * 20):
            taken.append(int(batch[0]))
            yield batch

    results = card.pipeline().run(source())
    assert not taken
    for number in range(1, 18):
        assert next(results).tolist() == [2 * number]
        assert len(taken) == number + 2


def test_buffers_grow_and_are_reused():
    card = Card(2)
    pipeline = card.pipeline()
    list(pipeline.run(batches(2, 2, 2, 2)))
    list(pipeline.run(batches(2, 1, 2)))
    assert card.made == 3
    assert [part.tolist() for part in pipeline.run(batches(5, 2))] == [[2] * 5, [4, 4]]
    assert card.made == 4


@pytest.mark.parametrize("queued", [1, 2])
def test_an_abandoned_run_disturbs_nothing(queued):
    card = Card(queued)
    pipeline = card.pipeline()
    first = pipeline.run(batches(1, 1, 1, 1, 1))
    assert next(first).tolist() == [2]
    assert [part.tolist() for part in pipeline.run(batches(1, 1, 1, begin=11))] == [[22], [24], [26]]
    with pytest.raises(runtime.FarmRuntimeError, match="abandoned"):
        next(first)


def test_a_source_that_classifies_on_the_same_card():
    """While the outer run asks for its third batch, the inner one takes the buffers."""
    card = Card(2)
    pipeline = card.pipeline()
    inner = []

    def source():
        yield from batches(1, 1)
        inner.extend(part.tolist() for part in pipeline.run(batches(1, 1, begin=11)))
        yield from batches(1, begin=3)

    with pytest.raises(runtime.FarmRuntimeError, match="abandoned"):
        list(pipeline.run(source()))
    assert inner == [[22], [24]]
    assert card.events[-1] == "read 12"


@pytest.mark.parametrize("queued", [1, 2])
@pytest.mark.parametrize("failing", [1, 2, 3, 4])
def test_a_failed_run_is_told_and_the_next_begins_afresh(queued, failing):
    card = Card(queued)
    card.fail = {failing}
    pipeline = card.pipeline()
    found = []
    with pytest.raises(runtime.PayloadError, match=f"run {failing} failed"):
        found.extend(part.tolist() for part in pipeline.run(batches(1, 1, 1, 1)))
    # With a run queued behind it, what is before the failed one has been read.
    assert found == [[2 * n] for n in range(1, failing)]
    assert [part.tolist() for part in pipeline.run(batches(1, 1, begin=11))] == [[22], [24]]


def test_a_source_that_fails_leaves_no_run_behind():
    card = Card(2)
    pipeline = card.pipeline()

    def source():
        yield from batches(1, 1, 1)
        raise ValueError("of the source")

    with pytest.raises(ValueError, match="of the source"):
        list(pipeline.run(source()))
    assert [part.tolist() for part in pipeline.run(batches(1, begin=11))] == [[22]]
    next(pipeline.run(batches(1, 1, 1)))
    pipeline.free(wait=True)
    assert not card.waiting
