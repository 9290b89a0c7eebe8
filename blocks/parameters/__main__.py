"""`python -m blocks.parameters import FOLDER | MODEL.onnx`: imports trained values, or a whole network in ONNX."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from blocks.network import find_network
from blocks.parameters.importing import ParameterImportError, import_parameters
from blocks.qonnx.command import add_arguments, import_onnx
from blocks.qonnx.file import OnnxError
from config.output import clean_output
from config.problem import ConfigError


def main(arguments: list[str] | None = None) -> int:
    """Import, and print a summary.

    Returns:
        0, or 1 after printing everything that is wrong; then no file was written.
    """
    parser = argparse.ArgumentParser(prog="python -m blocks.parameters", description=__doc__)
    command = parser.add_subparsers(required=True).add_parser("import", help="read, check and write all blocks' values")
    command.add_argument(
        "folder", type=Path, help="one .npz per block, a clone of the authors' repository, or an ONNX file"
    )
    command.add_argument("--fc-weights", type=Path, metavar="FILE", help="the last layer's weights, .npy or .csv")
    command.add_argument("--network", default="resnet50", help="whose values the folder holds")
    add_arguments(command)
    clean_output()
    given = parser.parse_args(arguments)
    try:
        if given.folder.suffix == ".onnx" or given.folder.is_file():
            network, proof = import_onnx(given.folder, given)
            sys.stdout.write(f"{proof}\n{len(network.blocks)} blocks of {network.name} written: {network.file}\n")
            return 0
        network = find_network(given.network)
        done = import_parameters(network, given.folder, given.fc_weights)
    except (ConfigError, ParameterImportError, OnnxError) as error:
        lines = str(error).splitlines()
        sys.stderr.write("".join(f"ERROR: {line}\n" for line in lines))
        sys.stderr.write("nothing was imported\n")
        return 1
    sys.stdout.write(f"{len(done.blocks)} blocks of {network.name} imported from {done.form}\n")
    if done.fc_weights == "stand-ins":
        sys.stdout.write("weights of the last layer: none given, the build uses stand-ins (--fc-weights FILE)\n")
    elif done.fc_weights:
        sys.stdout.write(f"weights of the last layer: from {done.fc_weights}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
