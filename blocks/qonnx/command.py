"""`python -m blocks.parameters import MODEL.onnx --name NAME`: a network file, its integers and a folding."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from blocks.balance import FoldingError, folded
from blocks.network import NAME, NETWORKS, Network, available
from blocks.qonnx.file import OnnxError, load
from blocks.qonnx.importing import Options, convert, without_softmax
from blocks.qonnx.proof import Proof, prove, read_inputs
from blocks.qonnx.writing import write
from config.bounded.lines import read_lines
from config.problem import ConfigError
from config.settings import Build

MOST_LABEL_BYTES = 10_000_000


def add_arguments(command: argparse.ArgumentParser) -> None:
    """What an ONNX file needs beside the file."""
    given = command.add_argument_group("a network in ONNX (QONNX or QDQ form)")
    given.add_argument("--name", help="name of the network; needed")
    given.add_argument("--fps", type=_rate, help="images per second that it is folded for [default: balanced]")
    given.add_argument("--top", type=_count, default=0, metavar="K", help="give the K best classes [default: numbers]")
    given.add_argument("--labels", type=Path, metavar="FILE", help="names of the classes, one a line")
    given.add_argument("--pixel-scale", type=_numbers, default=(), metavar="S[,S...]",
                       help="the file's input is pixel * scale + offset, pixels from 0 to 255 [default: 1/255, or that "
                       "of a first quantizer of unsigned 8 bits]")  # fmt: skip
    given.add_argument("--pixel-offset", type=_numbers, default=(), metavar="O[,O...]", help="[default: 0]")
    given.add_argument("--inputs", type=Path, metavar="X.npy", help="images to compare with the file beside drawn "
                       "ones: pixels uint8 [N, rows, columns, channels], or what the file's input takes")  # fmt: skip
    given.add_argument("--into", type=Path, metavar="FOLDER", help="where to write [default: the current folder]")


def import_onnx(path: Path, given: argparse.Namespace) -> tuple[Network, Proof]:
    """Import a file, and write `NAME.yaml` and `NAME/<block>.npz`.

    Returns:
        The network, and what was compared; the network file has it too.

    Raises:
        OnnxError: everything that is wrong, a line each; nothing was written.
    """
    name = given.name or ""
    if not NAME.fullmatch(name):
        what = f"--name {name!r} is no name of a network" if name else "a network in ONNX needs --name NAME"
        raise OnnxError(f"{what}; use a letter, then up to 39 letters, digits and _")
    folder = given.into or Path()
    if name in available() and folder.resolve() != NETWORKS.resolve():
        raise OnnxError(f"--name {name}: a network that ships has that name; give another")
    labels = _labels(given.labels) if given.labels else ()
    whole = load(path)
    model = without_softmax(whole)
    converted = convert(model, Options(name, given.pixel_scale, given.pixel_offset, given.top, labels))
    try:
        network = folded(converted.network, given.fps, Build().clock_mhz)
    except (FoldingError, ConfigError) as error:
        lines = str(error).splitlines()
        raise OnnxError("\n".join(f"the network that the file becomes is refused: {line}" for line in lines)) from error
    converted = dataclasses.replace(converted, network=network)
    proofs: list[Proof] = []

    def check(made: Network) -> str:
        images = read_inputs(given.inputs, converted, made) if given.inputs else None
        proofs.append(prove(model, converted, made, images))
        left_out = "" if model is whole else f"Left out: {whole.nodes[-1]} at the end, which changes no order.\n"
        return left_out + str(proofs[0])

    return write(converted, folder, check), proofs[0]


def _labels(path: Path) -> tuple[str, ...]:
    try:
        lines = [line.strip() for line in read_lines(path, most_bytes=MOST_LABEL_BYTES)]
    except (OSError, ValueError) as error:
        raise OnnxError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    return tuple(line for line in lines if line)


def _rate(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError(text)
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(each) for each in text.split(","))
