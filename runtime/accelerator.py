"""An accelerator without its buffers, banks and batches: images in, classes out."""

from __future__ import annotations

import itertools
import os
import re
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .emulation.simulation import Simulation
from .errors import CardError, FarmRuntimeError, InputError, StandInWarning
from .formats import emulation_data, xclbin
from .formats.checks import manifest_of
from .formats.manifest import SIMULATED, STAND_IN, Argument, Manifest
from .images.files import check_images, load_weights
from .pipeline import Buffers, Handle, Pipeline
from .ranking import best_classes
from .simulation.statistics import Statistics

_BATCH_BYTES = 32 << 20
_BATCH_IMAGES = 1024


class Accelerator:
    """An xclbin, loaded and ready::

        with runtime.Accelerator("digits.xclbin") as accelerator:
            classes = accelerator.classify(images)

    ``device`` is a ``pynq.Device``; without one, an emulation xclbin gets an emulated card of its own and any other
    file PYNQ's active device. ``fc_weights`` (array or path of .npy, .npz, .csv) takes the place of those in the file.
    ``batch`` limits the images of one call (default: what fits 32 MiB, at most 1024). One thread at a time. Raises a
    FarmRuntimeError where the file, its manifest and its parts disagree, or the payload is not trusted; warns
    StandInWarning where the parameters are not trained.
    """

    def __init__(
        self, path: Path | str, device: Any = None, *, fc_weights: Any = None, batch: int | None = None
    ) -> None:
        self.path = Path(path)
        if batch is not None and (not isinstance(batch, int) or batch < 1):
            raise InputError(f"batch is {batch!r}", remedy="give a whole number of at least 1")
        file = xclbin.read(self.path)
        self.manifest: Manifest = manifest_of(file, str(self.path))
        self._limit = batch or max(1, min(_BATCH_IMAGES, _BATCH_BYTES // max(1, self.manifest.image.size_bytes)))
        weights = self._weights_for(file, fc_weights)
        parameters = self.manifest.parameters
        if parameters.stand_ins(own_weights=fc_weights is not None):
            which = "random weights" if parameters.origin == STAND_IN else f"some random weights ({parameters.origin})"
            what = f"{self.path} has {which}, so its classes mean nothing"
            warnings.warn(what, StandInWarning, stacklevel=2)
        emulated = emulation_data.PAYLOAD in file.emulation
        # PYNQ and the card read the file again; with this copy beside theirs it would be in memory five times.
        del file
        pynq = import_pynq()
        if device is None and emulated:
            from .emulation.device import EmulatedCard  # noqa: PLC0415  imports PYNQ

            device = EmulatedCard()
        self._overlay: Any = pynq.Overlay(str(self.path.absolute()), device=device)
        self._kernel = getattr(self._overlay, self.manifest.instance)
        self._weights: dict[str, Any] = {}
        if weights is not None and self.manifest.weights is not None:
            buffer = self._allocate(self.manifest.weights, self.manifest.weights.shape)
            buffer[:] = weights
            buffer.sync_to_device()
            self._weights[self.manifest.weights.name] = buffer
        # Without the card's scheduler a kernel that is started while it is busy would lose its run.
        queues = hasattr(self._kernel, "start_ert") and self._overlay.device.has_capability("ERT")
        self._pipeline = Pipeline(self._buffers, self._start, queued=2 if queues else 1)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes, by class number; empty where the network names none."""
        return self.manifest.labels

    @property
    def emulated(self) -> bool:
        """Whether the card is the emulated one: its times are those of this machine's processor."""
        return bool(self._overlay is not None and self._overlay.device.has_capability("EMULATED"))

    @property
    def simulated(self) -> bool:
        """Whether the emulated card simulates the logic cycle by cycle: ``statistics`` then tells of a card's times."""
        return self.emulated and self.manifest.target == SIMULATED

    def statistics(self) -> Statistics:
        """What the simulation counted in the last call of the card: cycles of each image, and what each block did.

        Raises CardError where nothing is simulated, PayloadError before the first call.
        """
        return self._simulation().statistics()

    def set_memory_efficiency(self, percent: int) -> None:
        """Simulate the card's memories with so much of their bandwidth from the next call on: 1 to 100 percent."""
        self._simulation().set_memory_efficiency(percent)

    def _simulation(self) -> Simulation:
        self._check_open()
        if not self.emulated:
            raise CardError("a real card counts no cycles", where=str(self.path), remedy="use a file of target=hw_emu")
        simulation: Simulation = self._overlay.device.simulation
        return simulation

    def _check_open(self) -> None:
        if self._overlay is None:
            raise FarmRuntimeError("the accelerator is closed", where=str(self.path), remedy="open it again")

    def classify(self, images: Any) -> NDArray[Any]:
        """Classes of the images, best first: array [N, k] of class numbers.

        ``k`` is that of the network. Where it gives raw sums, these are the 5 classes with the largest (or all, if
        there are fewer), of equal ones the lower class first. ``images`` is [N, height, width, channels] (or one
        image) in the dtype of the manifest, usually uint8; or an iterator over single images, which is read as the
        card gets on and never held as a whole.
        """
        return best_classes(self.results(images), self.manifest)

    def results(self, images: Any) -> NDArray[Any]:
        """What the kernel writes for each image: array [N, count] of indices, or of the raw sum of each class.

        The manifest's ``results`` says which. ``images`` as in ``classify``.
        """
        result = self.manifest.result
        # An array is checked as a whole, before anything runs.
        given = images if isinstance(images, Iterator) else check_images(images, self.manifest.image)
        found = list(self._run(self._batches(given)))
        return np.concatenate([np.empty((0, *result.shape), np.dtype(result.dtypes[0])), *found])

    def stream(self, batches: Iterable[Any]) -> Iterator[NDArray[Any]]:
        """The classes [N, k] of each batch [N, height, width, channels], in order; every batch is one call of the card.

        Up to three batches are on their way: while the card works, the next is taken from ``batches`` and copied in.
        Classifying anything else before the end ends it: it then raises FarmRuntimeError.
        """
        return (best_classes(numbers, self.manifest) for numbers in self._run(batches))

    def _run(self, batches: Iterable[Any]) -> Iterator[NDArray[Any]]:
        self._check_open()
        checked = (check_images(batch, self.manifest.image) for batch in batches)
        return self._pipeline.run(batch for batch in checked if len(batch))

    def _batches(self, images: Iterator[Any] | NDArray[Any]) -> Iterator[NDArray[Any]]:
        if isinstance(images, np.ndarray):
            for start in range(0, len(images), self._limit):
                yield images[start : start + self._limit]
            return
        single = map(self._single, itertools.count(), images)
        while part := list(itertools.islice(single, self._limit)):
            # Bytes are what the kernel takes; stacking uint8 and int8 would widen both to int16.
            yield np.stack([image.view(part[0].dtype) for image in part])

    def _single(self, number: int, image: Any) -> NDArray[Any]:
        try:
            return check_images(image, self.manifest.image, single=True)
        except InputError as error:
            raise InputError(error.what, where=f"image {number} of the iterator", remedy=error.remedy) from error

    def close(self) -> None:
        """Free buffers and overlay; safe to call again."""
        overlay, self._overlay = self._overlay, None
        if overlay is not None:
            try:
                # The emulated card may be stopped at once, which is what Ctrl-C wants; a real one would write to memory
                # that is no longer ours.
                self._pipeline.free(wait=not overlay.device.has_capability("EMULATED"))
                for buffer in self._weights.values():
                    buffer.freebuffer()
                self._weights.clear()
            finally:
                # Whatever became of the buffers: this is what ends the payload's process.
                overlay.free()

    def __enter__(self) -> Accelerator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _weights_for(self, file: xclbin.Xclbin, given: Any) -> NDArray[Any] | None:
        argument = self.manifest.weights
        if argument is None:
            if given is not None:
                raise InputError("the kernel takes no weights", where=str(self.path), remedy="leave out fc_weights")
            return None
        if given is not None:
            return load_weights(given, argument)
        stored = file.emulation.get(emulation_data.FC_WEIGHTS)
        if stored is None:
            raise InputError(
                f"the file holds no weights for {argument.name}",
                where=str(self.path),
                remedy=f"give fc_weights, {argument.dtypes[0]} of shape {argument.shape} (array, .npy or .csv)",
            )
        return stored_weights(stored, argument)

    def _buffers(self, images: int) -> Buffers:
        inputs, outputs = (
            self._allocate(argument, (images, *argument.shape))
            for argument in (self.manifest.image, self.manifest.result)
        )
        return Buffers(inputs, outputs, images)

    def _start(self, buffers: Buffers, images: int) -> Handle:
        named = {self.manifest.image.name: buffers.inputs, self.manifest.result.name: buffers.outputs, **self._weights}
        handle: Handle = self._kernel.start(**named, **{self._counter(named): images})
        return handle

    def _allocate(self, argument: Argument, shape: tuple[int, ...]) -> Any:
        dtype = np.dtype(argument.dtypes[0])
        if not argument.banks:
            return import_pynq().allocate(shape, dtype, target=self._overlay.device)
        # PYNQ's rule for the name of a memory: PLRAM[0] is ol.PLRAM0.
        return getattr(self._overlay, re.sub(r"[^A-Za-z0-9_]", "", argument.banks[0])).allocate(shape, dtype)

    def _counter(self, named: Iterable[str]) -> str:
        """Name of the scalar argument: the number of images."""
        names = [name for name in self._kernel.signature.parameters if name not in named]
        if len(names) != 1:
            raise InputError(
                f"arguments {', '.join(names)} are not understood", where=str(self.path), remedy="use PYNQ's own .call"
            )
        return str(names[0])


def stored_weights(data: bytes, argument: Argument) -> NDArray[Any]:
    """Part ``fc_weights`` as array; ``runtime.formats.checks`` has compared its size."""
    return np.frombuffer(data, np.dtype(argument.dtypes[0]).newbyteorder("<")).reshape(argument.shape)


def import_pynq() -> Any:
    """PYNQ, or a FarmRuntimeError that says what is missing."""
    try:
        import pynq  # noqa: PLC0415  takes most of a second
    except OSError as error:
        raise FarmRuntimeError(
            f"PYNQ cannot be imported ({error})",
            where=f"XILINX_XRT={os.environ.get('XILINX_XRT', '')}",
            remedy="XILINX_XRT names no XRT that works: source XRT's setup.sh, or unset it for the emulated card",
        ) from error
    except ImportError as error:
        raise FarmRuntimeError(
            f"PYNQ cannot be imported ({error})",
            remedy='install "pynq==3.0.1" "pycparser<3" "numpy<2" "setuptools<=80"',
        ) from error
    return pynq
