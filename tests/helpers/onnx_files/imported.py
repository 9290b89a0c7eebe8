"""Imports a small file and compares it with the interpreter, number by number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qonnx_files import QonnxFile

from blocks.network_model import network_values, run_network
from blocks.qonnx.file import OnnxError, load
from blocks.qonnx.importing import Converted, Options, convert
from blocks.qonnx.interpreter import Interpreter
from blocks.qonnx.writing import write


def compared(folder: Path, file: QonnxFile, output: str, images: int = 3, **options: Any) -> Converted:
    """Import a file, and compare every block and the results with the interpreter on random images and extreme ones."""
    folder.mkdir(exist_ok=True)
    model = load(file.save(folder / "file.onnx", output))
    made = convert(model, Options("made", **options))
    network = write(made, folder / "made")
    image = network.image
    pixels = np.random.default_rng(7).integers(0, 256, (images, image.height, image.width, image.channels), np.uint8)
    pixels[0], pixels[1] = 0, 255
    outputs = run_network(network, {each.name: network_values(network, each) for each in network.blocks}, pixels)
    tensors = Interpreter(model).run(made.image.tensor(pixels), numbers=made.image.numbers(pixels))
    assert set(made.tensors) == {each.name for each in network.blocks[:-1]}
    for block in network.blocks[:-1]:
        meaning, expected = made.tensors[block.name], tensors[made.tensors[block.name].tensor].value
        values = outputs[block.name].astype(np.int64) * block.output.step - block.output.zero_point
        found = (values * meaning.scale).astype(np.float32)
        found = found.transpose(0, 3, 1, 2) if meaning.axes in ("chw", "flat chw") else found
        assert np.array_equal(found.reshape(expected.shape), expected), block.name
    last = outputs[network.blocks[-1].name]
    if made.result.top:
        values = tensors[made.result.tensor].value
        assert np.array_equal(
            last.reshape(images, -1), np.argsort(-values, axis=1, kind="stable")[:, : made.result.top]
        )
    else:
        assert np.array_equal(made.result.values(last), tensors[output].value)
    return made


def results_of(folder: Path, made: Converted, image: list[list[int]]) -> list[float]:
    """What the network gives for an image of one channel, as numbers of the file."""
    network = write(made, folder / "results")
    values = {block.name: network_values(network, block) for block in network.blocks}
    found = run_network(network, values, np.array(image, np.uint8)[None, :, :, None])[network.last.name]
    return [float(each) for each in made.result.values(found).reshape(-1)]


def layers(made: Converted) -> dict[str, dict[str, Any]]:
    """All layers of a network by name."""
    lists = [each for block in made.network["blocks"] for each in block.values() if isinstance(each, list)]
    return {layer["name"]: layer for each in lists for layer in each if isinstance(layer, dict)}


def refused(folder: Path, file: QonnxFile, output: str, **options: Any) -> list[str]:
    """The lines of a refusal."""
    with pytest.raises(OnnxError) as caught:
        convert(load(file.save(folder / "file.onnx", output)), Options("made", **options))
    return str(caught.value).splitlines()
