"""Runs a host program as it is written, with the data it takes for granted: ``np``, ``img`` and ``fcweights``."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

import numpy as np

from .accelerator import import_pynq, stored_weights
from .bounded.regular_file import open_regular
from .errors import InputError
from .formats import emulation_data, xclbin
from .formats.checks import manifest_of
from .images.files import load_image, load_weights

_MOST_BYTES = 1 << 20


def find_xclbin(script: Path, given: Path | None, folder: Path) -> Path:
    """The xclbin that the script is to get: ``given``, or the one file of the name it mentions.

    Looked for as ``folder/NAME`` and then ``folder/build/*/*/NAME``. Raises InputError where there is none or several.
    """
    try:
        tree = ast.parse(_text(script), str(script))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        where = f"{script}:{line}" if line else str(script)
        raise InputError(
            f"is not Python ({error.args[0] if error.args else 'nested too deeply'})",
            where=where,
            remedy="correct the script",
        ) from error
    if given is not None:
        return given
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    names = list(dict.fromkeys(text for text in texts if text.endswith(".xclbin")))
    if len(names) != 1:
        what = f"names {len(names)} xclbin files" if names else "names no xclbin file"
        raise InputError(what, where=str(script), remedy="say which to use: --xclbin FILE")
    near = folder / names[0]
    if near.is_file():
        return near
    found = sorted(folder.glob(f"build/*/*/{Path(names[0]).name}"))
    if len(found) > 1:
        listed = ", ".join(str(path.relative_to(folder)) for path in found)
        raise InputError(f"{names[0]} is there {len(found)} times: {listed}", remedy="say which: --xclbin FILE")
    if not found:
        raise InputError(
            f"no {names[0]} here or below build/", where=str(script), remedy="build it, or give --xclbin FILE"
        )
    return found[0]


def run_script(script: Path, file: Path, image: Path, fc_weights: Path | None) -> dict[str, Any]:
    """Run the script with ``file`` behind every relative overlay name; its globals afterwards."""
    contents = xclbin.read(file)
    facts = manifest_of(contents, str(file))
    names: dict[str, Any] = {"__name__": "__main__", "__file__": str(script), "__builtins__": __builtins__, "np": np}
    names["img"] = load_image(image, facts)
    if facts.weights is not None:
        stored = contents.emulation.get(emulation_data.FC_WEIGHTS)
        if fc_weights is not None:
            names["fcweights"] = load_weights(fc_weights, facts.weights)
        elif stored is not None:
            names["fcweights"] = stored_weights(stored, facts.weights)
        else:
            raise InputError("holds no FC weights", where=str(file), remedy="give --fc-weights FILE")
    pynq = import_pynq()
    from .emulation.device import EmulatedCard  # noqa: PLC0415  imports PYNQ

    if emulation_data.PAYLOAD in contents.emulation:
        pynq.Device.active_device = EmulatedCard()
    stock = pynq.Overlay

    class Overlay(stock):  # type: ignore[misc, valid-type]
        """PYNQ's overlay, that finds the file of this run behind the name in the script."""

        def __init__(self, bitfile_name: str, *args: Any, **kwargs: Any) -> None:
            name = Path(bitfile_name)
            super().__init__(str(name if name.is_absolute() else file.absolute()), *args, **kwargs)

    # Also where "from pynq.overlay import Overlay" looks.
    pynq.Overlay = pynq.overlay.Overlay = Overlay
    argv, path = sys.argv, sys.path[:]
    try:
        sys.argv, sys.path[0:0] = [str(script)], [str(script.absolute().parent)]
        exec(compile(_text(script), str(script), "exec"), names)  # noqa: S102  the user's own program
    finally:
        pynq.Overlay = pynq.overlay.Overlay = stock
        sys.argv, sys.path[:] = argv, path
    return names


def _text(script: Path) -> bytes:
    try:
        with open_regular(script, most_bytes=_MOST_BYTES) as file:
            return file.read()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(script), remedy="give a .py file") from error
