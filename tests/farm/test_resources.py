"""Resources of steps, and builds that lack them, through the doit command."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

NEEDS = """
from farm.step import Resources
BUILD = ["w"]
CODE = "import time; a = time.time(); time.sleep(0.3); open('{0}', 'w').write(f'{{a}} {{time.time()}}')"
def task_w():
    for n in range(3):
        yield task(python(f"w:{n}", CODE.format(n), outputs=(str(n),), resources=Resources(NEEDED)), doc="waits")
"""


def most_at_once(checkout) -> int:
    spans = [tuple(map(float, checkout.read(f"build/{n}").split())) for n in range(3)]
    return max(sum(begin <= moment < end for begin, end in spans) for moment, _ in spans)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("needed", "given", "most"),
    [
        ("memory_gib=3.0", "farm:\n  memory_gib: 7\n", 2),
        ("cores=2", "farm:\n  cores: 3\n", 1),
        ("licences=('synth',)", "farm:\n  licences:\n    synth: 2\n", 2),
        ("licences=('synth',)", "farm:\n  licences:\n    synth: 1\n", 1),
    ],
)
def test_no_more_at_once_than_there_is(checkout, needed: str, given: str, most: int) -> None:
    checkout.write("farm.local.yaml", given)
    checkout.dodo(NEEDS.replace("NEEDED", needed))
    checkout.doit("-n", "3")
    assert most_at_once(checkout) == most


@pytest.mark.parametrize(
    ("needed", "words"),
    [
        ("cores=500", "it needs 500 cores, and "),
        ("memory_gib=9e6", "it needs 9e+06 GiB of memory, and "),
        ("licences=('synth',)", "it needs licence synth, and 0 may be used; write 'synth: COUNT' below farm.licences"),
    ],
)
def test_what_never_fits_is_refused_before_anything_starts(checkout, needed: str, words: str) -> None:
    body = NEEDS.replace("NEEDED", needed)
    checkout.dodo(
        body.replace('BUILD = ["w"]', 'BUILD = ["first", "w"]')
        + """
def task_first():
    yield task(python("first", "open('first', 'w').write('x')", outputs=("first",)), doc="x")
"""
    )
    output = checkout.doit(status=3)
    assert f"step 'w:2' can never run here: {words}" in output
    assert not checkout.exists("build/first")
    assert checkout.made("first") == {"first"}


@pytest.mark.slow
def test_what_is_there_already_needs_nothing(checkout) -> None:
    checkout.write("farm.local.yaml", "farm:\n  licences:\n    synth: 1\n")
    checkout.dodo(NEEDS.replace("NEEDED", "licences=('synth',)"))
    checkout.doit()
    (checkout.folder / "farm.local.yaml").unlink()
    assert "nothing to do" in checkout.doit()
    (checkout.folder / "build/1").unlink()
    assert checkout.made() == {"w:1"}


def test_a_crash_is_tried_once_more(checkout) -> None:
    checkout.dodo(f"""
BUILD = ["bad"]
CODE = '''
import os, signal
place = {str(checkout.folder / "seen")!r}
seen = os.path.exists(place)
open(place, "w").close()
if not seen:
    os.kill(os.getpid(), signal.SIGSEGV)
open("out", "w").write("x")
'''
def task_bad():
    yield task(python("bad", CODE), doc="x")
""")
    output = checkout.doit()
    assert "again   bad was ended by SIGSEGV" in output
    assert checkout.read("build/out") == "x"
    with sqlite3.connect(Path(checkout.environment["XDG_CACHE_HOME"]) / "dataflow-farm/ledger.db") as connection:
        rows = connection.execute("SELECT step, kind, ended, attempt FROM runs ORDER BY id").fetchall()
    assert rows == [("bad", "bad", "crash", 1), ("bad", "bad", "ok", 2)]


def test_an_error_of_the_source_is_not_tried_again(checkout) -> None:
    checkout.dodo("""
BUILD = ["bad"]
def task_bad():
    yield task(python("bad", "print('a.cpp:3: error: no'); exit(1)"), doc="x")
""")
    output = checkout.doit(status=1)
    assert output.count("  run     bad") == 1
    assert "again" not in output


@pytest.mark.slow
def test_learned_memory_keeps_large_steps_apart(checkout) -> None:
    """The declared memory is far too small; after one run the farm knows the real need."""
    checkout.write("farm.local.yaml", "farm:\n  memory_gib: 0.25\n")
    checkout.dodo(
        NEEDS.replace("NEEDED", "memory_gib=0.01").replace("import time;", "import time; x = b'1' * (170 << 20);")
    )
    checkout.doit("-n", "3")
    checkout.doit("-n", "3", "-a")
    assert most_at_once(checkout) == 1


CGROUP = Path("/sys/fs/cgroup/memory")


@pytest.mark.skipif(
    os.getuid() != 0 or not os.access(CGROUP / "memory.limit_in_bytes", os.W_OK),
    reason="only root can limit the memory of a control group (version 1)",
)
def test_the_kernel_kills_for_memory(checkout) -> None:
    mine = next(line.split(":")[2] for line in Path("/proc/self/cgroup").read_text().splitlines() if ":memory:" in line)
    parent = CGROUP / mine.strip("/")
    group = (parent if parent.is_dir() else CGROUP) / f"farm-test-{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(150 << 20))
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error}")
    checkout.dodo("""
BUILD = ["hungry"]
def task_hungry():
    yield task(python("hungry", "x = bytearray(b'1') * (400 << 20); open('out', 'w').write('x')"), doc="x")
""")
    try:
        process = checkout.start(preexec_fn=lambda: (group / "cgroup.procs").write_text(str(os.getpid())))
        output, _ = process.communicate(timeout=60)
    finally:
        group.rmdir()
    assert process.returncode == 1
    assert "again   hungry was ended by SIGKILL" in output
    assert "memory; it took 0.1" in output
