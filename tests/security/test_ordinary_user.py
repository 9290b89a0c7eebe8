"""The tests of this folder prove nothing if they run as root."""

from __future__ import annotations

import os


def test_the_user_is_not_root_and_can_build(ordinary, checkout) -> None:
    done = ordinary.run(ordinary.python, "-c", "import os; print(os.getuid(), os.getgroups())")
    assert done.stdout.split()[0] not in ("", "0"), done
    checkout.write("a", "A")
    checkout.dodo("""
BUILD = ["one"]
def task_one():
    yield task(copy("one", "a", "build/one"), doc="x")
""")
    ordinary.give(checkout.folder)
    assert "1 run" in checkout.doit()
    owner = (checkout.folder / "build/one").stat().st_uid
    assert owner == (65534 if os.getuid() == 0 else os.getuid())
