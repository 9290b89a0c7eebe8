"""Words after `doit`, and output on a terminal, in small projects."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys

import pytest


class TestCommandLine:
    def test_option_after_the_task(self, chain) -> None:
        assert "options come before the task; type: doit -n 4 join" in chain.doit("join", "-n", "4", status=3)
        assert "doit -c up:a join" in chain.doit("up:a", "-c", "join", status=3)
        assert "doit -n 4 join farm.slots=2" in chain.doit("join", "farm.slots=2", "-n", "4", status=3)

    @pytest.mark.parametrize("option", ["-P", "--parallel-type=thread", "-Pthread", "--single", "-s", "-r", "--pdb"])
    def test_options_of_other_runners(self, chain, option: str) -> None:
        assert "the farm has no option" in chain.doit(option, status=3)

    @pytest.mark.parametrize("words", [("dumpdb",), ("dumpdb", "-x", "y"), ("strace", "join"), ("strace",)])
    def test_commands_of_doit_that_have_no_meaning_here(self, chain, words: tuple[str, ...]) -> None:
        (line,) = chain.doit(*words, status=3).splitlines()
        assert line.startswith(f"ERROR: the farm has no 'doit {words[0]}': ")
        assert "'doit info TASK'" in line
        assert not chain.exists("build")

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
            "ERROR: step 'a' has the source of an input '../b', which is not a relative path inside the folder\n"
        )

    def test_doit_itself_refuses_and_records_nothing(self, chain) -> None:
        (chain.folder / "sub").mkdir()
        # From a subfolder doit reads no pyproject.toml, so it has neither the engine nor the journal. If the farm is
        # not installed, there are no entry points either.
        code = (
            "import sys, doit.plugin; doit.plugin.entry_points_impl = lambda: lambda group: ()\n"
            "from doit.doit_cmd import DoitMain; sys.exit(DoitMain().run(sys.argv[1:]))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, "-f", "../dodo.py"],
            cwd=chain.folder / "sub",
            env=chain.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert "is run by the farm, not by doit itself" in done.stdout
        assert not chain.exists("build/a")


@pytest.mark.slow
def test_terminal(chain) -> None:
    chain.environment["TERM"] = "xterm"
    chain.dodo(chain.body.replace("print(", "import time; time.sleep(0.5); print('[red]'); print("))
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
