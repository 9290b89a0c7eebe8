"""Stopped and killed builds: no process survives, no output is half written, no finished step is lost."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time

import pytest

# "first" ends at once. "slow" writes half of its output, has a child in another session and an orphan in a third one.
BODY = """
BUILD = ["slow", "other"]
SLOW = '''
import os, subprocess, sys, time
open("out", "w").write("half")
subprocess.Popen(["sleep", "97"], start_new_session=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp("sleep", ["sleep", "98"])
    os._exit(0)
os.wait()
print("halfway", flush=True)
time.sleep(60)
'''
def task_first():
    yield task(copy("first", "a", "build/first"), doc="x")
def task_slow():
    yield task(python("slow", SLOW, sources=("build/first",)), doc="x")
def task_other():
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    yield task(python("other", code, outputs=("other",)), doc="ignores SIGTERM")
"""


@pytest.fixture
def halfway(checkout, started):
    """Return a build that is half done."""
    checkout.write("a", "A")
    checkout.dodo(BODY)
    checkout.write("build/out", "old")
    process = started("-n", "3", start_new_session=True)
    until = time.monotonic() + 20
    while not (checkout.exists("build/slow.log") and "halfway" in checkout.read("build/slow.log")):
        assert time.monotonic() < until
        time.sleep(0.01)
    checkout.wait_for("build/other.log")
    return process


def check_nothing_is_lost_or_half_done(checkout) -> None:
    assert checkout.read("build/first") == "A"
    assert checkout.exists("build/.farm/records/build/first.json")
    assert not checkout.exists("build/.farm/records/build/out.json")
    assert checkout.read("build/out") == "old", "only a finished step touches its target"
    assert not checkout.exists("build/other")
    checkout.dodo(BODY.replace("time.sleep(60)", "pass"))
    output = checkout.doit("slow")
    assert "1 run, 1 current" in output
    assert checkout.read("build/out") == "half"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.slow
def test_signal_to_the_engine_alone(checkout, halfway: subprocess.Popen[str], number: int, status: int) -> None:
    begun = time.monotonic()
    halfway.send_signal(number)
    output, _ = halfway.communicate(timeout=20)
    assert halfway.returncode == status, output
    assert time.monotonic() - begun < 5, "SIGTERM, two seconds, SIGKILL"
    last = output.splitlines()[-1]
    assert last.startswith(f"stopped by {signal.Signals(number).name}; ended ")
    assert "1 finished and recorded, 2 remain for the next build" in last
    assert "Traceback" not in output
    assert checkout.processes() == []
    assert checkout.scratch() == []
    check_nothing_is_lost_or_half_done(checkout)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_build_in_the_background_goes_on(checkout, started, number: int) -> None:
    """In a script `doit build &` ignores SIGINT, under nohup it ignores SIGHUP. Neither ends it, but SIGTERM does."""
    checkout.dodo("""
BUILD = ["slow"]
CODE = "import time; print(1, flush=True); time.sleep(60)"
def task_slow():
    yield task(python("slow", CODE), doc="x")
""")
    process = started(preexec_fn=lambda: signal.signal(number, signal.SIG_IGN))
    checkout.wait_for("build/slow.log")
    process.send_signal(number)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=1)
    process.terminate()
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 143, output
    assert output.splitlines()[-1].startswith("stopped by SIGTERM; ended ")


def test_killed_engine(checkout, halfway: subprocess.Popen[str]) -> None:
    halfway.kill()
    halfway.communicate(timeout=20)
    # The kernel ends the tools. The next build ends the processes that they had started, and removes their folders.
    check_nothing_is_lost_or_half_done(checkout)
    assert checkout.processes() == []
    assert checkout.scratch() == []


def test_an_edit_that_is_taken_back_after_a_kill_costs_nothing(checkout, started) -> None:
    checkout.write("a", "0")
    checkout.dodo("""
BUILD = ["slow"]
CODE = "import time; s = open('a').read(); print(1, flush=True); time.sleep(float(s)); open('out', 'w').write(s)"
def task_slow():
    yield task(python("slow", CODE, sources=("a",)), doc="x")
""")
    checkout.doit()
    (checkout.folder / "build/slow.log").unlink()
    checkout.write("a", "60")
    process = started()
    checkout.wait_for("build/slow.log")
    process.kill()
    process.communicate(timeout=20)
    checkout.write("a", "0")
    assert checkout.ran() == set()


def children(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in found.stdout.split()]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("victim", "words"),
    [("tool", "was ended by SIGKILL"), ("shim", "lost the process that watches it")],
)
def test_killed_under_the_engine(checkout, halfway: subprocess.Popen[str], victim: str, words: str) -> None:
    # The step is tried again and killed each time.
    while halfway.poll() is None:
        for shim in children(halfway.pid):
            for one in children(shim)[:1] if victim == "tool" else [shim]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one, signal.SIGKILL)
        time.sleep(0.02)
    output, _ = halfway.communicate(timeout=20)
    assert halfway.returncode == 1
    # The other step may have reached its last attempt first.
    assert re.search(rf"again   (slow|other) {words}", output)
    assert re.search(rf"FAILED  (slow|other) {words}", output)
    assert checkout.processes() == []
    # A step that has failed for good leaves no target; one that was to be tried again leaves the old one.
    assert not checkout.exists("build/out") or checkout.read("build/out") == "old"


def test_second_build_waits_for_the_first(checkout, started, tmp_path) -> None:
    gate = tmp_path / "gate"
    wait = f"while not os.path.exists({str(gate)!r}): time.sleep(0.02)"
    checkout.dodo(f"""
BUILD = ["slow"]
WAIT = {wait!r}
def task_slow():
    code = "import os, time\\nprint(1, flush=True)\\n" + WAIT + "\\nopen('out', 'w').write('x')"
    yield task(python("slow", code), doc="x")
""")
    first = started()
    checkout.wait_for("build/slow.log")
    second = started()
    assert second.stdout is not None
    output = second.stdout.readline()
    gate.touch()
    output += second.communicate(timeout=20)[0]
    assert re.search(rf"another build runs in this checkout \(process {first.pid} \(.*\) of .*\); waiting for", output)
    assert "nothing to do: 1 current" in output
    assert first.wait(timeout=20) == 0


def test_stop_while_waiting_for_another_build(checkout, started) -> None:
    checkout.dodo("""
BUILD = ["slow"]
def task_slow():
    yield task(python("slow", "import time; print(1, flush=True); time.sleep(30)"), doc="x")
""")
    started()
    checkout.wait_for("build/slow.log")
    second = started()
    assert second.stdout is not None
    assert "waiting for it to end" in second.stdout.readline()
    second.send_signal(signal.SIGINT)
    output, _ = second.communicate(timeout=20)
    assert second.returncode == 130, output
    assert len(checkout.processes()) >= 1, "the first build goes on"


@pytest.mark.parametrize("command", ["build", "plan", "list"])
def test_stop_while_dodo_is_read(checkout, started, command: str) -> None:
    checkout.dodo("""
import time
BUILD = []
print("reading", flush=True)
time.sleep(30)
""")
    process = started(command)
    assert process.stdout is not None
    assert process.stdout.readline() == "reading\n"
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert (process.returncode, output) == (130, "stopped by SIGINT\n")


def test_interrupted_function(checkout, started) -> None:
    checkout.dodo("""
import subprocess
BUILD = ["show"]
def show():
    Path("begun").write_text("")
    subprocess.run(["sleep", "60"])
def task_show():
    return {"actions": [show]}
""")
    process = started()
    checkout.wait_for("begun")
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 143, output
    assert "stopped by SIGTERM" in output
    assert checkout.processes() == []


def test_what_a_tool_leaves_running_is_ended(checkout) -> None:
    checkout.dodo("""
BUILD = ["leaves"]
CODE = "import subprocess; subprocess.Popen(['sleep', '99'], start_new_session=True); open('out', 'w').write('x')"
def task_leaves():
    yield task(python("leaves", CODE), doc="x")
""")
    begun = time.monotonic()
    checkout.doit()
    assert time.monotonic() - begun < 5
    assert checkout.processes() == []


@pytest.mark.parametrize("words", [("plan", "--all"), ("list", "--all"), ("info", "w:7"), ("why", "w")])
def test_reader_of_a_command_that_looks_goes_away(checkout, words: tuple[str, ...]) -> None:
    checkout.dodo("""
BUILD = ["w"]
def task_w():
    for n in range(2000):
        facts = tuple((f"fact{m}", "x" * 70) for m in range(2000 * (n == 7)))
        yield task(copy(f"w:{n}", "a", f"build/{n}", facts=facts), doc="x" * 70)
""")
    checkout.write("a", "A")
    process = checkout.start(*words)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    process.wait(60)
    assert process.returncode == 141


def test_reader_that_goes_away(checkout, started) -> None:
    checkout.dodo("""
BUILD = ["a", "b"]
def task_a():
    yield task(python("a", "import time; time.sleep(0.5); open('out', 'w').write('x')"), doc="x")
def task_b():
    yield task(python("b", "import time; time.sleep(60)", outputs=("other",)), doc="x")
""")
    process = started("-n", "2")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=30) == 141
    assert checkout.processes() == []
