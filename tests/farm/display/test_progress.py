"""The display of a build: live lines on a terminal, plain lines elsewhere, and figures at the end."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

from farm.display.tally import Waiting
from farm.display.wording import bound_lines, running_words, status_words, waiting_lines
from farm.planning.forecast import TimeLeft
from farm.planning.makespan import Bound
from farm.results.ledger import UNKNOWN, Expectation, Range

SLOW = """
BUILD = ["last"]
CODE = "import time; time.sleep({0}); open('{1}', 'w').write('x')"
def task_part():
    for n in range(2):
        yield task(python(f"part:{n}", CODE.format(0.6 + n / 4, n), outputs=(str(n),), sources=("a",)), doc="x")
def task_last():
    return task(python("last", CODE.format(0.4, "last"), outputs=("last",), sources=("build/0", "build/1")), doc="x")
"""


def on_a_terminal(checkout, *words: str) -> str:
    main, side = pty.openpty()
    environment = {**checkout.environment, "COLUMNS": "120", "LINES": "40", "TERM": "xterm"}
    process = subprocess.Popen(
        [sys.executable, "-m", "doit", *words], cwd=checkout.folder, env=environment, stdout=side, stderr=side
    )
    os.close(side)
    shown = b""
    while True:
        try:
            piece = os.read(main, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(main)
    assert process.wait() == 0
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())


@pytest.fixture
def slow(checkout):
    checkout.write("a", "1")
    checkout.dodo(SLOW)
    return checkout


@pytest.mark.slow
def test_live_lines(slow) -> None:
    shown = on_a_terminal(slow, "-n", "2")
    assert "0/3 done, 2 running; time left unknown: no step has run before" in shown
    assert re.search(r"waits  last for part:\d, part:\d", shown)
    slow.write("a", "2")
    shown = on_a_terminal(slow, "-n", "2")
    assert re.search(r"0/3 done, 2 running; about \d\.\d s left \(by earlier runs\)", shown)
    assert re.search(r"\d\.\d s of \d\.\d s  part:1  \(a changed\)", shown)


@pytest.mark.slow
def test_after_a_build(slow) -> None:
    output = slow.doit("-n", "2")
    assert re.search(r"^critical path: \d\.\d s \(part:1 -> last\)$", output, re.MULTILINE)
    assert re.search(r"^least time with 2 slots: \d\.\d s; this build was \d+% above it$", output, re.MULTILINE)
    assert "\x1b" not in output
    slow.doit("clean", "last", "part")
    output = slow.doit()
    assert re.search(r"^  restore part:1  \(its run took \d\.\d s\)$", output, re.MULTILINE)
    assert "0 run, 3 restored, 0 current" in output
    assert re.search(r"^restoring saved \d\.\d s of CPU time$", output, re.MULTILINE)
    assert "critical path" not in output


def test_a_failure_names_the_log_and_the_way_to_repeat_it(checkout) -> None:
    checkout.dodo("""
BUILD = ["b"]
def task_b():
    return task(python("b", "print('x.cpp:3: error: no'); exit(1)"), doc="x")
""")
    output = checkout.doit(status=1)
    assert "x.cpp:3: error: no" in output
    assert "log: build/b.log" in output
    assert "rerun: doit repro b" in output
    checkout.doit("repro", "b")


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (TimeLeft(0.0, 0, 3), "time left unknown: no step has run before"),
        (TimeLeft(125.0, 2, 1), "time left unknown: 1 of the rest never ran before, the others take 2 min 5 s"),
        (TimeLeft(7300.0, 3, 0), "about 2 h 1 min left (by earlier runs)"),
    ],
)
def test_time_left_names_its_basis(left: TimeLeft, words: str) -> None:
    assert status_words(3, 6, 1, 2, left) == f"  3/6 done (1 restored), 2 running; {words}"


def test_running_and_waiting() -> None:
    own = Expectation(Range(1.0, 60.0, 90.0), None, "step", 3)
    line = running_words("hls:a", 42.0, own, "(pe 1 -> 2)")
    assert line.strip() == "42 s of 1 min 0 s  hls:a  (pe 1 -> 2)"
    kind = Expectation(Range(1.0, 60.0, 90.0), None, "kind", 3)
    assert " of " not in running_words("hls:a", 42.0, kind, ""), "others of its kind may be a hundred times as large"
    assert " of " not in running_words("hls:a", 42.0, UNKNOWN, "")
    waiting = [Waiting("x", ()), Waiting("link", ("stitch",)), Waiting("stitch", ("a", "b", "c"))]
    assert [line.strip() for line in waiting_lines(waiting)] == [
        "1 wait  for a free place",
        "waits  link for stitch",
        "waits  stitch for a, b and 1 more",
    ]


@pytest.mark.slow
def test_what_a_step_lacks_is_named(checkout) -> None:
    checkout.dodo("""
from farm.step import Resources
BUILD = ["w"]
def task_w():
    for n, more in enumerate([{"licences": ("synth",)}] * 2 + [{"memory_gib": 3.0}] * 2):
        code = f"import time; time.sleep(0.8); open('{n}', 'w').write('x')"
        yield task(python(f"w:{n}", code, outputs=(f"{n}",), resources=Resources(**more)), doc="x")
""")
    checkout.write("farm.local.yaml", "farm: {licences: {synth: 1}, memory_gib: 5, cores: 8}\n")
    shown = on_a_terminal(checkout, "-n", "4")
    assert "waits  w:1 for a licence synth" in shown
    assert "waits  w:3 for 3 GiB of memory (1 free)" in shown


def test_a_failure_names_the_block_by_which_people_know_a_core(checkout) -> None:
    checkout.dodo("""
BUILD = ["core:stem"]
def task_core():
    yield task(python("core:stem_8b7069", "exit(1)"), doc="x")
    yield {"name": "stem", "actions": None, "task_dep": ["core:stem_8b7069"]}
""")
    assert "run     core:stem_8b7069 (= core:stem)" in checkout.doit("plan")
    assert "FAILED  core:stem_8b7069 (= core:stem) ended with exit status 1" in checkout.doit(status=1)


def test_distance_to_the_bound() -> None:
    lines = bound_lines(Bound(60.0, 90.0, ("a", "b")), 2, 99.0)
    assert lines == [
        "critical path: 1 min 0 s (a -> b)",
        "least time with 2 slots: 1 min 30 s; this build was 10% above it",
    ]
