"""Builds of an ordinary user on a store, and in a build folder, that somebody else has prepared."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from benchmarks.engine.hostile_files import CONTENTS, IRREGULAR, forged

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

BODY = """
from farm.hooks import Vouch
BUILD = ["join"]
def task_up():
    for name in "ab":
        yield task(copy(f"up:{name}", f"{name}.txt", f"build/{name}"), doc="x")
def vouch(paths, made_here):
    return f"joined {'here' if made_here else 'elsewhere'}"
def task_join():
    code = "open('joined', 'w').write(open('build/a').read() + open('build/b').read())"
    join = python("join", code, outputs=("joined",), sources=("build/a", "build/b"))
    yield task(join, doc="x", publish_hook=Vouch(vouch))
"""


@pytest.fixture
def built(ordinary, checkout):
    """A checkout whose three steps have run, beside files that no build may touch."""
    checkout.write("a.txt", "A")
    checkout.write("b.txt", "B")
    checkout.dodo(BODY)
    (ordinary.folder / "victim").write_text("precious")
    (ordinary.folder / "farther").mkdir()
    (ordinary.folder / "farther/file").write_text("precious too")
    ordinary.give(checkout.folder, ordinary.folder / "victim", ordinary.folder / "farther")
    assert "joined here" in checkout.doit()
    yield checkout
    assert (ordinary.folder / "victim").read_text() == "precious"
    assert [path.name for path in (ordinary.folder / "farther").iterdir()] == ["file"]


def store(ordinary) -> Path:
    return ordinary.folder / "cache/dataflow-farm"


def entries(ordinary) -> list[Path]:
    return sorted((store(ordinary) / "ac").glob("*/*"))


def forget(checkout, ordinary, *planted: Path) -> None:
    """Remove what was built, so that the next build asks the store."""
    shutil.rmtree(checkout.folder / "build")
    ordinary.give(*planted)


def test_an_entry_leads_nowhere(built, ordinary) -> None:
    """A planted entry once wrote a git hook and a shell profile while the build said "restored"."""
    (built.folder / ".git/hooks").mkdir(parents=True)
    ordinary.give(built.folder / ".git")
    paths = ["../../../../../.git/hooks/post-checkout", str(ordinary.folder / ".profile"), "../../../../../../victim"]
    for place, path in zip(entries(ordinary), paths, strict=True):
        place.write_bytes(
            forged(place.read_bytes(), lambda body, path=path: body["files"].__setitem__(path, body["log"]))
        )
    forget(built, ordinary)
    output = built.doit()
    assert output.count("the store held a damaged result") == 3
    assert "3 run" in output
    assert not list((built.folder / ".git/hooks").iterdir())
    assert not (ordinary.folder / ".profile").exists()
    shutil.rmtree(built.folder / "build")
    assert "3 restored" in built.doit()


def test_other_outputs_than_the_steps_end_the_build_soon(built, ordinary) -> None:
    """A build that finds an entry, and cannot use it, must not look for it for ever."""
    for place in entries(ordinary):
        place.write_bytes(forged(place.read_bytes(), lambda body: body.__setitem__("files", {"other": body["log"]})))
    forget(built, ordinary)
    output = built.doit()
    assert output.count("its outputs are not those of the step") == 3
    assert "3 run" in output


@pytest.mark.parametrize("part", ["ac", "cas"])
def test_pipes_everywhere(built, ordinary, part: str) -> None:
    for place in sorted((store(ordinary) / part).glob("*/*")):
        place.unlink()
        os.mkfifo(place)
        ordinary.give(place)
    for name in ("version", "ledger.db"):
        (store(ordinary) / name).unlink()
        os.mkfifo(store(ordinary) / name)
    forget(built, ordinary, store(ordinary))
    assert "3 run" in built.doit()
    assert "nothing to do" in built.doit()


@pytest.mark.parametrize("kind", ["pipe", "folder", "link"])
def test_the_engines_own_files(built, ordinary, kind: str) -> None:
    files = [path for path in (built.folder / "build").rglob("*") if path.is_file() and ".farm" in path.parts]
    files = [path for path in files if path.name != "lock"]
    files.append(built.folder / "build/main/doit.journal")
    for place in files:
        place.unlink()
        if kind == "link":
            place.symlink_to(ordinary.folder / "victim")
        else:
            IRREGULAR[kind](place)
        ordinary.give(place)
    output = built.doit(status=0)
    assert "Traceback" not in output
    assert "3 restored" in output


@pytest.mark.parametrize("content", ["brackets", "zeros"])
def test_the_engines_own_files_hold_anything(built, ordinary, content: str) -> None:
    for place in [
        path for path in (built.folder / "build").rglob("*") if path.suffix in (".json", ".jsonl", ".journal")
    ]:
        place.write_bytes(CONTENTS[content])
    output = built.doit()
    assert "Traceback" not in output
    assert "Traceback" not in built.doit("plan")
    assert "Traceback" not in built.doit("trace")


class TestWhoVouches:
    """Only what this farm has made itself gains trust."""

    def test_what_was_restored_is_not_made_here(self, built) -> None:
        assert "joined here" in built.doit(), "the record tells that it ran here"
        shutil.rmtree(built.folder / "build")
        output = built.doit()
        assert "3 restored" in output
        assert "joined elsewhere" in output
        assert "joined elsewhere" in built.doit(), "the record tells that it was restored"
        assert "joined here" in built.doit("-a")

    def test_what_is_made_of_a_shared_store_is_not_made_here(self, built) -> None:
        shared = "farm.store_shared=true"
        shutil.rmtree(built.folder / "build")
        assert "3 restored" in built.doit(shared)
        # A new step, on files of which others may have made one.
        built.dodo(BODY.replace("+ open", "+ '-' + open"))
        output = built.doit(shared)
        assert "1 run" in output
        assert "joined elsewhere" in output
        assert "joined elsewhere" in built.doit(), "nor does it gain trust later"
        built.write("a.txt", "A2")
        built.write("b.txt", "B2")
        assert "joined here" in built.doit(), "all of it was made here, by the user's own store"

    def test_nothing_of_a_shared_store_gets_into_an_own_one(self, built, ordinary) -> None:
        shutil.rmtree(built.folder / "build")
        assert "3 restored" in built.doit("farm.store_shared=true")
        shutil.rmtree(store(ordinary))
        built.dodo(BODY.replace("+ open", "+ '-' + open"))
        assert "1 run" in built.doit()
        assert entries(ordinary) == []


class TestCommands:
    def test_a_foreign_store_is_refused_with_the_remedy(self, built, ordinary) -> None:
        if os.getuid():
            pytest.skip("only root can give files away; run the tests as root to see it")
        os.chown(store(ordinary), 65533, 65533)
        store(ordinary).chmod(0o777)
        shutil.rmtree(built.folder / "build")
        output = built.doit()
        assert output.count("belongs to another user") >= 1
        assert "farm.store_shared=true" in output
        assert "3 run" in output
        assert "belongs to another user" in built.doit("plan")
        assert "belongs to another user" in built.doit("cache", "verify", status=3)
        shutil.rmtree(built.folder / "build")
        assert "3 restored" in built.doit("farm.store_shared=true")

    def test_verify_removes_nothing_behind_a_link(self, built, ordinary) -> None:
        (store(ordinary) / "cas/zz").symlink_to(ordinary.folder / "farther")
        output = built.doit("cache", "verify", status=1)
        assert "damaged and removed: 'cas/zz'" in output
        assert "all whole" in built.doit("cache", "verify")
