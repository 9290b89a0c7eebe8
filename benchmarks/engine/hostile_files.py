"""What somebody who can write a store, or a checkout's build folder, may put there."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

Change = Callable[[dict[str, Any]], None]
OUTSIDE = Path(tempfile.gettempdir()) / f"planted-by-a-store-{os.getpid()}"
"""An absolute path that a hostile entry names. Nothing may ever appear there."""


def forged(content: bytes, change: Change) -> bytes:
    """Return an entry with a changed body and the check that fits it: anybody can compute one."""
    body = copy.deepcopy(json.loads(content)["entry"])
    change(body)
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return json.dumps({"check": hashlib.sha256(text.encode()).hexdigest(), "entry": body}).encode()


def _to(name: str, value: Any) -> Change:
    return lambda body: body.__setitem__(name, value)


def _file(name: str, value: Any) -> Change:
    return lambda body: next(iter(body["files"].values())).__setitem__(name, value)


def _path(path: str) -> Change:
    return lambda body: body["files"].__setitem__(path, body["files"].pop(next(iter(body["files"]))))


def _nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


#: Changes of an entry; after each it says something that no build has written.
ENTRIES: dict[str, Change] = {
    "a path up": _path("../../planted"),
    "an absolute path": _path(str(OUTSIDE)),
    "a path through itself": _path("x/../../../planted"),
    "no path": _path(""),
    "a dot": _path("./a"),
    "two slashes": _path("x//a"),
    "a NUL in a path": _path("a\0b"),
    "a surrogate in a path": _path("\ud800"),
    "a long name": _path("x" * 300),
    "another output": _path("c"),
    "one output more": lambda body: body["files"].__setitem__("c", body["log"]),
    "one output less": lambda body: body["files"].popitem(),
    "files in a list": lambda body: body.__setitem__("files", list(body["files"].values())),
    "a digest that is a path": _file("sha256", "../../../victim"),
    "an absolute digest": _file("sha256", "/victim"),
    "a short digest": _file("sha256", "0" * 63),
    "a digest in capitals": _file("sha256", "A" * 64),
    "a digest with a newline": _file("sha256", "a" * 64 + "\n"),
    "a digest of another type": _file("sha256", 7),
    "a meaning that is none": _file("meaning", "x"),
    "a negative size": _file("size_bytes", -1),
    "a huge size": _file("size_bytes", 2**70),
    "a size that is true": _file("size_bytes", True),
    "a size in words": _file("size_bytes", "1"),
    "half a byte": _file("size_bytes", 0.5),
    "no size": lambda body: next(iter(body["files"].values())).pop("size_bytes"),
    "set-user-id": _file("mode", 0o4755),
    "writable by all": _file("mode", 0o777),
    "a negative mode": _file("mode", -1),
    "a mode in words": _file("mode", "0644"),
    "a lying digest": _file("sha256", "0" * 64),
    "a lying size": _file("size_bytes", 999_983),
    "a log that is a text": _to("log", "log"),
    "no log": lambda body: body.pop("log"),
    "another key": _to("key", "0" * 64),
    "a key that is a list": _to("key", ["0" * 64]),
    "escapes in the name": _to("name", "hls:\x1b]0;owned\x07"),
    "a long text as the name": _to("name", "x" * 100_000),
    "facts in a list": _to("facts", ["pe"]),
    "a fact that is a number": _to("facts", {"pe": 4}),
    "a surrogate in a fact": _to("facts", {"pe": "\udfff"}),
    "facts too deep": _to("facts", {"pe": _nested(400)}),
    "endless time": _to("wall_s", float("inf")),
    "no number as time": _to("cpu_s", float("nan")),
    "negative time": _to("wall_s", -1.0),
    "time in words": _to("made_s", "now"),
    "more than all time": _to("made_s", 1e300),
    "memory that is null": _to("peak_memory_gib", None),
    "a field more": _to("mode", 0o755),
}

#: What one value of a document may be replaced by.
_VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 2**70, 10**300, 1.5, float("inf"), float("nan")),
    *("", "\0", "\ud800", "..", "../../planted", "/etc/passwd", "0" * 64, "x" * 100_000, "\x1b[2J", "1"),
    *([], {}, [[]], {"": 0}, _nested(60), _nested(700)),
)


def mutated(value: Any, chance: Random) -> Any:
    """Return a document of which one value, or one key, is another."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        key = chance.choice(list(value))
        if chance.random() < 0.2:
            other = chance.choice([text for text in _VALUES if isinstance(text, str)])
            return {(other if name == key else name): inner for name, inner in value.items()}
        if chance.random() < 0.1:
            return {name: inner for name, inner in value.items() if name != key}
        return {**value, key: mutated(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.9:
        place = chance.randrange(len(value))
        return [*value[:place], mutated(value[place], chance), *value[place + 1 :]]
    return chance.choice(_VALUES)


#: What may stand in the place of an entry, byte for byte.
CONTENTS: dict[str, bytes] = {
    "nothing": b"",
    "zeros": b"\0" * 100,
    "brackets": b"[" * 200_000,
    "nested tables": b'{"entry":' * 100_000,
    "a deep entry": b'{"check":"","entry":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "a number of 100,000 digits": b'{"check":"","entry":' + b"7" * 100_000 + b"}",
    "a list": b"[]",
    "a text": b'"entry"',
    "null": b"null",
    "no UTF-8": b"\xff\xfe\xfa",
    "UTF-16": '{"check": "", "entry": {}}'.encode("utf-16"),
    "nine million bytes": b" " * 9_000_000 + b"{}",
}


def pipe(place: Path) -> None:
    """A named pipe, which a reader would wait at."""
    os.mkfifo(place)


def listening(place: Path) -> None:
    """A socket."""
    here = Path.cwd()
    os.chdir(place.parent)  # its address may have a hundred bytes only
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(place.name)
    os.chdir(here)


def full_folder(place: Path) -> None:
    """A folder that is not empty."""
    (place / "in it").mkdir(parents=True)
    (place / "in it/file").write_text("x")


def dangling(place: Path) -> None:
    """A link to nothing."""
    place.symlink_to(place.parent / "nothing")


def circle(place: Path) -> None:
    """A link to itself."""
    place.symlink_to(place.name)


def unreadable(place: Path) -> None:
    """A file that its owner has closed to himself."""
    place.write_text("x")
    place.chmod(0)


#: Makers of anything but a regular file, by what they make.
IRREGULAR: dict[str, Callable[[Path], None]] = {
    "pipe": pipe,
    "socket": listening,
    "folder": full_folder,
    "dangling link": dangling,
    "circle": circle,
    "closed file": unreadable,
}
