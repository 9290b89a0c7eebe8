"""Tasks that are no steps in one graph with steps; cases that the farm refuses or treats differently from doit."""

from __future__ import annotations

import signal

import pytest
from doit_samples import HEAD


@pytest.fixture
def own(checkout):
    def dodo(body: str) -> None:
        checkout.dodo(HEAD + body)

    checkout.own = dodo
    return checkout


class TestWithSteps:
    def test_a_step_is_a_setup_and_runs_only_if_needed(self, own) -> None:
        own.write("in", "1")
        own.write("a", "A")
        own.own("""
BUILD = ["client"]
def task_copy():
    yield task(copy("copy", "a", "build/copy"), doc="x")
def task_client():
    return {"actions": [(note, ["client"])], "setup": ["copy"], "file_dep": ["in"], "doc": "x"}
""")
        assert own.ran() == {"copy"}
        own.write("a", "B")
        assert "nothing to do" in own.doit()
        own.write("in", "2")
        plan = own.doit("plan")
        assert plan.index("run     copy") < plan.index("run     client")
        assert own.ran() == {"copy"}
        assert own.read("trace") == "client\nclient\n"

    def test_a_step_reads_what_a_delayed_task_declares(self, own) -> None:
        own.own("""
BUILD = ["last"]
def task_ask():
    return {"actions": [lambda: {"file_dep": ["build/one"]}], "doc": "x"}
def task_one():
    yield task(python("one", "open('one', 'w').write('1')", outputs=("one",)), doc="x")
def task_last():
    return {"actions": [lambda dependencies: note(dependencies)], "calc_dep": ["ask"], "doc": "x"}
""")
        assert own.ran() == {"one"}
        assert own.read("trace") == "['build/one']\n"

    def test_a_failed_step_skips_a_task_that_has_not_been_known(self, own) -> None:
        own.own("""
BUILD = ["bad", "last"]
def task_bad():
    yield task(python("bad", "exit(1)"), doc="x")
def task_ask():
    return {"actions": [lambda: {"task_dep": ["between"]}], "task_dep": ["wait"], "doc": "x"}
def task_wait():
    yield task(python("wait", "import time; time.sleep(0.5); open('w', 'w').write('1')", outputs=("w",)), doc="x")
def task_between():
    return {"actions": [(note, ["between"])], "task_dep": ["bad"], "doc": "x"}
def task_last():
    return {"actions": [(note, ["last"])], "calc_dep": ["ask"], "doc": "x"}
""")
        output = own.doit("-c", "-n", "2", status=1)
        assert "2 run, 0 current, 1 failed, 2 skipped" in output
        assert not own.exists("trace")

    def test_a_signal_runs_the_teardowns(self, own, started) -> None:
        own.own("""
BUILD = ["wait"]
def task_server():
    return {"actions": [(note, ["start"])], "teardown": [(note, ["stop"])], "doc": "x"}
def task_wait():
    return {"actions": ["touch begun; sleep 30"], "setup": ["server"], "doc": "x"}
""")
        process = started()
        own.wait_for("begun")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=40)
        assert process.returncode == 130
        assert own.read("trace") == "start\nstop\n"


class TestRefused:
    @pytest.mark.parametrize(
        ("entry", "word"),
        [
            ('"calc_dep": ["build"]', "calc_dep"),
            ('"setup": ["build"]', "setup"),
            ('"getargs": {"x": ("build", "y")}', "getargs"),
            ('"teardown": ["true"]', "teardown"),
        ],
    )
    def test_steps_whose_needs_are_not_known_before(self, own, entry: str, word: str) -> None:
        own.write("a", "A")
        own.own(f"""
BUILD = []
def task_odd():
    yield {{**task(copy("odd", "a", "build/a"), doc="x"), {entry}}}
""")
        assert f"task 'odd' is a step and has {word}; " in own.doit("odd", status=3)

    def test_a_step_that_is_created_late(self, own) -> None:
        own.write("a", "A")
        own.own("""
BUILD = []
@create_after(executed="build")
def task_late():
    yield task(copy("late:x", "a", "build/a"), doc="x")
""")
        output = own.doit("late", status=2)
        assert "FAILED  late cannot be prepared: it creates step 'late:x', and all steps have to be known" in output

    @pytest.mark.parametrize("name", ["reporter", "outfile", "par_type"])
    def test_options_of_doits_runner_in_files(self, own, name: str) -> None:
        body = 'BUILD = ["a"]\ndef task_a():\n    return {"actions": [(note, ["a"])]}\n'
        own.own(f'DOIT_CONFIG["{name}"] = "json"\n{body}')
        (line,) = own.doit(status=3).splitlines()
        assert line.startswith(f"ERROR: the farm has no '{name}' (DOIT_CONFIG): ")
        own.own(body)
        own.write("doit.cfg", f"[GLOBAL]\n{name} = json\n")
        assert f"the farm has no '{name}' (doit's settings): " in own.doit(status=3)
        assert not own.exists("trace")


class TestOtherwiseThanDoit:
    def test_a_program_that_is_not_there_is_an_error_and_no_traceback(self, own) -> None:
        own.own('BUILD = ["a"]\ndef task_a():\n    return {"actions": [["no-such-program"]], "doc": "x"}\n')
        output = own.doit(status=2)
        assert "FAILED  a cannot be executed: FileNotFoundError: " in output
        assert "Traceback" not in output

    def test_a_task_does_not_run_without_its_setup(self, own) -> None:
        own.own("""
BUILD = ["client", "other"]
def task_server():
    return {"actions": ["exit 1"], "doc": "x"}
def task_client():
    return {"actions": [(note, ["client"])], "setup": ["server"], "doc": "x"}
def task_other():
    return {"actions": [(note, ["other"])], "doc": "x"}
""")
        own.doit("-c", status=2)
        assert own.read("trace") == "other\n"

    def test_values_that_are_no_plain_data(self, own) -> None:
        own.own("""
BUILD = ["good", "bad"]
def task_good():
    return {"actions": [(note, ["good"])], "uptodate": [run_once], "doc": "x"}
def task_bad():
    return {"actions": [lambda: {"x": {1, 2}}], "doc": "x"}
""")
        assert "FAILED  bad cannot be recorded: TypeError: " in own.doit(status=2)
        assert "1 current" in own.doit(status=2)
        assert own.read("trace") == "good\n"

    def test_what_failed_quietly_shows_its_words(self, own) -> None:
        own.own("""
BUILD = ["bad"]
def task_bad():
    return {"actions": ["echo said; echo cried >&2; exit 3"], "verbosity": 0, "doc": "x"}
""")
        output = own.doit(status=1)
        assert "          said\n          cried\n" in output
