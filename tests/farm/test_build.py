"""Whole builds of small projects, through the doit command."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tomllib

ROOT = Path(__file__).resolve().parents[2]

CHAIN = """
BUILD = ["join"]

def task_up():
    for name in "ab":
        yield task(copy(f"up:{name}", f"{name}.txt", f"build/{name}"), doc="one part")

def task_join():
    yield task(
        Step("join", ("{python}", "join.py"),
             (Text("join.py", "print(open('a').read() + open('b').read(), end='', file=open('out', 'w'))"),
              File("a", "build/a"), File("b", "build/b")),
             (Output("out", "build/joined"),), log="build/join.log"),
        doc="both parts")
"""


@pytest.fixture
def chain(checkout):
    checkout.write("a.txt", "A\n")
    checkout.write("b.txt", "B\n")
    checkout.dodo(CHAIN)
    return checkout


def test_pyproject_declares_the_farm() -> None:
    plugins = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["doit"]["plugins"]
    assert plugins["command"]["run"] == "farm.commands.run:Run"
    for name, place in plugins["command"].items():
        module, _, attribute = place.partition(":")
        assert getattr(importlib.import_module(module), attribute).name == name
    assert plugins["backend"] == {"farm": "farm.database:Journal"}


def test_first_build_then_nothing_to_do(chain) -> None:
    output = chain.doit()
    assert chain.read("build/joined") == "A\nB\n"
    assert "3 run, 0 current" in output
    assert chain.scratch() == []
    # Of its own folder the engine may save digests of files that were too young to be trusted at first.
    made = [path for path in (chain.folder / "build").glob("*") if path.name != ".farm"]
    stamps = {path: path.stat().st_mtime_ns for path in made}
    assert "nothing to do: 3 current" in chain.doit()
    assert stamps == {path: path.stat().st_mtime_ns for path in made}


class TestWhatRunsAgain:
    @pytest.fixture(autouse=True)
    def built(self, chain) -> None:
        chain.doit()

    def test_edit(self, chain) -> None:
        chain.write("a.txt", "A2\n")
        assert chain.ran() == {"up:a", "join"}
        assert chain.read("build/joined") == "A2\nB\n"

    def test_edit_that_keeps_size_and_time(self, chain) -> None:
        path = chain.folder / "a.txt"
        before = path.stat()
        path.write_text("X\n")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert chain.ran() == {"up:a", "join"}

    def test_touch_runs_nothing(self, chain) -> None:
        (chain.folder / "a.txt").touch()
        assert chain.ran() == set()

    def test_edit_without_effect_stops_there(self, chain) -> None:
        chain.dodo(CHAIN.replace('f"build/{name}")', 'f"build/{name}", tools=(Tool("cp", "9"),))'))
        output = chain.doit()
        assert "cp (none) -> 9" in output
        assert "2 run, 1 current" in output

    @pytest.mark.parametrize("harm", ["delete", "truncate", "edit", "folder"])
    def test_harmed_target(self, chain, harm: str) -> None:
        path = chain.folder / "build/a"
        if harm in ("delete", "folder"):
            path.unlink()
        if harm == "truncate":
            os.truncate(path, 0)
        if harm == "edit":
            path.write_text("Z\n")
        if harm == "folder":
            path.mkdir()
            assert "FAILED  up:a" in chain.doit(status=1)
            path.rmdir()
        assert chain.made() == {"up:a"} or harm == "folder"
        assert chain.read("build/a") == "A\n"

    def test_command(self, chain) -> None:
        chain.dodo(CHAIN.replace("end=''", "end='!'"))
        assert chain.ran() == {"join"}
        assert chain.read("build/joined") == "A\nB\n!"

    def test_new_name_and_new_fact_run_nothing(self, chain) -> None:
        chain.dodo(CHAIN.replace('f"build/{name}")', 'f"build/{name}", facts=(("folding.pe", "8"),))'))
        assert chain.ran() == set()

    def test_damaged_record(self, chain) -> None:
        record = chain.folder / "build/.farm/records/build/a.json"
        record.write_text(record.read_text()[:40])
        assert chain.made() == {"up:a"}

    def test_lost_or_damaged_engine_folder(self, chain) -> None:
        chain.write("build/.farm/digests.json", "{]")
        chain.write("build/main/doit.journal", "no journal\n")
        assert chain.ran() == set()

    def test_always(self, chain) -> None:
        output = chain.doit("-a")
        assert "3 run, 0 current" in output
        assert "asked for with --always" in output

    def test_forget(self, chain) -> None:
        chain.doit("forget", "up:b")
        assert chain.made() == {"up:b"}
        chain.doit("forget", "--all")
        assert chain.made() == {"up:a", "up:b", "join"}

    def test_clean_removes_outputs_and_logs_only(self, chain) -> None:
        chain.write("build/mine", "")
        assert "remove build/joined, build/join.log" in chain.doit("clean", "-n", "join")
        assert chain.exists("build/joined")
        chain.doit("clean", "join")
        assert not chain.exists("build/joined")
        assert not chain.exists("build/join.log")
        assert chain.exists("build/a")
        assert chain.exists("build/mine")
        assert chain.made() == {"join"}

    def test_status_of_doit_agrees_with_the_engine(self, chain) -> None:
        assert "U up:a" in chain.doit("list", "--all", "-s")
        assert "up-to-date" in chain.doit("info", "join")
        chain.write("build/a", "Z\n")
        listing = chain.doit("list", "--all", "-s")
        assert "R up:a" in listing
        assert "U up:b" in listing
        assert "build/a was altered" in chain.doit("info", "up:a", status=1)

    def test_ignored_task_and_what_needs_it(self, chain) -> None:
        chain.doit("ignore", "up:a")
        chain.write("a.txt", "A2\n")
        assert "2 skipped" in chain.doit()
        assert chain.read("build/joined") == "A\nB\n"


def test_reasons_name_facts_first(checkout) -> None:
    body = """
BUILD = ["hls"]
def task_hls():
    yield task(copy("hls:x", "a", "build/x", facts=(("folding.pe", "8"),), inputs=(Text("p", "8"),)), doc="x")
"""
    checkout.write("a", "A")
    checkout.dodo(body)
    checkout.doit()
    checkout.dodo(body.replace('"8"', '"4"'))
    assert "run     hls:x  (folding.pe 8 -> 4 (+1))" in checkout.doit()
    checkout.dodo(body.replace('"8"', '"2"'))
    assert "p changed" in checkout.doit("-v", "2")


def test_switching_builds_runs_nothing(checkout) -> None:
    checkout.write("a", "A")
    checkout.dodo("""
BUILD = ["link"]
DOIT_CONFIG = doit_config(f"build/{SETTINGS.target}", default_tasks=["build"])
def task_link():
    yield task(copy("link", "a", f"build/{SETTINGS.target}/out", facts=(("t", SETTINGS.target),)), doc="x")
""")
    assert checkout.made("target=sw_emu") == {"link"}
    assert checkout.made("target=hw_emu") == {"link"}
    assert checkout.made("target=sw_emu") == set()
    assert checkout.made("target=hw_emu") == set()
    checkout.doit("forget", "link", "target=hw_emu")
    assert checkout.made("target=sw_emu") == set()
    assert checkout.made("target=hw_emu") == {"link"}


def test_steps_run_in_parallel_within_the_slots(checkout) -> None:
    checkout.dodo("""
BUILD = ["w"]
CODE = "import time, sys; a = time.time(); time.sleep(0.3); open('{0}', 'w').write(f'{{a}} {{time.time()}}')"
def task_w():
    for n in range(4):
        yield task(python(f"w:{n}", CODE.format(n), outputs=(str(n),)), doc="waits")
""")

    def most_at_once() -> int:
        spans = [tuple(map(float, checkout.read(f"build/{n}").split())) for n in range(4)]
        return max(sum(begin <= moment < end for begin, end in spans) for moment, _ in spans)

    checkout.doit("-n", "4")
    assert most_at_once() == 4
    checkout.doit("-n", "1", "-a")
    assert most_at_once() == 1
    checkout.doit("-a", "farm.slots=2")
    assert most_at_once() == 2


def test_a_step_sees_its_inputs_and_nothing_else(checkout) -> None:
    checkout.write("a", "A")
    checkout.write("secret", "S")
    checkout.environment["SECRET"] = "1"
    checkout.dodo("""
BUILD = ["look"]
CODE = '''
import json, os, sys
seen = sorted(os.path.join(d, f) for d, _, fs in os.walk(".") for f in fs)
print("to the log")
json.dump({"files": seen, "env": dict(os.environ), "cwd": os.getcwd(), "stdin": sys.stdin.read()}, open("sub/out", "w"))
'''
def task_look():
    yield task(python("look", CODE, outputs=("sub/out",), sources=("a",), environment=(("LEVEL", "3"),)), doc="x")
""")
    checkout.doit()
    seen = json.loads(checkout.read("build/sub/out"))
    assert seen["files"] == ["./a", "./code.py"]
    assert seen["stdin"] == ""
    assert seen["env"].pop("LEVEL") == "3"
    assert set(seen["env"]) <= {
        "PATH",
        "HOME",
        "TMPDIR",
        "LANG",
        "LC_CTYPE",
        "PYTHONHASHSEED",
        "PYTHONNOUSERSITE",
        "PYTHONDONTWRITEBYTECODE",
    }
    for folder in (seen["env"]["HOME"], seen["env"]["TMPDIR"], seen["cwd"]):
        assert folder.startswith(str(checkout.folder / "build/.farm/scratch/look-"))
    assert checkout.read("build/look.log") == "to the log\n"


def test_an_input_that_is_rewritten_in_place_stays_as_it_was(checkout) -> None:
    checkout.write("a", "A")
    checkout.dodo("""
BUILD = ["bad"]
def task_bad():
    yield task(python("bad", "open('a', 'w').write('broken'); open('out', 'w').write('x')", sources=("a",)), doc="x")
""")
    checkout.doit()
    assert checkout.read("a") == "A"


class TestFailures:
    def fail(self, checkout, code: str, **more: object) -> str:
        checkout.write("build/out", "old")
        extra = "".join(f", {name}={value!r}" for name, value in more.items())
        checkout.dodo(f"""
BUILD = ["after"]
def task_bad():
    yield task(python("bad", {code!r}{extra}), doc="fails")
def task_after():
    yield task(copy("after", "build/out", "build/after"), doc="needs it")
""")
        output = checkout.doit(status=1)
        assert not checkout.exists("build/out"), "a failed step leaves no target"
        assert not checkout.exists("build/after")
        assert checkout.scratch() == []
        assert "1 failed, 1 skipped" in output
        assert "log: build/bad.log" in output
        assert checkout.ran(status=1) == {"bad"}
        return output

    def test_exit_status_and_the_first_error_line(self, checkout) -> None:
        code = (
            "print('info: 0 errors so far'); print('x.cpp:3: error: no such thing'); "
            "open('out', 'w').write('x'); exit(3)"
        )
        output = self.fail(checkout, code)
        assert "FAILED  bad ended with exit status 3\n          x.cpp:3: error: no such thing\n" in output
        assert "error: no such thing" in checkout.read("build/bad.log")

    def test_traceback(self, checkout) -> None:
        output = self.fail(checkout, "def f():\n  raise ValueError('pe must divide')\nf()")
        assert "          ValueError: pe must divide\n          at " in output
        assert (
            "code.py:2\n          source: correct what the lines above name\n          log: build/bad.log\n" in output
        )

    def test_signal(self, checkout) -> None:
        assert "was ended by SIGSEGV" in self.fail(checkout, "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")

    def test_error_line_with_exit_status_0(self, checkout) -> None:
        code = "print('CRITICAL WARNING: no clock'); open('out', 'w').write('x')"
        output = self.fail(checkout, code, error_lines=("^CRITICAL WARNING",))
        assert "its log reports an error\n          CRITICAL WARNING: no clock\n" in output

    def test_log_without_its_closing_line(self, checkout) -> None:
        code = "print('read'); open('out', 'w').write('x')"
        output = self.fail(checkout, code, closing_line="^Exiting ")
        assert "ended with exit status 0, but its log is cut off: no line matches '^Exiting '\n" in output

    def test_log_with_its_closing_line(self, checkout) -> None:
        checkout.dodo("""
BUILD = ["good"]
def task_good():
    yield task(python("good", "print('Exiting now'); open('out', 'w').write('x')", closing_line="^Exiting "), doc="x")
""")
        assert checkout.ran() == {"good"}

    def test_log_that_is_truncated(self, checkout) -> None:
        log = str(checkout.folder / "build/bad.log")
        code = f"import os; print('a' * 100, flush=True); os.truncate({log!r}, 40); open('out', 'w').write('x')"
        assert "its log is cut off: 40 of the 101 bytes that were written are there" in self.fail(checkout, code)

    def test_missing_output(self, checkout) -> None:
        assert "its output out was not written" in self.fail(checkout, "print('done')")

    def test_empty_output(self, checkout) -> None:
        assert "its output out is empty" in self.fail(checkout, "open('out', 'w')")

    def test_link_as_output(self, checkout) -> None:
        assert "out is a symbolic link" in self.fail(checkout, "import os; os.symlink('/etc/passwd', 'out')")

    def test_timeout_ends_the_whole_tree(self, checkout) -> None:
        code = (
            "import subprocess, time; "
            "subprocess.Popen(['sleep', '60'], start_new_session=True); print('hanging', flush=True); time.sleep(60)"
        )
        begun = time.monotonic()
        assert "was not done after 0.3 s" in self.fail(checkout, code, timeout_s=0.3)
        assert time.monotonic() - begun < 10
        assert checkout.processes() == []

    def test_missing_program(self, checkout) -> None:
        checkout.write("a", "A")
        checkout.dodo("""
BUILD = ["bad"]
def task_bad():
    yield task(copy("bad", "a", "build/out", argv=("no-such-tool", "in")), doc="x")
""")
        assert "could not be started: 'no-such-tool' was not found on PATH" in checkout.doit(status=1)

    def test_log_that_cannot_be_written(self, checkout) -> None:
        checkout.dodo("""
BUILD = ["bad"]
def task_bad():
    yield task(python("bad", "open('out', 'w').write('x')"), doc="x")
""")
        (checkout.folder / "build/bad.log/sub").mkdir(parents=True)
        assert "FAILED  bad met an error of the engine: " in checkout.doit(status=1)

    def test_log_that_vanishes(self, checkout) -> None:
        checkout.dodo("""
BUILD = ["bad"]
CODE = f"import os; os.remove({str(Path.cwd() / 'build/bad.log')!r}); open('out', 'w').write('x')"
def task_bad():
    yield task(python("bad", CODE, error_lines=("^ERROR",)), doc="x")
""")
        assert "the log is gone" in checkout.doit(status=1)

    def test_keep_failed(self, checkout) -> None:
        checkout.dodo("""
BUILD = ["bad"]
def task_bad():
    yield task(python("bad", "open('half', 'w').write('x'); exit(1)"), doc="x")
""")
        checkout.doit("farm.keep_failed=true", status=1)
        (kept,) = checkout.scratch()
        assert checkout.exists(f"build/.farm/scratch/{kept}/work/half")

    def test_published_is_called_for_what_is_current_too(self, checkout) -> None:
        checkout.write("a", "A")
        checkout.dodo("""
BUILD = ["one"]
def published(paths):
    if Path("broken").exists():
        raise OSError("no room")
    Path("list").write_text(str(len(paths)))
def task_one():
    yield task(copy("one", "a", "build/out"), doc="x", published=published)
""")
        checkout.doit()
        (checkout.folder / "list").unlink()
        assert "nothing to do" in checkout.doit()
        assert checkout.read("list") == "1"
        checkout.write("broken", "")
        assert "FAILED  one has its outputs in place, but their use failed: OSError: no room" in checkout.doit(status=1)
        assert checkout.read("build/out") == "A"

    def test_published_that_fails_is_tried_again(self, checkout) -> None:
        checkout.write("a", "A")
        body = """
BUILD = ["one"]
def published(paths):
    if not Path("allowed").exists():
        raise OSError("no room")
    Path("seen").write_text(" ".join(path.name for path in paths))
def task_one():
    yield task(copy("one", "a", "build/out"), doc="x", published=published)
"""
        checkout.dodo(body)
        assert "their use failed: OSError: no room" in checkout.doit(status=1)
        checkout.write("allowed", "")
        assert checkout.made() == {"one"}
        assert checkout.read("seen") == "out"

    def test_continue(self, checkout) -> None:
        checkout.write("a", "A")
        checkout.dodo("""
BUILD = ["bad", "last", "good"]
def task_bad():
    yield task(python("bad", "exit(1)"), doc="x")
def task_mid():
    yield task(copy("mid", "build/out", "build/mid"), doc="x")
def task_last():
    yield task(copy("last", "build/mid", "build/last"), doc="x")
def task_good():
    yield task(copy("good", "a", "build/good"), doc="x")
""")
        output = checkout.doit("-n", "1", status=1)
        assert "0 run, 0 current, 1 failed, 2 skipped, 1 not started" in output
        assert "1 run, 0 current, 1 failed, 2 skipped" in checkout.doit("-n", "1", "-c", status=1)
        assert checkout.read("build/good") == "A"


class TestEditDuringTheRun:
    BODY = """
BUILD = ["slow"]
CODE = "import time; text = open('a').read(); print(1, flush=True); time.sleep(0.7); open('out', 'w').write(text)"
def task_slow():
    yield task(python("slow", CODE, sources=("a",)), doc="x")
"""

    def test_result_is_not_taken_for_the_new_input(self, checkout, started) -> None:
        checkout.write("a", "old")
        checkout.dodo(self.BODY)
        process = started()
        checkout.wait_for("build/slow.log")
        checkout.write("a", "new")
        output, _ = process.communicate(timeout=30)
        assert "a was edited while slow ran with it; the next build runs that again" in output
        assert "R slow" in checkout.doit("list", "-s")
        assert checkout.ran() == {"slow"}
        assert checkout.read("build/out") == "new"
        # The first result was right for the input that it had read.
        checkout.write("a", "old")
        assert checkout.ran() == set()
        assert checkout.read("build/out") == "old"


class TestOtherTasks:
    def test_functions_and_commands_run_in_order(self, checkout) -> None:
        checkout.write("a", "A")
        checkout.dodo("""
BUILD = ["show"]
def task_copy():
    yield task(copy("copy", "a", "build/out"), doc="x")
def task_show():
    return {"actions": [lambda: print("shows", Path("build/out").read_text()), ["echo", "and", "echoes"]],
            "file_dep": ["build/out"], "doc": "x"}
""")
        output = checkout.doit()
        assert "shows A" in output
        assert "and echoes" in output
        assert "nothing to do: 2 current" in checkout.doit()

    def test_failing_function(self, checkout) -> None:
        checkout.dodo("""
BUILD = ["bad"]
def bad():
    raise RuntimeError("no card")
def task_bad():
    return {"actions": [bad], "doc": "x"}
""")
        assert "RuntimeError: no card" in checkout.doit(status=1)

    @pytest.mark.parametrize(
        ("entry", "word"),
        [
            ('"calc_dep": ["build"]', "calc_dep"),
            ('"setup": ["build"]', "setup"),
            ('"getargs": {"x": ("build", "y")}', ""),
        ],
    )
    def test_graphs_that_are_not_known_before_are_refused(self, checkout, entry: str, word: str) -> None:
        checkout.dodo(f'BUILD = []\ndef task_odd():\n    return {{"actions": [["true"]], {entry}}}\n')
        assert f"task 'odd' uses {word}" in checkout.doit("odd", status=3)

    def test_delayed_tasks_are_refused(self, checkout) -> None:
        checkout.dodo("""
from doit import create_after
BUILD = []
@create_after(executed="build")
def task_odd():
    yield {"name": "x", "actions": [["true"]]}
""")
        assert "uses create_after" in checkout.doit("odd", status=3)


class TestCommandLine:
    def test_option_after_the_task(self, chain) -> None:
        assert "options stand before the task: doit -n 4 join" in chain.doit("join", "-n", "4", status=3)
        assert "doit -c up:a join" in chain.doit("up:a", "-c", "join", status=3)
        assert "doit -n 4 join farm.slots=2" in chain.doit("join", "farm.slots=2", "-n", "4", status=3)

    @pytest.mark.parametrize("option", ["-P", "--parallel-type=thread", "-Pthread", "--single", "-s", "-r", "--pdb"])
    def test_options_of_other_runners(self, chain, option: str) -> None:
        assert "the farm has no option" in chain.doit(option, status=3)

    def test_unknown_variable_and_task(self, chain) -> None:
        assert chain.doit("targt=hw", status=3) == (
            "ERROR: command line: unknown variable 'targt'; did you mean 'target'?\n"
        )
        assert chain.doit("jion", status=3) == "ERROR: there is no task or target 'jion'; did you mean 'join'?\n"

    def test_target_by_its_file_and_by_pattern(self, chain) -> None:
        assert chain.ran("build/a") == {"up:a"}
        assert chain.ran("up:*") == {"up:b"}

    def test_missing_sources_all_at_once(self, chain) -> None:
        (chain.folder / "a.txt").unlink()
        (chain.folder / "b.txt").unlink()
        output = chain.doit(status=3)
        assert "'a.txt' does not exist and no task makes it; step 'up:a' needs it" in output
        assert "'b.txt'" in output
        assert not chain.exists("build/.farm/records")

    def test_config(self, chain) -> None:
        chain.write("farm.yaml", "farm:\n  slots: 2\n")
        output = chain.doit("config", "clock_mhz=300")
        assert ["farm.slots", "2", "farm.yaml:2"] in [line.split()[:3] for line in output.splitlines()]
        assert ["clock_mhz", "300.0", "command", "line"] in [line.split()[:4] for line in output.splitlines()]

    def test_circle(self, checkout) -> None:
        checkout.dodo("""
BUILD = ["a"]
def task_a():
    yield task(copy("a", "build/b", "build/a"), doc="x")
def task_b():
    yield task(copy("b", "build/a", "build/b"), doc="x")
""")
        assert "tasks need one another in a circle: a -> b -> a" in checkout.doit(status=3)

    def test_bad_step_is_a_message(self, checkout) -> None:
        checkout.dodo("""
BUILD = ["a"]
def task_a():
    with plain_errors():
        yield task(copy("a", "../b", "build/a"), doc="x")
""")
        output = checkout.doit(status=3)
        assert output == (
            "ERROR: step 'a' has the source of an input '../b', which is no relative path inside the folder\n"
        )

    def test_doit_itself_refuses_and_records_nothing(self, chain) -> None:
        (chain.folder / "sub").mkdir()
        chain.folder = chain.folder / "sub"
        # From a subfolder doit reads no pyproject.toml, so neither the engine nor the journal is there.
        assert "is run by the farm, not by doit itself" in chain.doit("-f", "../dodo.py", status=2)
        chain.folder = chain.folder.parent
        assert not chain.exists("build/a")


def test_terminal(chain) -> None:
    chain.environment["TERM"] = "xterm"
    chain.dodo(CHAIN.replace("print(", "import time; time.sleep(0.5); print('[red]'); print("))
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "doit"], cwd=chain.folder, env=chain.environment, stdout=slave, stderr=slave
    )
    os.close(slave)
    seen = b""
    with contextlib.suppress(OSError):
        while data := os.read(master, 4096):
            seen += data
    os.close(master)
    assert process.wait(timeout=30) == 0
    text = seen.decode()
    assert "2/3 done, 1 running" in text
    assert "done    join" in text
    assert "3 run, 0 current" in text
