"""Every import is compared with the file, number by number, before anything of it stays.

The reference is the interpreter, which is written apart from the importer. Both get the same images: drawn ones, with
extreme ones among them, and those that the user gives. Each block's output and the results have to be equal.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from blocks.kinds.general import General
from blocks.network import Network
from blocks.network_model import network_values, run_network
from blocks.parameters import ParameterError
from blocks.qonnx.file import Model, OnnxError
from blocks.qonnx.importing import Converted
from blocks.qonnx.interpreter import Interpreter, InterpreterError, Traced
from config.bounded.archive import ArchiveError
from config.bounded.arrays import read_npy
from config.frozen import dataclass

Array = np.ndarray[Any, Any]

MOST_DRAWN = 32
MOST_OF_IMAGE = 1 << 24
"""With more, the memory that a comparison takes is no longer small."""
_AT_ONCE = 100_000
"""Numbers of the images that are run together, which bounds the memory of large networks."""
_SEED = 22
_NEAR = 2.0**-48


@dataclass(frozen=True)
class Proof:
    """What was compared, and equal.

    Attributes:
        drawn: Images that were drawn.
        given: Images that the user gave.
        blocks: Blocks whose outputs were compared, the last one's results among them.
        numbers: Numbers that were compared, of all images.
    """

    drawn: int
    given: int
    blocks: int
    numbers: int

    def __str__(self) -> str:
        given = f" and {self.given:,} given ones" if self.given else ""
        return (
            f"Compared with the ONNX file: {self.drawn} drawn images{given},\n"
            f"all {self.numbers:,} numbers that {self.blocks} blocks give are equal."
        )


@np.errstate(all="ignore")  # the interpreter itself refuses what is not finite
def prove(model: Model, converted: Converted, network: Network, given: Array | None = None) -> Proof:
    """Compare a converted network, as it is read from its file, with the interpreter of the ONNX file.

    `given` are images uint8 [N, H, W, C] (`read_inputs`).

    Raises:
        OnnxError: the two differ; the message names block, element and both values. Or the file computes what the
            reference does not define.
    """
    shape = network.image.height, network.image.width, network.image.channels
    if math.prod(shape) > MOST_OF_IMAGE:
        what = f"an image of {math.prod(shape):,} numbers is too large to be compared with the file"
        raise OnnxError(f"{what}, which takes at most {MOST_OF_IMAGE:,}; export for a smaller image")
    drawn = draw_images(shape, np.random.default_rng(_SEED))
    numbers = 0
    try:
        interpreter = Interpreter(model)
        values = {block.name: network_values(network, block) for block in network.blocks}
        keep = [each.tensor for each in converted.tensors.values()] + [converted.result.tensor]
        for images in _parts(drawn, given):
            # The interpreter first: it refuses what would take too much memory.
            image = converted.image
            expected = interpreter.run(image.tensor(images), keep, image.numbers(images))
            found = run_network(network, values, images, values[network.last.name].streamed)
            numbers += sum(each for each in _compared(converted, network, found, expected))
    except (InterpreterError, ParameterError) as error:
        raise OnnxError(f"{error}; nothing can be compared with it") from error
    return Proof(len(drawn), 0 if given is None else len(given), len(network.blocks), numbers)


def draw_images(shape: tuple[int, int, int], rng: np.random.Generator) -> Array:
    """Images uint8 [N, H, W, C]: black, white, of only these two, and of all values. Large ones are fewer."""
    count = max(4, min(MOST_DRAWN, _AT_ONCE // math.prod(shape)))
    images = rng.integers(0, 256, (count, *shape)).astype(np.uint8)
    images[0], images[1] = 0, 255
    images[2] = 255 * rng.integers(0, 2, shape)
    # Dark and bright images reach ends of ranges that evenly drawn pixels never reach together.
    for index in range(4, count, 2):
        images[index] = np.clip(rng.normal(rng.uniform(0, 255), rng.uniform(1, 80), shape), 0, 255)
    return images


def read_inputs(path: Path, converted: Converted, network: Network) -> Array:
    """Images uint8 [N, H, W, C] from a `.npy`: pixels in this shape, or what the file's input takes, [N, ...].

    Raises:
        OnnxError: the file cannot be read, has another shape, or holds numbers that no pixel becomes.
    """
    try:
        values = read_npy(path)
    except (OSError, ArchiveError) as error:
        raise OnnxError(f"{path}: cannot be read ({error}); give a .npy file") from error
    image = network.image
    shape = image.height, image.width, image.channels
    wanted = f"uint8 [N, {', '.join(map(str, shape))}] of pixels, or the file's input {list(converted.image.shape)}"
    if values.ndim < 2 or not values.size:
        raise OnnxError(f"{path}: holds no images; give {wanted}")
    if values.dtype == np.uint8 and values.shape[1:] == shape:
        return values
    if values.shape[1:] != converted.image.shape or values.dtype.kind not in "fiu":
        raise OnnxError(f"{path}: is {values.dtype} {list(values.shape)}; give {wanted}")
    return _pixels(path, np.asarray(values, np.float32), converted, shape)


def _pixels(path: Path, values: Array, converted: Converted, shape: tuple[int, int, int]) -> Array:
    """The pixels that become these inputs: each of the 256 is tried."""
    found = np.zeros(values.shape, np.uint8)
    known = np.zeros(values.shape, bool)
    for pixel in range(256):
        same = values == converted.image.tensor(np.full((1, *shape), pixel, np.uint8))
        found[same] = pixel
        known |= same
    if not known.all():
        where = tuple(int(n) for n in np.argwhere(~known)[0])
        what = f"{path}: {values[where]:g} at {list(where)} is the input that no pixel 0 to 255 becomes"
        raise OnnxError(f"{what}; give --pixel-scale and --pixel-offset, or pixels")
    if converted.image.axes in ("chw", "flat chw"):
        found = found.reshape(-1, shape[2], *shape[:2]).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(found.reshape(-1, *shape))


def _parts(*groups: Array | None) -> Iterator[Array]:
    for images in groups:
        if images is None:
            continue
        size = max(1, _AT_ONCE // math.prod(images.shape[1:]))
        for begin in range(0, len(images), size):
            yield images[begin : begin + size]


def _compared(
    converted: Converted, network: Network, found: dict[str, Array], expected: dict[str, Traced]
) -> Iterator[int]:
    """How many numbers of each block are equal. Raises OnnxError at the first that is not."""
    for block in network.blocks[:-1]:
        meaning = converted.tensors.get(block.name)
        if meaning is None or not isinstance(block, General):
            raise OnnxError(f"block {block.name}: no tensor of the file is its output; nothing can be compared")
        output = block.output
        integers = found[block.name].astype(np.int64) * output.step - output.zero_point
        values = (integers * meaning.scale).astype(np.float32)
        if meaning.axes in ("chw", "flat chw"):
            values = values.transpose(0, 3, 1, 2)
        yield _equal(block.name, meaning.tensor, values, expected[meaning.tensor].value)
    yield _results(converted, network, found[network.last.name], expected[converted.result.tensor])


def _results(converted: Converted, network: Network, found: Array, expected: Traced) -> int:
    name, result = network.last.name, converted.result
    if result.top:
        order = np.argsort(-expected.value.reshape(len(found), -1), axis=1, kind="stable")
        return _equal(name, f"the best of {result.tensor}", found, order[:, : result.top])
    equal = _equal(name, result.tensor, result.values(found), expected.value)
    if expected.numbers is not None and expected.scale is not None and not result.flow.steps:
        # float32 shows sums beyond 24 bits as equal that are not. In float64, scales are off by their last bit at most.
        products, wanted = result.products(found), expected.numbers * expected.scale
        close = np.abs(products - wanted.reshape(products.shape)) <= _NEAR * np.abs(products)
        _equal(name, f"the sums of {result.tensor}", np.where(close, 0, products), np.where(close, 0, wanted))
    return equal


def _equal(block: str, tensor: str, found: Array, expected: Array) -> int:
    """The number of elements, all of them equal. Raises OnnxError."""
    if found.size != expected.size:
        what = f"block {block} gives {list(found.shape)}, and '{tensor}' of the file is {list(expected.shape)}"
        raise OnnxError(f"the network is not what the file computes: {what}; please report it")
    found = found.reshape(expected.shape)
    unlike = found != expected
    if unlike.any():
        where = tuple(int(n) for n in np.argwhere(unlike)[0])
        what = f"block {block}: '{tensor}' at {list(where)} is {found[where]!s}, in the file {expected[where]!s}"
        raise OnnxError(
            f"the network is not what the file computes: {what} ({unlike.sum():,} differ); please report it"
        )
    return int(expected.size)
