"""The look before a build: it says "nothing to do" where that is so, and loads no engine for it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest
import small_checkout

BODY = """
from farm.hooks import Vouch
BUILD = ["join"]

def task_up():
    for name in "ab":
        yield task(copy(f"up:{name}", f"{name}.txt", f"build/{name}"), doc="x")

def vouch(paths, made_here):
    with open("list", "a") as file:
        file.write("called\\n")
    return open("say").read() if Path("say").exists() else ""

def task_join():
    code = "open('joined', 'w').write(open('build/a').read() + open('build/b').read())"
    join = python("join", code, outputs=("joined",), sources=("build/a", "build/b"))
    yield task(join, doc="x", publish_hook=Vouch(vouch, lambda: Path("list")))
"""
OWN_TASK = """
def task_own():
    return {"actions": ["echo own"]}
"""
PLAIN_HOOK = """
def task_hooked():
    yield task(copy("hooked:one", "a.txt", "build/hooked"), doc="x", publish_hook=lambda paths: print("hooked"))
"""


@pytest.fixture
def built(checkout):
    checkout.write("a.txt", "A")
    checkout.write("b.txt", "B")
    checkout.dodo(BODY)
    checkout.doit()
    return checkout


def modules_of(checkout, *words: str) -> set[str]:
    """The modules that a doit of its own has loaded at its end."""
    code = (
        "import atexit, sys; atexit.register(lambda: print('LOADED', *sys.modules)); from doit.__main__ import main; "
    )
    code += f"sys.argv[1:] = {list(words)!r}; sys.exit(main())"
    command = [sys.executable, "-c", code]
    ran = subprocess.run(
        command, cwd=checkout.folder, env=checkout.environment, capture_output=True, text=True, check=True
    )
    return set(ran.stdout.partition("LOADED ")[2].split())


def test_no_engine_is_loaded(built) -> None:
    loaded = modules_of(built, "build")
    assert "farm.planning.current" in loaded
    assert {one for one in loaded if one.startswith(("farm.scheduler", "farm.execution", "rich", "sqlite3"))} == set()
    built.write("a.txt", "other")
    assert {"farm.scheduler.loop", "farm.execution.local"} <= modules_of(built, "build")


def edited(checkout) -> None:
    checkout.write("a.txt", "other")


def touched(checkout) -> None:
    (checkout.folder / "a.txt").touch()


def without_source(checkout) -> None:
    (checkout.folder / "b.txt").unlink()


def without_output(checkout) -> None:
    (checkout.folder / "build/a").unlink()


def another_output(checkout) -> None:
    checkout.write("build/joined", "other")


def link_as_output(checkout) -> None:
    (checkout.folder / "build/b").unlink()
    (checkout.folder / "build/b").symlink_to(checkout.folder / "a.txt")


def without_record(checkout) -> None:
    next((checkout.folder / "build/.farm/records").rglob("joined.json")).unlink()


def damaged_record(checkout) -> None:
    next((checkout.folder / "build/.farm/records").rglob("joined.json")).write_text("{")


def without_digests(checkout) -> None:
    (checkout.folder / "build/.farm/digests.json").unlink()


def without_journal(checkout) -> None:
    (checkout.folder / "build/main/doit.journal").unlink()


def forgotten(checkout) -> None:
    checkout.doit("forget", "join")


def ignored(checkout) -> None:
    checkout.doit("ignore", "up:a")


def another_program(checkout) -> None:
    checkout.dodo(BODY.replace("'w').write", "'w').write('+'); open('joined', 'a').write"))


def left_by_a_killed_build(checkout) -> None:
    checkout.write("build/.farm/scratch/up-a-0123/work/in", "A")


@pytest.mark.parametrize(
    "change",
    [
        edited,
        touched,
        without_source,
        without_output,
        another_output,
        link_as_output,
        without_record,
        damaged_record,
        without_digests,
        without_journal,
        forgotten,
        ignored,
        another_program,
        left_by_a_killed_build,
    ],
    ids=lambda change: change.__name__,
)
def test_what_has_to_be_done_is_done(built, change) -> None:
    """The plan is made by other code: where it sees something to do, the build does it, and then neither does."""
    change(built)
    if change is without_source:
        assert "'b.txt' does not exist" in built.doit(status=3)
        return
    planned = json.loads(built.doit("plan", "--all", "--json"))["tasks"]
    is_current = {item["state"] for item in planned} == {"current"}
    _, output = built.ended()
    assert ("nothing to do: 3 current" in output) == is_current
    if change is ignored:
        assert "skipped" in output
        return
    joined = built.read("build/joined")
    assert joined == {"edited": "otherB", "another_program": "+AB"}.get(change.__name__, "AB")
    assert not (built.folder / "build/b").is_symlink()
    assert not (built.folder / "build/.farm/scratch").exists()
    assert "nothing to do: 3 current" in built.doit()


def test_own_tasks_and_hooks_get_their_turn(built) -> None:
    built.dodo(BODY.replace('["join"]', '["join", "own"]') + OWN_TASK)
    for _ in range(2):
        assert "own" in built.doit().splitlines()
    built.dodo(BODY.replace('["join"]', '["join", "hooked"]') + PLAIN_HOOK)
    for _ in range(3):
        assert "hooked" in built.doit().splitlines()


def test_always_runs_what_is_current(built) -> None:
    assert "3 run, 0 current" in built.doit("-a")


def calls(checkout) -> int:
    return checkout.read("list").count("called")


def test_a_vouch_is_called_again_only_if_something_has_changed(built) -> None:
    assert calls(built) == 1
    for _ in range(2):
        built.doit()
    assert calls(built) == 1
    # The list was edited, e.g. a line was taken out.
    built.write("list", "")
    built.doit()
    built.doit()
    assert calls(built) == 1
    # An output was made again; with the same bytes, so no step has to run.
    content = built.read("build/joined")
    (built.folder / "build/joined").unlink()
    built.write("build/joined", content)
    assert "nothing to do: 3 current" in built.doit()
    assert calls(built) == 2
    # What was remembered is lost or damaged.
    memory = built.folder / "build/.farm/vouched.json"
    for content in (None, "", "{}", "[]", '{"format": 1, "steps": {"../x": []}}'):
        memory.unlink()
        if content is not None:
            memory.write_text(content)
        before = calls(built)
        built.doit()
        built.doit()
        assert calls(built) == before + 1
    (built.folder / "list").unlink()
    built.doit()
    assert calls(built) == 1


def test_what_a_vouch_says_is_said_each_time(built) -> None:
    built.write("say", "it is not trusted")
    (built.folder / "list").unlink()
    for number in range(1, 4):
        assert "it is not trusted" in built.doit()
        assert calls(built) == number


def test_a_copied_checkout_asks_again_and_no_path_is_kept(built) -> None:
    """What is remembered fits only the files that were there."""
    text = built.read("build/.farm/vouched.json")
    assert str(built.folder) not in text
    copy = built.folder.with_name("copy")
    shutil.copytree(built.folder, copy, symlinks=True)
    copied = small_checkout.Checkout(copy, built.environment)
    before = calls(copied)
    assert "nothing to do: 3 current" in copied.doit()
    assert calls(copied) == before + 1


SEEKS = """
from farm.step import Inputs
BUILD = ["end"]

def task_end():
    found = lambda: [File("found", "build/found")]
    yield task(Step("end", ("cp", "found", "out"), Inputs(found), (Output("out", "build/end"),), "build/log"), doc="x")
"""
MAKES = """
def task_found():
    yield task(copy("found", "b.txt", "build/found"), doc="x")
"""


def test_a_mistake_in_dodo_is_told_though_all_is_current(checkout) -> None:
    checkout.write("build/found", "B")
    checkout.write("b.txt", "B")
    checkout.dodo(SEEKS)
    checkout.doit()
    checkout.dodo(SEEKS + MAKES)
    checkout.doit("found")
    for _ in range(2):
        assert "seeks 'build/found', which a task makes" in checkout.doit("end", status=3)


GROUP = """
def task_group():
    return {"actions": None, "setup": ["join"], "task_dep": ["join"], "teardown": ["echo down"]}
"""


def test_a_group_with_a_setup_has_its_teardown(built) -> None:
    built.dodo(BODY + GROUP)
    for _ in range(2):
        assert "down" in built.doit("group").splitlines()


def test_another_build_is_waited_for_and_nothing_is_written(built) -> None:
    """Results are shown within the lock, and what a look reads is not written again."""
    code = (
        "import fcntl, sys; f = open('build/.farm/lock'); fcntl.flock(f, fcntl.LOCK_EX); print(1, flush=True); input()"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, cwd=built.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "1\n"
        process = built.start("build")
        assert process.stdout is not None
        assert "waiting for it to end" in process.stdout.readline()
        holder.stdin.write("\n")
        holder.stdin.close()
        assert "nothing to do: 3 current" in process.communicate(timeout=30)[0]

    def states() -> dict[str, tuple[int, int]]:
        paths = [path for path in (built.folder / "build").rglob("*") if path.name != "lock"]
        return {str(path): (path.stat().st_mtime_ns, path.stat().st_ino) for path in paths if path.is_file()}

    journal = built.folder / "build/main/doit.journal"
    journal.write_text(journal.read_text() + '["a", null]\n' * 500)
    before = states()
    assert "nothing to do: 3 current" in built.doit()
    assert states() == before


def test_a_line_of_several_notes_is_printed_once(built) -> None:
    notes = BODY.replace('doc="x")', 'doc="x", note=f"see README\\n{name}")', 1)
    built.dodo(notes)
    assert built.doit().count("see README") == 1


def test_mistakes_in_the_settings_of_a_cluster_are_told(built) -> None:
    assert "farm.remote" in built.doit("farm.executor=slurm", "farm.transport=store", "build", status=3)
    assert "jion" in built.doit("farm.executors=jion:slurm", "build", status=3)
