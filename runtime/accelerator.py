"""An accelerator without its buffers, banks and batches: images in, classes out."""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runtime import emulation_data, xclbin
from runtime.checks import manifest_of
from runtime.errors import FarmRuntimeError, InputError, StandInWarning
from runtime.images import check_images, load_weights
from runtime.manifest import Argument, Manifest

_BATCH_BYTES = 64 << 20
_BATCH_IMAGES = 1024


class Accelerator:
    """An xclbin, loaded and ready::

        with runtime.Accelerator("digits.xclbin") as accelerator:
            classes = accelerator.classify(images)

    ``device`` is a ``pynq.Device``; without one, an emulation xclbin gets an emulated card of its own and any other
    file PYNQ's active device. ``fc_weights`` (array or path of .npy, .npz, .csv) takes the place of those in the file.
    ``batch`` limits the images of one call. Raises a FarmRuntimeError where the file, its manifest and its parts
    disagree, or the payload is not trusted; warns StandInWarning where the parameters are not trained.
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
        weights = self._weights(file, fc_weights)
        if self.manifest.parameters.stand_in:
            warnings.warn(
                f"{self.path}: parameters are stand-ins ({self.manifest.parameters.origin}), the classes mean nothing",
                StandInWarning,
                stacklevel=2,
            )
        pynq = import_pynq()
        if device is None and emulation_data.PAYLOAD in file.emulation:
            from runtime.emulation.device import EmulatedCard  # noqa: PLC0415  imports PYNQ

            device = EmulatedCard()
        self._overlay: Any = pynq.Overlay(str(self.path.absolute()), device=device)
        self._kernel = getattr(self._overlay, self.manifest.instance)
        self._buffers: dict[str, Any] = {}
        self._room = 0
        if weights is not None and self.manifest.weights is not None:
            buffer = self._allocate(self.manifest.weights, self.manifest.weights.shape)
            buffer[:] = weights
            buffer.sync_to_device()
            self._buffers[self.manifest.weights.name] = buffer

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes, by class number; empty where the network names none."""
        return self.manifest.labels

    def classify(self, images: Any) -> NDArray[Any]:
        """Classes of the images, best first: array [N, k] of class numbers.

        ``images`` is [N, height, width, channels] (or one image) in the dtype of the manifest, usually uint8.
        """
        if self._overlay is None:
            raise FarmRuntimeError("the accelerator is closed", where=str(self.path), remedy="open it again")
        image, result = self.manifest.image, self.manifest.result
        array = check_images(images, image)
        classes = np.empty((len(array), *result.shape), np.dtype(result.dtypes[0]))
        for start in range(0, len(array), self._limit):
            part = array[start : start + self._limit]
            self._grow(len(part))
            inputs, outputs = self._buffers[image.name], self._buffers[result.name]
            # Seen through the array's dtype, of which the manifest says that it is as good.
            inputs[: len(part)].view(part.dtype)[:] = part
            inputs[: len(part)].sync_to_device()
            self._kernel.call(**self._buffers, **{self._counter(): len(part)})
            outputs[: len(part)].sync_from_device()
            classes[start : start + len(part)] = outputs[: len(part)]
        return classes

    def close(self) -> None:
        """Free buffers and overlay; safe to call again."""
        overlay, self._overlay = self._overlay, None
        if overlay is not None:
            for buffer in self._buffers.values():
                buffer.freebuffer()
            self._buffers.clear()
            overlay.free()

    def __enter__(self) -> Accelerator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _weights(self, file: xclbin.Xclbin, given: Any) -> NDArray[Any] | None:
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

    def _grow(self, images: int) -> None:
        if images <= self._room:
            return
        for argument in (self.manifest.image, self.manifest.result):
            if argument.name in self._buffers:
                self._buffers.pop(argument.name).freebuffer()
            self._buffers[argument.name] = self._allocate(argument, (images, *argument.shape))
        self._room = images

    def _allocate(self, argument: Argument, shape: tuple[int, ...]) -> Any:
        dtype = np.dtype(argument.dtypes[0])
        if not argument.banks:
            return import_pynq().allocate(shape, dtype, target=self._overlay.device)
        # PYNQ's rule for the name of a memory: PLRAM[0] is ol.PLRAM0.
        return getattr(self._overlay, re.sub(r"[^A-Za-z0-9_]", "", argument.banks[0])).allocate(shape, dtype)

    def _counter(self) -> str:
        """Name of the scalar argument: the number of images."""
        names = [name for name in self._kernel.signature.parameters if name not in self._buffers]
        if len(names) != 1:
            raise InputError(
                f"arguments {', '.join(names)} are not understood", where=str(self.path), remedy="use PYNQ's own .call"
            )
        return str(names[0])


def stored_weights(data: bytes, argument: Argument) -> NDArray[Any]:
    """Part ``fc_weights`` as array; ``runtime.checks`` has compared its size."""
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
