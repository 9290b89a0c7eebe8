"""Like `tests/farm/test_doit_contract.py`: parts of doit used for tasks that are no steps, and for options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from doit.cmd_base import DodoTaskLoader
from doit.cmd_clean import Clean
from doit.cmd_dumpdb import DumpDB
from doit.cmd_forget import Forget
from doit.cmd_info import Info
from doit.cmd_list import List
from doit.cmd_run import Run
from doit.cmd_strace import Strace
from doit.cmdparse import CmdOption, TaskParse
from doit.control import TaskControl
from doit.dependency import DbmDB, JsonDB, SqliteDB
from doit.doit_cmd import DoitConfig
from doit.loader import create_after, generate_tasks, load_tasks
from doit.plugin import PluginDict, PluginEntry
from doit.task import DelayedLoaded, dict_to_task

from farm.commands.helpful import Helpful

PARTS = {
    "doit.cmd_dumpdb.DumpDB": "test_commands_that_have_a_door",
    "doit.cmd_strace.Strace": "test_commands_that_have_a_door",
    "doit.dependency.DbmDB": "test_databases_are_those_of_doit_and_of_the_settings",
    "doit.dependency.JsonDB": "test_databases_are_those_of_doit_and_of_the_settings",
    "doit.dependency.SqliteDB": "test_databases_are_those_of_doit_and_of_the_settings",
    "doit.doit_cmd.DoitConfig": "test_settings_are_read_from_a_file",
    "doit.plugin.PluginDict": "test_a_table_of_commands_has_classes_and_plugins",
    "doit.plugin.PluginEntry": "test_a_plugin_is_loaded_by_its_name",
    "doit.cmdparse.CmdOption": "test_options_of_a_task_are_parsed",
    "doit.cmdparse.TaskParse": "test_options_of_a_task_are_parsed",
    "doit.loader.generate_tasks": "test_a_delayed_task_knows_its_creator",
    "doit.task.DelayedLoaded": "test_a_delayed_task_knows_its_creator",
}


def test_options_of_a_task_are_parsed() -> None:
    parser = TaskParse([CmdOption({"name": "port", "short": "p", "type": int, "default": 1})])
    values, rest = parser.parse(["-p", "4", "word", "-p", "5"])
    assert (dict(values), rest) == ({"port": 4}, ["word", "-p", "5"])


def test_a_delayed_task_knows_its_creator() -> None:
    @create_after(executed="a", target_regex="x.*")
    def task_b() -> Any:
        yield {"name": "one", "actions": ["true"], "targets": ["x"]}

    def task_a() -> Any:
        return {"actions": ["true"]}

    late, first = load_tasks({"task_a": task_a, "task_b": task_b}, allow_delayed=True)
    assert (late.name, late.actions, late.task_dep) == ("b", [], ["a"])
    loader = late.loader
    assert (loader.basename, loader.created, loader.target_regex, loader.kwargs) == (None, False, "x.*", None)
    assert not loader.regex_groups
    made = generate_tasks("b", loader.creator(), "")
    assert [task.name for task in made] == ["b", "b:one"]
    assert not DelayedLoaded
    control = TaskControl([first, late])
    TaskControl.set_implicit_deps(control.targets, made)
    assert control.targets == {"x": "b:one"}
    TaskControl.add_implicit_task_dep(control.targets, first, ["x"])
    assert first.task_dep == ["b:one"]
    first.task_dep.clear()
    control = TaskControl([first, late])
    control.process(["xx"])
    (name,) = control.selected_tasks
    group = control.tasks[name].loader.regex_groups[name]
    assert (group.target, group.tasks, group.found) == ("xx", {"b"}, False)


def test_a_task_takes_what_others_have_calculated() -> None:
    task = dict_to_task({"name": "a", "actions": None, "calc_dep": ["b"], "setup": ["s"], "getargs": {"x": ("c", "y")}})
    task.update_deps({"file_dep": ["in"], "task_dep": ["d"], "calc_dep": ["e"], "other": 1})
    assert (task.file_dep, task.task_dep, task.calc_dep) == ({"in"}, ["d"], {"b", "e"})
    assert (task.setup_tasks, task.getargs) == (["s", "c"], {"x": ("c", "y")})
    task.init_options()
    assert task.options == {}


def test_commands_that_have_a_door() -> None:
    """They are made with these names, and know the options that say which dodo.py is meant."""
    for command in (Run, List, Info, Forget, Clean, DumpDB, Strace):
        made = command(
            task_loader=DodoTaskLoader(), config={}, bin_name="doit", cmds=None, opt_vals={"dodoFile": "x.py"}
        )
        assert made.opt_vals == {"dodoFile": "x.py"}
        if command is DumpDB:
            continue  # it has no such options, and doit has parsed those before it
        options, words = made.cmdparser.parse(["-k", "-f", "y.py", "word", "-k"])
        assert (options["seek_file"], options["dodoFile"], words) == (True, "y.py", ["word", "-k"])


def test_databases_are_those_of_doit_and_of_the_settings() -> None:
    """The farm names doit's own itself; a run of doit keeps its reporters, which the farm does not ask for, apart."""
    config = {"BACKEND": {"mine": "doit.dependency:JsonDB"}}
    made = Run(task_loader=DodoTaskLoader(), config=config)
    expected = {"dbm": DbmDB, "json": JsonDB, "sqlite3": SqliteDB, "mine": JsonDB}
    # Other packages of this environment may have some too.
    assert made.get_backends().items() >= expected.items()
    own = Helped(task_loader=DodoTaskLoader(), config=config)
    assert own.get_backends() == expected
    assert own.cmdparser["backend"].choices.items() <= made.cmdparser["backend"].choices.items()
    assert {"console", "json"} <= set(made.get_reporters())


class Helped(Helpful, List):
    """A command of doit as the farm's."""


def test_settings_are_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text('[tool.doit]\nverbosity = 1\n[tool.doit.plugins.command]\nrun = "a:B"\n')
    config = DoitConfig().load_config_toml(str(tmp_path / "x.toml"), "tool.doit")
    assert config == {"COMMAND": {"run": "a:B"}, "GLOBAL": {"verbosity": 1}}


def test_a_plugin_is_loaded_by_its_name() -> None:
    assert PluginEntry("COMMAND", "run", "doit.cmd_run:Run").get() is Run


def test_a_table_of_commands_has_classes_and_plugins() -> None:
    table = PluginDict({"list": List, "run": PluginEntry("COMMAND", "run", "doit.cmd_run:Run")})
    assert table.to_dict() == {"list": List, "run": Run}
    assert table.get_plugin("run") is Run
