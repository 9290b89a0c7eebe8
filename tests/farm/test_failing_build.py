"""Steps that fail in whole builds of small projects, and tasks that the farm refuses or runs as doit does."""

from __future__ import annotations

import time


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
        remedy = "remedy: correct the lines named above (failure class: source)"
        assert f"code.py:2\n          {remedy}\n          log: build/bad.log\n" in output

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
        assert "did not end within 0.3 s" in self.fail(checkout, code, timeout_s=0.3)
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
    yield task(copy("one", "a", "build/out"), doc="x", publish_hook=published)
""")
        checkout.doit()
        (checkout.folder / "list").unlink()
        assert "nothing to do" in checkout.doit()
        assert checkout.read("list") == "1"
        checkout.write("broken", "")
        shown = checkout.doit(status=1)
        assert "FAILED  one has its outputs in place, but the publish hook failed: OSError: no room" in shown
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
    yield task(copy("one", "a", "build/out"), doc="x", publish_hook=published)
"""
        checkout.dodo(body)
        assert "publish hook failed: OSError: no room" in checkout.doit(status=1)
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
        # Like in doit: an exception is an error, not a failure that the task reports.
        assert "RuntimeError: no card" in checkout.doit(status=2)


def test_a_step_that_cannot_run_here_fails_before_others_start(checkout) -> None:
    checkout.write("a", "A")
    checkout.dodo("""
BUILD = ["first", "second"]
def task_first():
    yield task(copy("first", "a", "build/first"), doc="x")
def task_second():
    yield task(copy("second", "a", "build/second"), doc="x", cannot_run="no tool is installed; install one")
""")
    output = checkout.doit(status=1)
    assert "FAILED  second could not be started: no tool is installed; install one" in output
    assert "run     first" not in output
    assert "run     first" in checkout.doit("-c", status=1)
