"""Right files, each as plain data: the reference puts a wrong value into one place of them and reads the result."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from blocks.fifo_depths import SUFFIX
from blocks.network import Network, read_network
from config.frozen import dataclass
from config.problem import ConfigError, Problem

LAYERS, TWO_PATHS, SHORT = "layers", "two_paths", "short"
FOLDING, FIFOS = "folding", "fifos"
"""Samples: three network files, a folding of the first, the depths of the second one's FIFOs."""
FILES = {FOLDING: ("fast.yaml", LAYERS), FIFOS: (f"sample{SUFFIX}", TWO_PATHS)}
"""By sample that is no network file: its name, and the sample beside it that is one."""
_PAD = [1, 1, 1, 1]
# With libyaml if possible, which takes a tenth of the time: the page reads and writes hundreds of files.
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Place:
    """A mapping in a sample file, by the keys and positions that lead to it."""

    sample: str
    path: tuple[str | int, ...] = ()


def _layer(kind: str, name: str = "", **keys: Any) -> dict[str, Any]:
    return {"name": name or kind, "type": kind, **keys}


def _layers() -> dict[str, Any]:
    return {
        "name": "sample",
        "image": {"height": 8, "width": 8, "channels": 4},
        "dataset": {"folder": "in", "labels": "in.csv"},
        "blocks": [
            {"name": "front", "kind": "block", "view": "rtl", "layers": [
                _layer("convolution", channels=8, kernel=3, pad=_PAD, weight_bits=4),
                _layer("threshold", bits=4),
                _layer("depthwise", kernel=3, pad=_PAD),
                _layer("requantize", bits=7, shift=8),
                _layer("max_pool", kernel=2, stride=2),
                _layer("average_pool", kernel=2),
                _layer("threshold", "second", bits=4),
                _layer("global_average_pool"),
                _layer("fully_connected", channels=3),
                _layer("top_k"),
            ]},
        ],
    }  # fmt: skip


def _two_paths() -> dict[str, Any]:
    return {
        "name": "sample",
        "dataset": {"images": "in.npy", "labels": "classes.npy"},
        "image": {"height": 8, "width": 8, "channels": 4},
        "blocks": [
            {"name": "res", "kind": "block", "view": "rtl",
             "main": [_layer("convolution", channels=4, kernel=3, pad=_PAD), _layer("threshold", bits=4)],
             "side": [], "join": {"factors": [1, 1]}, "after": [_layer("threshold", "act", bits=4)]},
            {"name": "short", "kind": "basic", "view": "rtl", "channels": 4,
             "conv_side": {"pe": 2}},
            {"name": "end", "kind": "block", "layers": [_layer("fully_connected", channels=3)]},
        ],
    }  # fmt: skip


def _short() -> dict[str, Any]:
    def convolution(channels: int) -> dict[str, Any]:
        return {"channels": channels, "pe": 4, "simd": 4}

    return {
        "name": "sample",
        "image": {"height": 8, "width": 8, "channels": 4},
        "dataset": {"source": "sklearn-digits", "held_out_every": 5},
        "blocks": [
            {"name": "stem", "kind": "stem", "view": "rtl", "conv0": {**convolution(8), "kernel": 3, "pad": _PAD},
             "max_pool": {"kernel": 2, "stride": 2}},
            {"name": "res", "kind": "residual", "view": "rtl", "branches": 2, "conv2a": convolution(8),
             "conv2b": convolution(8), "conv2c": convolution(8), "conv1": convolution(8)},
            {"name": "head", "kind": "head", "view": "rtl", "classes": 3, "lanes": 4, "simd": 4},
        ],
    }  # fmt: skip


def sample(name: str) -> dict[str, Any]:
    """A sample by its name, new for each call."""
    if name == FOLDING:
        return {"name": "fast", "folding_of": "sample", "blocks": {"front": {"convolution": {"pe": 4}}}}
    if name == FIFOS:
        return {"blocks": {"res": {"side_fifo": 16}}, "links": {"res.output_r": 32}}
    return {LAYERS: _layers, TWO_PATHS: _two_paths, SHORT: _short}[name]()


def text_of(data: dict[str, Any]) -> str:
    """The file: a key a line."""
    return yaml.dump(data, Dumper=_WithoutAliases, sort_keys=False, default_flow_style=False)


class _WithoutAliases(_Dumper):  # type: ignore[misc]
    def ignore_aliases(self, data: Any) -> bool:
        return True


def read(name: str, data: dict[str, Any]) -> Network:
    """The network of a file with these contents in the place of the sample `name`.

    Raises:
        ConfigError: every mistake.
    """
    file, beside = FILES.get(name, ("sample.yaml", ""))
    with TemporaryDirectory() as folder:
        network = Path(folder, "sample.yaml")
        if beside:
            network.write_text(text_of(sample(beside)), "utf-8")
        Path(folder, file).write_text(text_of(data), "utf-8")
        return read_network(Path(folder, file) if name != FIFOS else network)


def problems(name: str, data: dict[str, Any]) -> list[Problem]:
    """The mistakes that `read` finds in that file."""
    try:
        read(name, data)
    except ConfigError as error:
        file, _ = FILES.get(name, ("sample.yaml", ""))
        return [each for each in error.problems if Path(each.file).name == file]
    return []


def with_value(place: Place, key: str, value: Any) -> dict[str, Any]:
    """The sample with this value at the key of the place."""
    data = sample(place.sample)
    here: Any = data
    for step in place.path:
        here = here[step]
    here[key] = value
    return data


def without(place: Place, key: str) -> dict[str, Any]:
    """The sample without the key."""
    data = with_value(place, key, None)
    here: Any = data
    for step in place.path:
        here = here[step]
    del here[key]
    return data


def lines_of(text: str, place: Place, key: str) -> range:
    """The lines of a key and its value."""
    node: Any = yaml.compose(text, Loader=_Loader)
    for step in (*place.path, key):
        if isinstance(step, int):
            node = node.value[step]
            continue
        name, node = next(pair for pair in node.value if pair[0].value == step)
    return range(name.start_mark.line + 1, max(node.end_mark.line, name.start_mark.line + 1) + 1)
