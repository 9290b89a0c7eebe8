"""What a user may not read or write is told with what helps: a right to read, or one to write."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from farm.commands.helpful import remedy_of

ONE = """
from farm.step import Inputs
BUILD = ["one"]

def found():
    return [Text("text", Path("a").absolute().read_text())]

def task_one():
    yield task(Step("one", ("cp", "text", "out"), Inputs(found), (Output("out", "build/one"),), "build/log"), doc="x")
"""


@pytest.fixture
def one(ordinary, checkout):
    checkout.write("a", "A")
    checkout.write("build/.farm/kept", "")
    checkout.dodo(ONE)
    ordinary.give(checkout.folder)
    return checkout


def test_a_source(one) -> None:
    (one.folder / "a").chmod(0)
    for words in (("plan",), ("why", "one"), ("run",)):
        said = one.doit(*words, status=3)
        assert said == f"ERROR: {one.folder}/a: Permission denied; make it readable for this user\n"


def test_the_folder_of_the_build(one) -> None:
    for folder in ("build/.farm", "build"):
        (one.folder / folder).chmod(0o555)
    said = one.doit(status=3)
    assert said.startswith(f"ERROR: {one.folder}/build")
    assert said.endswith(": Permission denied; make it writable for this user; 'doit plan' and 'doit reports' answer "
                         "without that\n")  # fmt: skip
    assert "1 would run" in one.doit("plan")


def test_the_remedy_depends_on_the_place(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.touch()
    for path, number, plan_goes_on in (
        (tmp_path / "store/objects/x", errno.EACCES, True),
        (Path("build/x"), errno.EPERM, True),
        (Path("build/x"), errno.EROFS, True),
        # What can be read, or is not there, was to be written.
        (kept, errno.EACCES, False),
        (tmp_path / "new", errno.EACCES, False),
        (kept, errno.EROFS, False),
    ):
        said = remedy_of(OSError(number, "no", str(path)), tmp_path / "store")
        assert said is not None and said.startswith("make it writable for this user"), path
        assert ("'doit plan'" in said) == plan_goes_on, path
