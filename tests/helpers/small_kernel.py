"""A made-up kernel of two layers and a mover, as the steps of its netlist have it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from toolchains.open.netlist.files import fill
from toolchains.open.netlist.merge import merge, read_parts

SLRS = {"dma": "slr0", "a": "slr0", "b": "slr2"}


def end(block: str, port: str, lanes: int = 2) -> dict[str, Any]:
    return {"block": block, "port": port, "lanes": lanes, "bits": 4, "width": 8 * -(-lanes * 4 // 8)}


def stream(name: str, direction: str, bits: int = 8) -> dict[str, Any]:
    return {"name": name, "direction": direction, "bits": bits}


JOB: dict[str, Any] = {
    "format": 1,
    "kernel": "small",
    "dma": "dma",
    "blocks": [
        {
            "name": "dma",
            "core": "mover",
            "pins": [["word", "input", 8], ["answer", "output", 8]],
            "streams": [stream("image", "out"), stream("result", "in")],
        },
        *(
            {
                "name": name,
                "core": "layer",
                "pins": [],
                "streams": [stream("input_r", "in"), stream("output_r", "out"), stream("weights", "in")],
            }
            for name in "ab"
        ),
    ],
    "memories": [{"block": name, "port": "weights", "module": "memory", "bits": 8} for name in "ab"],
    "links": [
        {
            "name": "link0",
            "module": "link",
            "slice": "slice",
            "source": end("dma", "image"),
            "sink": end("a", "input_r"),
        },
        {
            "name": "link1",
            "module": "link",
            "slice": "slice",
            "source": end("a", "output_r"),
            "sink": end("b", "input_r"),
        },
        {
            "name": "link2",
            "module": "link",
            "slice": "slice",
            "source": end("b", "output_r"),
            "sink": end("dma", "result"),
        },
    ],
}


def through(top: str, pairs: list[tuple[str, str]], pins: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    """A netlist in which a register is between the data of each pair of streams, the handshake is a wire."""
    bits = iter(range(2, 10_000))
    clock, reset = next(bits), next(bits)
    ports: dict[str, Any] = {
        "ap_clk": {"direction": "input", "bits": [clock]},
        "ap_rst_n": {"direction": "input", "bits": [reset]},
    }
    cells: dict[str, Any] = {}
    netnames: dict[str, Any] = {}

    def register(d: int, q: int, name: str, init: str = "0") -> None:
        pins = {"C": [clock], "CE": [reset], "D": [d], "R": ["0"], "Q": [q]}
        directions = {pin: "output" if pin == "Q" else "input" for pin in pins}
        cells[name] = {
            "hide_name": 0, "type": "FDRE", "parameters": {"INIT": init}, "attributes": {},
            "port_directions": directions, "connections": pins,
        }  # fmt: skip

    for source, sink in pairs:
        data, out = [next(bits) for _ in range(8)], [next(bits) for _ in range(8)]
        valid, ready = next(bits), next(bits)
        if source:
            ports[f"{source}_TDATA"] = {"direction": "input", "bits": data}
            ports[f"{source}_TVALID"] = {"direction": "input", "bits": [valid]}
            ports[f"{source}_TREADY"] = {"direction": "output", "bits": [ready if sink else "1"]}
        if sink:
            ports[f"{sink}_TDATA"] = {"direction": "output", "bits": out}
            ports[f"{sink}_TVALID"] = {"direction": "output", "bits": [valid if source else "1"]}
            ports[f"{sink}_TREADY"] = {"direction": "input", "bits": [ready]}
            for place in range(8):
                register(data[place] if source else out[place], out[place], f"$r{sink}{place}", "1" if source else "0")
    for pin, direction in pins:
        wires = [next(bits) for _ in range(8)]
        ports[pin] = {"direction": direction, "bits": wires}
        if direction == "output":
            for place in range(8):
                register(wires[place], wires[place], f"{pin}[{place}]")
    return {"modules": {top: {"attributes": {}, "ports": ports, "cells": cells, "netnames": netnames}}}


NETLISTS = {
    "cores/mover": through("mover", [("", "image"), ("result", "")], (("word", "input"), ("answer", "output"))),
    "cores/layer": through("layer", [("input_r", "output_r"), ("weights", "")]),
    "memories/memory": through("memory", [("", "out")]),
    "links/link": through("link", [("from", "to")]),
    "links/slice": through("slice", [("from", "to")]),
}


def written(folder: Path, netlists: dict[str, Any] = NETLISTS) -> Path:
    """The folder with all netlists, as the step has them: those of links are in one file."""
    files: dict[Path, dict[str, Any]] = {}
    for name, netlist in netlists.items():
        kind, _, _ = name.partition("/")
        file = folder / (f"{kind}.json" if kind == "links" else f"{name}.json")
        files.setdefault(file, {"modules": {}})["modules"].update(netlist["modules"])
    for file, content in files.items():
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(content))
    return folder


def edited(place: Path, name: str, edit: Callable[[dict[str, Any]], None]) -> None:
    netlists = copy.deepcopy(NETLISTS)
    (module,) = netlists[name]["modules"].values()
    edit(module)
    written(place, netlists)


def filled_memory(name: str, edit: Callable[[dict[str, Any]], None] | None = None) -> dict[str, Any]:
    """The netlist of a memory that holds 1 in its lowest bit."""
    netlist = copy.deepcopy(NETLISTS["memories/memory"]["modules"]["memory"])
    netlist["cells"]["$rout0"]["parameters"]["INIT"] = "1"
    if edit:
        edit(netlist)
    return {"modules": {name: netlist}}


def kernel(place: Path) -> dict[str, Any]:
    """The kernel's files in all formats, with memories that hold 1 in their lowest bit; what the merge said."""
    values = merge(JOB, SLRS, place, "xcu250-figd2104-2L-e")
    filled = []
    for memory in ("a_weights", "b_weights"):
        (place / f"{memory}.json").write_text(json.dumps(filled_memory(memory)))
        filled += read_parts(place / f"{memory}.json", memory)
    fill(place, "small", filled)
    return values
