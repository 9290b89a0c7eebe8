"""doit in another folder than the checkout's, with the entry points of an installed farm."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PART = (
    (ROOT / "pyproject.toml").read_text().partition('[project.entry-points."doit.COMMAND"]\n')[2].partition("\n\n")[0]
)


@pytest.fixture
def installed(chain, tmp_path: Path):
    """The chain, seen from its folder `sub`, and the entry points as an installation has them."""
    info = tmp_path / "installed/installed_farm-0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: installed-farm\nVersion: 0\n")
    (info / "entry_points.txt").write_text("[doit.COMMAND]\n" + PART.replace('"', "") + "\n")
    chain.environment["PYTHONPATH"] += f"{os.pathsep}{info.parent}"
    chain.write("sub/deeper/x", "")
    chain.checkout = chain.folder
    chain.folder = chain.folder / "sub/deeper"
    return chain


@pytest.mark.slow
class TestCheckout:
    def test_plan_and_build_from_a_subfolder(self, installed) -> None:
        for words in (("-k",), ("-f", "../../dodo.py"), ("--file=../../dodo.py",), ("--seek-file",)):
            output = installed.doit(*words, "plan")
            assert "2 would run, 0 would be restored, 0 current" in output
        assert installed.ran("-k", "join") == {"up:a", "up:b", "join"}
        assert (installed.checkout / "build/joined").read_text() == "A\nB\n"
        assert sorted(path.name for path in installed.folder.iterdir()) == ["x"]
        assert "nothing to do: 3 current" in installed.doit("-k", "-n", "2", "build")
        assert "nothing to do: 3 current" in installed.doit("-n", "2", "-k")
        # A build from this folder is known in the checkout.
        installed.folder = installed.checkout
        assert "nothing to do: 3 current" in installed.doit()
        assert "0 would run" in installed.doit("-f", "dodo.py", "plan")
        assert "0 would run" in installed.doit("-k", "plan", "join")

    def test_other_commands(self, installed) -> None:
        (installed.checkout / "a.txt").write_text("other")
        assert "  maybe   join" in installed.doit("-k", "plan", "--all", "join")
        assert "up:a" in installed.doit("-k", "why", "up:a")
        assert "farm.slots" in installed.doit("-k", "config", "farm.slots=3")
        assert "command    : \n - cp in out" in installed.doit("-k", "info", "up:a", status=1)
        assert "R up:a" in installed.doit("-k", "list", "--all", "-s")
        installed.doit("-k", "build")
        installed.doit("-k", "clean", "up:a")
        assert not (installed.checkout / "build/a").exists()
        assert "the farm has no 'doit dumpdb'" in installed.doit("-k", "dumpdb", status=3)
        assert "there is no task or target 'plam'" in installed.doit("-k", "plam", status=3)
        assert "options come before the task" in installed.doit("-k", "join", "-n", "2", status=3)

    def test_the_variable_of_doit(self, installed) -> None:
        installed.environment["DOIT_SEEK_FILE"] = "1"
        assert "2 would run" in installed.doit("plan")

    def test_help_is_the_farms(self, installed) -> None:
        installed.folder = installed.checkout
        wanted = [("help",), ("help", "list"), ("help", "up:a")]
        here = [installed.doit(*words) for words in wanted]
        installed.folder = installed.checkout / "sub"
        assert [installed.doit("-k", *words) for words in wanted] == here
        # As behind `| head`: nobody reads the pipe.
        reader, writer = os.pipe()
        os.close(reader)
        argv = [installed.python, "-m", "doit", "-k", "help", "list"]
        done = subprocess.run(
            argv, cwd=installed.folder, env=installed.environment, stdout=writer, stderr=subprocess.PIPE, check=False
        )
        os.close(writer)
        assert (done.returncode, done.stderr) == (141, b"")

    def test_without_k_a_subfolder_is_told_of_it(self, installed) -> None:
        told = f"ERROR: this folder has no dodo.py; 'doit -k ...' takes that of {installed.checkout}\n"
        for words in ((), ("build",), ("list",), ("help",), ("help", "list")):
            assert installed.doit(*words, status=3) == told
        assert "Could not find dodo file" in installed.doit("-f", "absent/dodo.py", status=3)

    def test_no_dodo_file(self, installed) -> None:
        (installed.checkout / "dodo.py").unlink()
        assert "Could not find dodo file" in installed.doit("-k", "list", status=3)
        assert "Could not find dodo file" in installed.doit("-k", "plan", status=3)


@pytest.mark.slow
class TestOtherProjects:
    """A project of doit alone in the environment where the farm is installed."""

    @pytest.fixture
    def other(self, installed):
        (installed.checkout / "pyproject.toml").write_text("[tool.doit]\nverbosity = 0\n")
        installed.dodo = (installed.checkout / "dodo.py").write_text(
            "def task_plan():\n    return {'actions': ['touch planned'], 'doc': 'a task'}\n"
        )
        return installed

    def test_doit_itself_goes_on(self, other) -> None:
        assert other.doit("-k", "plan") == ".  plan\n"
        assert (other.checkout / "planned").exists()
        other.folder = other.checkout
        assert other.doit("plan") == ".  plan\n"
        assert other.doit("list").split() == ["plan", "a", "task"]
        assert other.doit("-n", "1", "-P", "thread", "plan") == ".  plan\n"
        assert "run tasks\n" in other.doit("help", "run")
        assert "parallel-type" in other.doit("help", "run")

    def test_commands_of_its_own(self, other) -> None:
        (other.checkout / "own.py").write_text(
            "from doit.cmd_run import Run\nclass Own(Run):\n    name = 'run'\n"
            "    def parse_execute(self, words):\n        print('own', words)\n        return 5\n"
        )
        (other.checkout / "pyproject.toml").write_text('[tool.doit.plugins.command]\nrun = "own:Own"\n')
        other.environment["PYTHONPATH"] += f"{os.pathsep}{other.checkout}"
        other.folder = other.checkout
        assert other.doit("plan", status=5) == "own ['plan']\n"
