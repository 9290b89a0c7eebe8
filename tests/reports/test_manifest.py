"""No value of the corpus is passed over: every file has one test, and a value that were another would fail it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from corpus_manifest import manifest

TESTS = Path(__file__).resolve().parents[1]
CORPUS = TESTS.parents[1] / "shared" / "reports_corpus"
#: Words of the reader about the file, which are no value of it.
PROSE = {"note"}

pytestmark = pytest.mark.skipif(
    not CORPUS.exists(), reason="the corpus of reports (../shared/reports_corpus) is not here"
)


def _load(name: str) -> ModuleType:
    path = TESTS / name
    spec = importlib.util.spec_from_file_location(f"_manifest_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


VIVADO, TOOLS = _load("reports/vivado/test_corpus_vivado.py"), _load("reports/test_corpus_tools.py")
XCLBIN = _load("runtime/formats/test_xclbin.py")
READERS = {
    **{entry["file"]: VIVADO for entry in VIVADO.ENTRIES},
    **{entry["file"]: TOOLS for entry in TOOLS.ENTRIES},
    **{entry["file"]: XCLBIN for entry in XCLBIN.real_files()},
}


MANIFEST = manifest()


def leaves(value: Any) -> int:
    if isinstance(value, (dict, list)):
        return sum(map(leaves, value.values() if isinstance(value, dict) else value))
    return 1


def others(value: Any) -> Iterator[Any]:
    """The value with one of its leaves changed, each in turn."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from ({**value, key: other} for other in others(item))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from ([*value[:at], other, *value[at + 1 :]] for other in others(item))
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, (int, float)):
        yield value + 1
    else:
        # In front: what the reader adds to a word ("old, inside a full log") is not the file's.
        yield "x" if value is None else f"x{value}"


def test_every_file_has_one_test() -> None:
    files = [entry["file"] for entry in MANIFEST["files"]]
    own = [entry["file"] for module in (VIVADO, TOOLS) for entry in module.ENTRIES]
    own += [entry["file"] for entry in XCLBIN.real_files()]
    assert sorted(own) == sorted(files)
    assert len(files) == sum(MANIFEST["counts"].values()) == 214
    present = {path.relative_to(CORPUS).as_posix() for path in CORPUS.rglob("*") if path.is_file()}
    assert present == {*files, "MANIFEST.yaml"}


def test_the_values_are_counted() -> None:
    counted = sum(
        leaves(value) for entry in MANIFEST["files"] for key, value in entry["expected"].items() if key not in PROSE
    )
    assert counted == 5008


@pytest.mark.parametrize("entry", MANIFEST["files"], ids=[entry["file"] for entry in MANIFEST["files"]])
def test_a_changed_value_is_noticed(entry: dict[str, Any]) -> None:
    holds: Callable[[str, Any], bool] = READERS[entry["file"]].expectations(entry)
    for key, expected in entry["expected"].items():
        if key in PROSE:
            continue
        assert holds(key, expected), key
        for other in others(expected):
            assert not _holds(holds, key, other), f"{key}: {other!r} passes as well as {expected!r}"


def _holds(holds: Callable[[str, Any], bool], key: str, other: Any) -> bool:
    try:
        return holds(key, other)
    except (KeyError, StopIteration, AttributeError, ValueError, TypeError, IndexError, AssertionError):
        # A name that the file does not have is not found at all.
        return False
