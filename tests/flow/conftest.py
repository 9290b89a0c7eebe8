"""The flow as a user runs it: doit in a copy of the checkout, with digits built once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flow_checkout import Checkout, copy_checkout, share_bytecode

RESTORED = ("preres", "res2b", "res3a", "res3b")


@pytest.fixture(scope="module")
def built(digits_built, tmp_path_factory) -> Checkout:
    """A checkout with digits built, for the tests of one file."""
    folder = tmp_path_factory.mktemp("first")
    shutil.copytree(digits_built, folder, symlinks=True, dirs_exist_ok=True, copy_function=share_bytecode)
    return Checkout(folder / "checkout")


@pytest.fixture(scope="module")
def other(digits_built, tmp_path_factory) -> Checkout:
    """Another checkout, in a folder with a name of another length.

    It has most cores from the first one's store. A residual block's, the head's and the DMA's are left to compile.
    """
    checkout = copy_checkout(tmp_path_factory.mktemp("second") / "a_checkout_elsewhere")
    store = tmp_path_factory.mktemp("given")
    shutil.copytree(digits_built / "data", store, symlinks=True, dirs_exist_ok=True)
    restored = [f"hls:{block}" for block in RESTORED]
    assert checkout.ran(*restored, f"farm.store={store / 'dataflow-farm'}") == set()
    return checkout


@pytest.fixture
def edited(built) -> Iterator:
    """Return a function that changes a file; the file is restored after the test."""
    before: dict[Path, bytes] = {}

    def edit(name: str, change) -> None:
        path = built.folder / name
        before.setdefault(path, path.read_bytes())
        path.write_bytes(change(path.read_bytes()))

    yield edit
    for path, content in before.items():
        path.write_bytes(content)
