"""Each input byte is hashed once per change, no matter how many steps read it and how many builds run."""

from __future__ import annotations

import os
import time

import pytest

COUNTED = """
import farm.results.digest
BUILD = ["copy"]
_hash = farm.results.digest.digest_of

def counted(path, **more):
    with open("hashed", "a") as stream:
        stream.write(f"{path.name}\\n")
    return _hash(path, **more)

farm.results.digest.digest_of = counted

def task_copy():
    for n in range(20):
        yield task(copy(f"copy:{n}", "shared", f"build/{n}"), doc="x")
"""


@pytest.mark.slow
def test_a_shared_input_is_hashed_once_per_change(checkout) -> None:
    path = checkout.write("shared", "large")
    checkout.dodo(COUNTED)
    for content in ("large", "other"):
        path.write_text(content)
        # Let it age: within one tick of the file system's clock a later edit would not be visible.
        past = time.time() - 60 if content == "large" else time.time() - 30
        os.utime(path, (past, past))
        checkout.doit("plan")
        checkout.doit()
        assert checkout.read("build/7") == content
        checkout.doit()
        checkout.doit("plan")
        assert checkout.read("hashed").splitlines().count("shared") == 1
        (checkout.folder / "hashed").unlink()
    # Just written, and read by twenty steps at once.
    path.write_text("third")
    checkout.doit()
    checkout.doit()
    assert checkout.read("build/7") == "third"
    assert checkout.read("hashed").splitlines().count("shared") == 1
    (checkout.folder / "hashed").unlink()
    # Touched, as by a git checkout: hashed once more, not once per step.
    os.utime(path, (past + 1, past + 1))
    checkout.doit()
    checkout.doit()
    assert checkout.read("hashed").splitlines().count("shared") == 1
