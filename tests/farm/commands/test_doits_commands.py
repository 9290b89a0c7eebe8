"""Assumptions of our commands about doit, shown on doit alone; `tests/farm/test_doit_contract.py` lists them."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest
from doit import (
    cmd_base,
    cmd_clean,
    cmd_completion,
    cmd_forget,
    cmd_help,
    cmd_ignore,
    cmd_info,
    cmd_list,
    cmd_resetdep,
    cmd_run,
)
from doit.cmdparse import CmdParseError
from doit.exceptions import InvalidCommand, InvalidDodoFile, InvalidTask


def doit(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-m", "doit", *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_options_of_run() -> None:
    for option, name, short in (
        (cmd_run.opt_always, "always", "a"),
        (cmd_run.opt_auto_delayed_regex, "auto_delayed_regex", ""),
        (cmd_run.opt_continue, "continue", "c"),
        (cmd_run.opt_verbosity, "verbosity", "v"),
    ):
        assert (option["name"].rstrip("_"), option["short"]) == (name, short)
    assert "force_verbosity" in inspect.signature(cmd_run.Run._execute).parameters


def test_parameters_of_the_commands_that_are_extended() -> None:
    def names(command: type) -> list[str]:
        return list(inspect.signature(command._execute).parameters)[1:]  # type: ignore[attr-defined]

    assert names(cmd_clean.Clean) == ["dryrun", "cleandep", "cleanall", "cleanforget", "pos_args"]
    assert names(cmd_forget.Forget) == ["forget_sub", "forget_disable_default", "forget_all"]
    assert names(cmd_info.Info) == ["pos_args", "hide_status"]
    assert names(cmd_list.List) == [
        *("subtasks", "quiet", "status", "private", "list_deps", "template", "sort", "pos_args")
    ]
    assert callable(cmd_info.Info.get_reasons)


_COMMAND = """
from doit.cmd_base import DoitCmdBase
from doit.cmd_run import Run
from doit.exceptions import InvalidCommand

class Own(DoitCmdBase):
    doc_purpose, doc_usage, doc_description = "p", "u", None
    cmd_options = ({"name": "all_tasks", "short": "", "long": "all", "type": bool, "default": False, "help": "h"},)

    def _execute(self, dep_file, all_tasks, pos_args):
        tasks = [task.name for task in self.task_list]
        self.outstream.write(f"{dep_file} {all_tasks} {pos_args} {self.sel_tasks} {tasks} "
                             f"{type(self.dep_manager).__name__}\\n")
        return 7

class Bare(DoitCmdBase):
    doc_purpose, doc_usage, doc_description = "p", "u", None
    cmd_options = ()

    def execute(self, params, args):
        self.loader.setup(params)
        print(self.loader.load_doit_config()["setting"], args)
        return 0

class Instead(Run):
    name = "run"

    def parse_execute(self, in_args):
        print("parsed", in_args)
        return super().parse_execute(in_args)

    def _execute(self, dep_file, verbosity=None, always=False, continue_=False, num_process=0, force_verbosity=False,
                 pos_args=None):
        if always:
            raise InvalidCommand("not that")
        print("instead", self.sel_tasks, pos_args, verbosity, force_verbosity)
        return 5
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "own.py").write_text(_COMMAND)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.doit.plugins.command]\nrun = "own:Instead"\nown = "own:Own"\nbare = "own:Bare"\n'
    )
    (tmp_path / "dodo.py").write_text(
        "DOIT_CONFIG = {'default_tasks': ['a'], 'dep_file': 'sub/memory', 'setting': 4}\n"
        "def task_a():\n    return {'actions': ['true']}\ndef task_b():\n    return {'actions': ['true']}\n"
    )
    (tmp_path / "sub").mkdir()
    return tmp_path


def test_a_command_gets_the_parameters_that_it_names(project: Path) -> None:
    done = doit(project, "own", "--all", "b", "name=value")
    assert (done.returncode, done.stdout) == (7, "sub/memory True ['b'] ['b'] ['a', 'b'] Dependency\n")
    assert doit(project, "own").stdout == "sub/memory False [] ['a'] ['a', 'b'] Dependency\n"
    assert doit(project, "bare", "word").stdout == "4 ['word']\n"
    assert issubclass(cmd_run.Run, cmd_base.DoitCmdBase)


def test_a_command_named_run_takes_the_place_of_doits(project: Path) -> None:
    done = doit(project, "-v", "2", "b")
    assert (done.returncode, done.stdout) == (5, "parsed ['-v', '2', 'b']\ninstead ['b'] ['b'] 2 True\n")
    # doit reads pyproject.toml only in the current folder. Elsewhere plain doit runs, so steps must refuse.
    done = doit(project / "sub", "-f", "../dodo.py", "list")
    assert "instead" not in done.stdout


@pytest.mark.parametrize("error", [InvalidCommand, InvalidTask, InvalidDodoFile])
def test_errors_end_doit_with_a_message_and_status_3(project: Path, error: type[Exception]) -> None:
    (project / "dodo.py").write_text(
        f"from doit.exceptions import {error.__name__}\nraise {error.__name__}('one clear sentence')\n"
    )
    done = doit(project, "list")
    assert (done.returncode, done.stderr.strip()) == (3, "ERROR: one clear sentence")
    assert done.stdout == ""


def test_commands_that_only_get_another_text() -> None:
    for command in (cmd_completion.TabCompletion, cmd_ignore.Ignore, cmd_resetdep.ResetDep):
        assert issubclass(command, cmd_base.DoitCmdBase)
        assert isinstance(command.doc_purpose, str)
    assert cmd_resetdep.ResetDep.name == "reset-dep"


_HELP = """
from doit.cmd_base import DoitCmdBase
from doit.cmd_help import Help

class Own(DoitCmdBase):
    doc_purpose = "own"

def guide(self, cmds):
    print("guide", cmds["own"].doc_purpose, type(self.loader).__name__, "help" in cmds)

Help.print_usage = guide
"""


def test_help_of_the_whole_is_printed_by_print_usage_of_doits_own_class(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(_HELP)
    (tmp_path / "pyproject.toml").write_text('[tool.doit.plugins.command]\nown = "own:Own"\n')
    done = doit(tmp_path, "--help")
    assert (done.returncode, done.stdout) == (0, "guide own DodoTaskLoader True\n")
    assert {"init_kwargs", "print_task_help"} <= {*vars(cmd_help.Help), *cmd_help.Help.__init__.__code__.co_names}


def test_an_unknown_option_is_refused_before_dodo_is_read(project: Path) -> None:
    (project / "dodo.py").write_text("raise SystemExit('read')\n")
    done = doit(project, "own", "--bad")
    assert done.returncode == 3
    assert "option --bad not recognized" in done.stderr
    with pytest.raises(CmdParseError) as error:
        cmd_list.List(task_loader=cmd_base.DodoTaskLoader()).cmdparser.parse(["--bad"])
    # The words without the objects of the options.
    assert str(error.value.__context__) == "option --bad not recognized"
