"""A step writes plain files in its own folder. Whatever else it leaves is refused by name, and nothing is harmed."""

from __future__ import annotations

import os
import stat

import pytest

#: From the folder that a step runs in to the checkout, and to what lies beside it.
UP = "../../../../.."

STEP = """
BUILD = ["bad"]
CODE = '''
import os, stat
up = "UP"
CODE
'''
def task_bad():
    yield task(python("bad", CODE, outputs=("sub/out",), sources=("source",)), doc="x")
"""


@pytest.fixture
def hostile(ordinary, checkout):
    """Return a function that builds a step with some code, and returns what doit prints; it must not take long."""

    def build(code: str, status: int = 1) -> str:
        checkout.write("source", "S\n")
        lines = code.strip().splitlines()
        checkout.dodo(STEP.replace("UP", UP).replace("\nCODE\n", "\n" + "\n".join(lines) + "\n", 1))
        outside = checkout.folder.parent / "precious"
        outside.mkdir(exist_ok=True)
        (outside / "keep").write_text("KEEP\n")
        ordinary.give(checkout.folder, outside)
        return checkout.doit(status=status)

    return build


def check_outside(checkout) -> None:
    outside = checkout.folder.parent / "precious"
    assert [path.name for path in outside.iterdir()] == ["keep"]
    assert (outside / "keep").read_text() == "KEEP\n"
    assert checkout.read("source") == "S\n"


def test_the_user_is_not_root_and_can_build(ordinary, checkout) -> None:
    """The tests of this folder prove nothing if they run as root."""
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


def test_a_plain_step_is_not_refused(hostile, checkout) -> None:
    hostile("open('sub/out', 'w').write('x'); os.chmod('sub/out', 0o775)", status=0)
    assert checkout.read("build/sub/out") == "x"


REPLACED = {
    "a named pipe": "os.mkfifo(log)",
    "a symbolic link": "os.symlink(up + '/../precious/keep', log)",
    "a symbolic link (to /dev/zero)": "os.symlink('/dev/zero', log)",
    "another file": "open(log, 'w').write('all is well')",
    "a folder": "os.mkdir(log)",
}


@pytest.mark.parametrize("found", REPLACED)
def test_a_log_that_was_replaced(hostile, checkout, found: str) -> None:
    output = hostile(f"""
log = up + '/build/bad.log'
os.unlink(log)
{REPLACED[found]}
open('sub/out', 'w').write('x')
""")
    assert "FAILED  bad is refused: its log build/bad.log was replaced" in output
    assert found in output
    assert not checkout.exists("build/sub/out")
    check_outside(checkout)


def test_a_log_below_a_link(hostile, checkout) -> None:
    code = """
os.rename(up + '/build', up + '/old')
os.symlink('../precious', up + '/build')
open('sub/out', 'w').write('x')
"""
    output = hostile(code, status=2)
    # The engine itself cannot go on, and names the link.
    assert "/build: is a symbolic link (to ../precious); finished steps are recorded" in output
    assert "Traceback" not in output
    check_outside(checkout)
    assert "Remove it" in checkout.doit(status=3)


def test_a_target_below_a_link(hostile, checkout) -> None:
    output = hostile("""
os.symlink('../../precious', up + '/build/sub')
open('sub/out', 'w').write('x')
""")
    assert "build/sub: is a symbolic link (to ../../precious)" in output
    check_outside(checkout)


WRONG = {
    "sub/out is a symbolic link (to ": "os.symlink(up + '/../precious/keep', 'sub/out')",
    "sub/out is a named pipe": "os.mkfifo('sub/out')",
    "sub/out is a hard link": "os.link(up + '/source', 'sub/out')",
    "sub/out has the permissions -rwsr-xr-x": "open('sub/out', 'w').write('x'); os.chmod('sub/out', 0o4755)",
    "sub/out has the permissions -rwxr-sr-x": "open('sub/out', 'w').write('x'); os.chmod('sub/out', 0o2755)",
    "sub/out lies below sub, which is a symbolic link": "os.rmdir('sub'); os.symlink(up + '/../precious', 'sub'); "
    "open('sub/out', 'w').write('x')",
}


@pytest.mark.parametrize("words", WRONG)
def test_an_output_that_leads_elsewhere(hostile, checkout, words: str) -> None:
    output = hostile(WRONG[words])
    assert f"FAILED  bad is refused: its output {words}" in output
    assert not checkout.exists("build/sub/out")
    (checkout.folder.parent / "precious/out").unlink(missing_ok=True)  # the step itself wrote it
    check_outside(checkout)
    assert stat.S_IMODE((checkout.folder / "source").stat().st_mode) & 0o7000 == 0


def test_the_log_of_a_failed_step_is_not_looked_for_behind_a_link(hostile, checkout) -> None:
    """Lines of another file would be shown, and kept as the step's."""
    output = hostile("""
os.unlink(up + '/build/bad.log')
os.symlink('../../precious/keep', up + '/build/bad.log')
raise SystemExit(3)
""")
    assert "KEEP" not in output
    check_outside(checkout)


@pytest.mark.parametrize("trick", ["os.mkfifo(record)", "os.symlink(up + '/../precious/keep', record)"])
def test_what_the_shim_writes_stays_in_the_scratch_folder(hostile, checkout, trick: str) -> None:
    hostile(
        f"""
for record in ('../ended.json', '../ended.json.new'):
    {trick}
open('sub/out', 'w').write('x')
""",
        status=0,
    )
    check_outside(checkout)


class TestOwnFolder:
    """`build` and what the farm keeps in it are folders, not links."""

    @pytest.mark.parametrize(
        "link", ["build", "build/.farm", "build/.farm/records", "build/.farm/scratch", "build/main"]
    )
    @pytest.mark.slow
    def test_a_link_is_refused(self, hostile, ordinary, checkout, link: str) -> None:
        hostile("open('sub/out', 'w').write('x')", status=0)
        path, there = checkout.folder / link, checkout.folder.parent / "elsewhere"
        path.mkdir(exist_ok=True)
        path.rename(there)
        path.symlink_to(there)
        ordinary.give(there)
        before = _tree(there)
        for command in (["run"], ["clean"], ["clean", "bad"], ["forget"], ["clean", "--forget"]):
            output = checkout.doit(*command, status=3)
            assert f"ERROR: {link} is a symbolic link (to {there})" in output, command
            assert _tree(there) == before, command

    @pytest.mark.parametrize("name", ["lock", "last_build.jsonl", "digests.json"])
    def test_a_link_in_place_of_a_file(self, hostile, ordinary, checkout, name: str) -> None:
        hostile("open('sub/out', 'w').write('x')", status=0)
        path = checkout.folder / "build/.farm" / name
        path.unlink(missing_ok=True)
        path.symlink_to("../../../precious/keep")
        checkout.write("source", "T\n")
        _, output = checkout.ended()
        assert "Traceback" not in output
        assert (checkout.folder.parent / "precious/keep").read_text() == "KEEP\n", output

    @pytest.mark.parametrize("name", ["lock", "last_build.jsonl", "digests.json"])
    def test_a_pipe_in_place_of_a_file_is_not_waited_for(self, hostile, ordinary, checkout, name: str) -> None:
        hostile("open('sub/out', 'w').write('x')", status=0)
        path = checkout.folder / "build/.farm" / name
        path.unlink(missing_ok=True)
        os.mkfifo(path)
        ordinary.give(path)
        checkout.write("source", "T\n")
        _, output = checkout.ended()
        assert "Traceback" not in output


def _tree(folder) -> dict[str, bytes | None]:  # type: ignore[no-untyped-def]
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}
