"""Builds that find their results in the store, through the doit command."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.fault_storm import small_disk

BODY = """
BUILD = ["join"]
def task_up():
    for name in "ab":
        yield task(python(f"up:{name}", f"print('log of {name}'); open('{name}', 'w').write(open('{name}.txt').read())",
                          outputs=(name,), sources=(f"{name}.txt",)), doc="x")
def published(paths):
    with open("seen", "a") as stream:
        stream.write(paths[0].read_text())
def task_join():
    code = "open('joined', 'w').write(open('build/a').read() + open('build/b').read())"
    join = python("join", code, outputs=("joined",), sources=("build/a", "build/b"))
    yield task(join, doc="x", publish_hook=published)
"""


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files of a build folder except the engine's own."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted((folder / "build").rglob("*"))
        if path.is_file() and ".farm" not in path.parts and "main" not in path.parts
    }


def fill(checkout) -> None:
    checkout.write("a.txt", "A")
    checkout.write("b.txt", "B")
    checkout.dodo(BODY)


@pytest.fixture
def built(checkout):
    fill(checkout)
    assert checkout.ran() == {"up:a", "up:b", "join"}
    return checkout


def test_a_lost_build_folder_is_restored_with_its_logs(built) -> None:
    before = contents(built.folder)
    assert before["build/up-a.log"] == b"log of a\n"
    shutil.rmtree(built.folder / "build")
    output = built.doit()
    assert "  run " not in output
    assert "3 restored" in output
    assert contents(built.folder) == before
    assert built.read("seen") == "ABAB", "what uses the outputs is told of restored ones too"
    assert "nothing to do: 3 current" in built.doit()


def test_going_back_and_forth_runs_nothing(built) -> None:
    for text, expected in (("A2", {"up:a", "join"}), ("A", set()), ("A2", set())):
        built.write("a.txt", text)
        assert built.ran() == expected
        assert built.read("build/joined") == text + "B"


def test_another_checkout_has_equal_keys_and_equal_bytes(built, tmp_path: Path) -> None:
    other = type(built)(tmp_path / "elsewhere" / "deeper", built.environment)
    other.folder.mkdir(parents=True)
    shutil.copy(built.folder / "pyproject.toml", other.folder)
    fill(other)
    # With a store of its own first, so it makes everything itself.
    other.environment = {**built.environment, "XDG_CACHE_HOME": str(tmp_path / "other cache")}
    assert other.ran() == {"up:a", "up:b", "join"}
    assert contents(other.folder) == contents(built.folder)
    shutil.rmtree(other.folder / "build")
    other.environment = built.environment
    assert "3 restored" in other.doit()


def test_restoring_needs_no_slot_and_touches_no_link(built) -> None:
    shutil.rmtree(built.folder / "build")
    built.doit("-n", "1")
    for path in (built.folder / "build").rglob("*"):
        assert path.is_dir() or path.stat().st_nlink == 1


def test_damage_is_said_and_made_good(built, tmp_path: Path) -> None:
    for path in (tmp_path / "cache/dataflow-farm/cas").rglob("*/*"):
        if path.read_bytes() == b"A":
            path.write_bytes(b"Z")
    shutil.rmtree(built.folder / "build")
    output = built.doit()
    assert "the store held a damaged result of up:a" in output
    assert "1 run" in output
    assert built.read("build/joined") == "AB"
    shutil.rmtree(built.folder / "build")
    assert "3 restored" in built.doit()


def test_always_runs_and_tells_what_is_not_reproducible(checkout) -> None:
    checkout.write("a", "1")
    checkout.dodo("""
BUILD = ["same", "other"]
def task_same():
    yield task(copy("same", "a", "build/same"), doc="x")
def task_other():
    yield task(python("other", "import uuid; open('other', 'w').write(uuid.uuid4().hex)", outputs=("other",)), doc="x")
""")
    checkout.doit()
    first = checkout.read("build/other")
    output = checkout.doit("-a")
    assert "2 run" in output
    assert checkout.read("build/other") != first
    assert "with equal inputs other made a different result in build/other" in output
    assert "build/same" not in output


def test_no_store_is_no_hindrance(checkout, tmp_path: Path) -> None:
    fill(checkout)
    (tmp_path / "cache").write_text("no folder")
    output = checkout.doit()
    assert output.count("the store") == 1
    assert output.count("the ledger") == 1
    assert "3 run" in output
    assert "nothing to do" in checkout.doit()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk") as folder:
        if folder is None:
            pytest.skip("no small file system can be mounted here")
        yield folder


def test_a_full_store_is_said_once_and_the_build_goes_on(built, disk: Path) -> None:
    built.environment["XDG_CACHE_HOME"] = str(disk)
    (disk / "dataflow-farm").mkdir()
    free = os.statvfs(disk)
    (disk / "filler").write_bytes(b"\0" * (free.f_bavail * free.f_frsize))
    shutil.rmtree(built.folder / "build")
    output = built.doit()
    assert output.count("the store") == 1
    assert "No space left on device" in output
    assert output.count("the ledger") <= 1
    assert "3 run" in output
    assert "nothing to do" in built.doit()


def test_a_read_only_store_still_gives(built, disk: Path, tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "cache", disk / "cache")
    built.environment["XDG_CACHE_HOME"] = str(disk / "cache")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    shutil.rmtree(built.folder / "build")
    assert "3 restored" in built.doit()
    built.write("a.txt", "other")
    output = built.doit()
    assert output.count("the store") == 1
    assert "Read-only file system" in output
    assert built.read("build/a") == "other"
    assert output.count("the ledger") == 1


def test_a_store_of_an_older_version(built, tmp_path: Path) -> None:
    (tmp_path / "cache/dataflow-farm/version").write_text("0\n")
    shutil.rmtree(built.folder / "build")
    output = built.doit()
    assert output.count("had the old version 0; it was emptied") == 1
    assert "3 run" in output


def test_a_store_of_a_newer_farm_is_left_alone(built, tmp_path: Path) -> None:
    (tmp_path / "cache/dataflow-farm/version").write_text("99\n")
    shutil.rmtree(built.folder / "build")
    output = built.doit()
    assert output.count("belongs to a newer farm") == 1
    assert "3 run" in output


def test_a_build_keeps_the_store_below_its_limit(checkout, tmp_path: Path) -> None:
    checkout.dodo("""
BUILD = ["w"]
COUNT = int(Path("count").read_text())
def task_w():
    for n in range(COUNT, COUNT + 2):
        code = f"open('{n}', 'wb').write(bytes([{n}]) * 300_000)"
        yield task(python(f"w:{n}", code, outputs=(f"{n}",)), doc="x")
""")
    # Room for three outputs of 300,000 bytes.
    limit = "farm.store_gib=0.001"
    checkout.write("count", "0")
    assert "the store was full" not in checkout.doit(limit)
    checkout.write("count", "10")
    output = checkout.doit(limit)
    assert output.count("the store was full: removed 1 result longest unused (") == 1
    assert "farm.store_gib is 0.001" in output
    shutil.rmtree(checkout.folder / "build")
    assert "2 restored" in checkout.doit(limit)
    shutil.rmtree(checkout.folder / "build")
    checkout.write("count", "0")
    assert "1 run, 1 restored, 0 current" in checkout.doit("farm.store_gib=")
    assert "4 results" in checkout.doit("cache", "stats")


def test_equal_steps_of_different_names_run_once(checkout) -> None:
    checkout.write("a", "1")
    checkout.dodo("""
BUILD = ["w"]
CODE = "import time; time.sleep(0.3); open('out', 'w').write('x')"
def task_w():
    for n in range(3):
        code = (Text("c.py", CODE),)
        yield task(Step(f"w:{n}", ("{python}", "c.py"), code, (Output("out", f"build/{n}"),), log=f"build/{n}.log"),
                   doc="x")
""")
    output = checkout.doit("-n", "3")
    assert "1 run" in output
    assert "2 restored" in output


@pytest.mark.slow
def test_two_checkouts_at_once_run_each_key_once(checkout, tmp_path: Path) -> None:
    body = """
BUILD = ["w"]
def task_w():
    for n in range(4):
        yield task(python(f"w:{n}", f"import time; time.sleep(0.2); open('{n}', 'w').write('{n}')", outputs=(f"{n}",)),
                   doc="x")
"""
    other = type(checkout)(tmp_path / "other", checkout.environment)
    other.folder.mkdir()
    shutil.copy(checkout.folder / "pyproject.toml", other.folder)
    for one in (checkout, other):
        one.dodo(body)
    processes = [one.start("-n", "2") for one in (checkout, other)]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert sum(output.count("  run     w:") for output in outputs) == 4
    for one in (checkout, other):
        assert [one.read(f"build/{n}") for n in range(4)] == list("0123")


def test_results_that_waited_for_the_lock_of_the_store_are_not_mixed_up(checkout, tmp_path: Path) -> None:
    """What waits is fetched beside the loop, several at once, and all of them are called `out` where they come in."""
    names = [str(number) for number in range(8)]
    checkout.dodo("""
BUILD = ["up"]
def task_up():
    for name in "01234567":
        yield task(copy(f"up:{name}", f"{name}.txt", f"build/{name}"), doc="x")
""")
    for name in names:
        checkout.write(f"{name}.txt", name)
    checkout.doit()
    shutil.rmtree(checkout.folder / "build")
    with (tmp_path / "cache/dataflow-farm/lock").open("r") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        process = checkout.start("-n", "8")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while process.poll() is None and len(children.read_text().split()) < len(names):
            time.sleep(0.01)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert "8 restored" in output
    assert [checkout.read(f"build/{name}") for name in names] == names


class TestCacheCommand:
    def test_stats_verify_gc(self, built, tmp_path: Path) -> None:
        assert "3 results" in built.doit("cache", "stats")
        assert "whole" in built.doit("cache", "verify")
        objects = [path for path in (tmp_path / "cache/dataflow-farm/cas").rglob("*/*") if path.read_bytes() == b"A"]
        objects[0].write_bytes(b"Z")
        output = built.doit("cache", "verify", status=1)
        assert "up:a" in output
        assert "2 results" in built.doit("cache", "stats")
        built.doit("cache", "gc", "--max-size", "0")
        assert "0 results" in built.doit("cache", "stats")
        assert "nothing to do" in built.doit()

    @pytest.mark.parametrize(
        "words", [("gc",), ("gc", "--max-size", "lots"), ("shrink",), (), ("gc", "--max-size", "-1")]
    )
    def test_mistakes(self, built, words: tuple[str, ...]) -> None:
        output = built.doit("cache", *words, status=3)
        assert output.startswith("ERROR: ")
        assert "Traceback" not in output

    def test_forget_and_clean_leave_the_store_alone(self, built) -> None:
        built.doit("clean", "join")
        built.doit("forget", "--all")
        assert "3 results" in built.doit("cache", "stats")
