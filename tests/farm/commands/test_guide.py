"""`doit list`, `doit help` and the help text of every command."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = sorted(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["doit"]["plugins"]["command"])
#: Words that only doit's own code needs.
INTERNAL = (
    "CmdOption",
    "DB backend",
    "db-file",
    "backend",
    "check_file_uptodate",
    "config:",
    "%(",
    "object at",
    "False",
)

GUIDE = """
from farm.project import Guide, Question
GUIDE = Guide("A chain of three", (("doit join", "joins both"),), {"Parts": ("up",), "Whole": ("join", "build")})
QUESTIONS = (Question("fit", "Where each goes", print),)
DOIT_CONFIG = doit_config("build/main", settings=SETTINGS, redaction=NOTHING_PRIVATE, guide=GUIDE, questions=QUESTIONS)

def task_aside():
    return {"actions": ["true"], "doc": "not in the guide"}
"""


@pytest.fixture
def guided(chain):
    chain.dodo(GUIDE + chain.body)
    return chain


class TestList:
    def test_order_of_work_and_start(self, guided) -> None:
        assert guided.doit("list") == (
            "Start\n"
            "  doit join  joins both\n\n"
            "Parts\n"
            "  up     \n\n"
            "Whole\n"
            "  join   both parts\n"
            "  build  everything\n\n"
            "More\n"
            "  aside  not in the guide\n\n"
            "key=value changes a setting for one command (doit build clock_mhz=200); 'doit config' shows all keys.\n"
            "'doit list --all' names single blocks and cores, 'doit help' the questions and all other commands.\n"
        )

    def test_plain_for_scripts(self, guided) -> None:
        assert guided.doit("list", "-q").split() == ["up", "join", "build", "aside"]
        assert guided.doit("list", "-q", "--sort=name").split() == ["aside", "build", "join", "up"]
        assert guided.doit("list", "-q", "--all").split() == ["up", "up:a", "up:b", "join", "build", "aside"]
        assert guided.doit("list", "-q", "join").split() == ["join"]

    def test_without_a_guide_it_is_one_list(self, chain) -> None:
        lines = chain.doit("list").splitlines()
        assert [line.split()[0] for line in lines[:3]] == ["build", "up", "join"]


class TestHelp:
    def test_guide(self, guided) -> None:
        output = guided.doit("help")
        assert output == guided.doit("--help")
        assert output.startswith("A chain of three\n\nStart\n  doit join  ")
        order = ["\nBuild\n", "\nAsk: nothing is built\n", "\nKeep up\n"]
        assert [output.index(title) for title in order] == sorted(output.index(title) for title in order)
        assert re.search(r"^  doit fit +where each goes$", output, re.MULTILINE)
        assert "key=value sets something for this command only" in output
        shown = set(re.findall(r"^  doit (\S+)  ", output, re.MULTILINE))
        assert {*COMMANDS} - {"dumpdb", "strace"} <= shown

    def test_guide_without_a_dodo_that_can_be_read(self, chain) -> None:
        chain.write("dodo.py", "from doit.exceptions import InvalidDodoFile\nraise InvalidDodoFile('odd')\n")
        assert chain.doit("help").endswith("dodo.py cannot be read: odd\n")
        (chain.folder / "dodo.py").unlink()
        assert "doit plan" in chain.doit("help")

    @pytest.mark.parametrize("command", COMMANDS)
    def test_each_command(self, guided, command: str) -> None:
        output = guided.doit("help", command)
        if command not in ("dumpdb", "strace"):
            assert output == guided.doit(command, "--help")
            usage, empty, purpose, *_ = output.splitlines()
            assert usage.startswith(f"doit {command}")
            assert empty == ""
            assert re.match(r"[A-Z].*\.$|[A-Z].*[a-z]$", purpose)
        assert not [word for word in INTERNAL if word in output]
        assert all(len(line) <= 120 for line in output.splitlines())

    def test_task_and_a_word_that_is_neither(self, guided) -> None:
        output = guided.doit("help", "up")
        assert output.startswith("up: ")
        assert "It stands for\n  up:a\n  up:b\n" in output
        assert "doit info up" in output
        assert guided.doit("help", "jion", status=3) == (
            "ERROR: there is no task or target 'jion'; did you mean 'join'?\n"
        )
        assert "Task Dictionary parameters" in guided.doit("help", "task")

    @pytest.mark.parametrize("words", [("plan", "--bad"), ("reports", "-x"), ("cache", "--all"), ("run", "--colour")])
    def test_an_unknown_option_is_one_line(self, guided, words: tuple[str, str]) -> None:
        command, option = words
        (line,) = guided.doit(*words, status=3).splitlines()
        assert re.match(rf"ERROR: doit {command}: option {option} not recognized; 'doit {command} --help' shows", line)
