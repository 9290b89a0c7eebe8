"""The farm's assumptions about doit, part by part, shown on doit alone. A release that breaks one fails here.

`PARTS` names every part that the farm imports, with the tests that cover it; a test checks that the list is complete.
Parts for tasks that are no steps, and for the command line, are in `own_tasks/test_contract.py`.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

import pytest
from doit.action import BaseAction
from doit.control import TaskControl
from doit.dependency import Dependency, DependencyStatus, FileChangedChecker, JSONCodec, JsonDB
from doit.exceptions import BaseFail, TaskError, TaskFailed
from doit.loader import generate_tasks
from doit.task import Stream, Task, dict_to_task

ROOT = Path(__file__).resolve().parents[2]

#: The parts that commands use are shown there.
COMMANDS = Path(__file__).parent / "commands" / "test_doits_commands.py"
#: A list of further parts, and what shows them.
OWN_TASKS = Path(__file__).parent / "own_tasks" / "test_contract.py"
PARTS = {
    "doit.action.BaseAction": "test_an_action_of_our_own_is_executed_and_its_failure_reported",
    "doit.cmd_base.DoitCmdBase": "test_a_command_gets_the_parameters_that_it_names",
    "doit.cmd_clean.Clean": "test_parameters_of_the_commands_that_are_extended",
    "doit.cmd_completion.TabCompletion": "test_commands_that_only_get_another_text",
    "doit.cmd_forget.Forget": "test_parameters_of_the_commands_that_are_extended",
    "doit.cmd_help.Help": "test_help_of_the_whole_is_printed_by_print_usage_of_doits_own_class",
    "doit.cmd_ignore.Ignore": "test_commands_that_only_get_another_text",
    "doit.cmd_info.Info": "test_parameters_of_the_commands_that_are_extended",
    "doit.cmd_list.List": "test_parameters_of_the_commands_that_are_extended",
    "doit.cmd_resetdep.ResetDep": "test_commands_that_only_get_another_text",
    "doit.cmd_run.Run": "test_a_command_named_run_takes_the_place_of_doits",
    "doit.cmd_run.opt_always": "test_options_of_run",
    "doit.cmd_run.opt_auto_delayed_regex": "test_options_of_run",
    "doit.cmd_run.opt_continue": "test_options_of_run",
    "doit.cmd_run.opt_verbosity": "test_options_of_run",
    "doit.cmdparse.CmdParseError": "test_an_unknown_option_is_refused_before_dodo_is_read",
    "doit.control.TaskControl": "test_control_selects_and_links_targets_with_what_reads_them",
    "doit.dependency.DependencyStatus": "test_status_of_a_task",
    "doit.dependency.FileChangedChecker": "test_a_checker_of_our_own_decides_what_has_changed",
    "doit.exceptions.BaseFail": "test_failures_have_a_message",
    "doit.exceptions.InvalidCommand": "test_errors_end_doit_with_a_message_and_status_3",
    "doit.exceptions.InvalidDodoFile": "test_errors_end_doit_with_a_message_and_status_3",
    "doit.exceptions.InvalidTask": "test_errors_end_doit_with_a_message_and_status_3",
    "doit.exceptions.TaskError": "test_failures_have_a_message",
    "doit.exceptions.TaskFailed": "test_failures_have_a_message",
    "doit.task.Stream": "test_a_task_executes_its_own_actions",
}


def test_the_list_is_complete() -> None:
    used = set()
    for path in [*(ROOT / "farm").rglob("*.py"), ROOT / "dodo.py"]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "doit":
                used |= {f"{node.module}.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.Import):
                assert not any(alias.name.split(".")[0] == "doit" for alias in node.names), path
    more = ast.parse(OWN_TASKS.read_text())
    (others,) = (ast.literal_eval(node.value) for node in more.body if isinstance(node, ast.Assign))
    assert used == {*PARTS, *others}
    shown = {
        node.name
        for path in (Path(__file__), COMMANDS, OWN_TASKS)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    }
    assert {*PARTS.values(), *others.values()} <= shown


def test_no_private_name_is_used() -> None:
    for path in (ROOT / "farm").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "doit":
                assert not any(alias.name.startswith("_") for alias in node.names), path


def tasks_of(*entries: dict[str, Any]) -> list[Task]:
    return [dict_to_task({"actions": [f"echo {entry['name']}"], **entry}) for entry in entries]


def memory(folder: Path, **more: Any) -> Dependency:
    return Dependency(JsonDB, str(folder / "memory.json"), **more)


class TestTasks:
    def test_a_task_keeps_what_it_is_made_of(self) -> None:
        entry = {"name": "a", "file_dep": ["in"], "targets": ["out"], "task_dep": ["b"], "meta": {"step": 1}}
        task = dict_to_task({**entry, "actions": None, "doc": "says", "clean": [lambda: None], "uptodate": [True]})
        assert (task.name, task.doc, task.actions, task.meta) == ("a", "says", [], {"step": 1})
        assert (task.file_dep, task.targets, task.task_dep) == ({"in"}, ["out"], ["b"])
        assert (task.calc_dep, task.loader, task.getargs, task.setup_tasks) == (set(), None, {}, [])
        assert (list(task.params), task.pos_arg) == ([], None)

    def test_groups_name_their_items_and_have_no_actions(self) -> None:
        group, item = generate_tasks("g", ({"name": "one", "actions": ["true"]} for _ in range(1)))
        assert (group.name, group.task_dep, group.actions, item.name) == ("g", ["g:one"], [], "g:one")
        assert item.subtask_of == "g"


def test_a_task_executes_its_own_actions(capfd: pytest.CaptureFixture[str]) -> None:
    def says() -> dict[str, int]:
        sys.stdout.write("hello")
        return {"value": 3}

    task = dict_to_task({"name": "a", "actions": [says]})
    stream = Stream(2)
    task.overwrite_verbosity(stream)
    assert task.execute(stream) is None
    task.save_extra_values()
    assert task.values == {"value": 3}
    assert "hello" in capfd.readouterr().out


def test_failures_have_a_message() -> None:
    assert issubclass(TaskFailed, BaseFail)
    assert issubclass(TaskError, BaseFail)
    assert TaskFailed("two of three").get_msg().strip() == "two of three"
    task = dict_to_task({"name": "a", "actions": [lambda: TaskFailed("two of three")]})
    problem = task.execute(Stream(0))
    assert isinstance(problem, BaseFail)
    assert "two of three" in problem.get_msg()


def test_an_action_of_our_own_is_executed_and_its_failure_reported() -> None:
    class Refuses(BaseAction):  # type: ignore[misc]
        out = err = result = task = None
        values: dict[str, Any] = {}  # noqa: RUF012

        def execute(self, out: Any = None, err: Any = None) -> TaskError:
            return TaskError("not by doit")

    problem = dict_to_task({"name": "a", "actions": [Refuses()]}).execute(Stream(0))
    assert isinstance(problem, TaskError)
    assert "not by doit" in problem.get_msg()


def test_control_selects_and_links_targets_with_what_reads_them() -> None:
    def select(*words: str) -> TaskControl:
        control = TaskControl(
            tasks_of({"name": "a", "targets": ["out"]}, {"name": "b", "file_dep": ["out"]}, {"name": "bb"})
        )
        control.process(list(words) or None)
        return control

    assert select("b").tasks["b"].task_dep == ["a"]
    assert select("b").targets == {"out": "a"}
    assert list(select("b").selected_tasks) == ["b"]
    assert list(select("out").selected_tasks) == ["a"]
    assert list(select("b*").selected_tasks) == ["b", "bb"]
    assert list(select().selected_tasks) == ["a", "b", "bb"]
    with pytest.raises(Exception, match="Two different tasks can't have a common target"):
        TaskControl(tasks_of({"name": "a", "targets": ["x"]}, {"name": "b", "targets": ["x"]}))


def test_status_of_a_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").write_text("1")
    (task,) = tasks_of({"name": "a", "file_dep": ["in"], "uptodate": [lambda task, values: values.get("ok") == 1]})
    manager = memory(tmp_path)
    assert manager.get_status(task, {"a": task}).status == "run"
    task.values = {"ok": 1}
    manager.save_success(task)
    assert manager.get_values("a") == {"ok": 1}
    assert manager.get_status(task, {"a": task}).status == "up-to-date"
    assert manager.get_values("unknown") == {}
    assert not manager.status_is_ignore(task)
    manager.ignore(task)
    assert manager.status_is_ignore(task)
    manager.remove("a")
    assert not manager.status_is_ignore(task)
    (tmp_path / "in").unlink()
    (reader,) = tasks_of({"name": "b", "file_dep": ["in"]})
    error = manager.get_status(reader, {"b": reader})
    assert error.status == "error"
    assert "in" in error.get_error_message()
    status = DependencyStatus(True)
    assert status.status == "up-to-date"
    status.add_reason("why", "because")
    assert (status.status, status.reasons["why"], status.reasons["else"]) == ("run", ["because"], [])


def test_a_checker_of_our_own_decides_what_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class ByFirstLetter(FileChangedChecker):  # type: ignore[misc]
        def check_modified(self, file_path: str, file_stat: Any, state: Any) -> bool:
            return bool(Path(file_path).read_text()[0] != state)

        def get_state(self, dep: str, current_state: Any) -> str | None:
            return Path(dep).read_text()[0]

    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").write_text("abc")
    (task,) = tasks_of({"name": "a", "file_dep": ["in"]})
    manager = memory(tmp_path, checker_cls=ByFirstLetter)
    manager.save_success(task)
    (tmp_path / "in").write_text("axx")
    assert manager.get_status(task, {}).status == "up-to-date"
    (tmp_path / "in").write_text("bbc")
    assert manager.get_status(task, {}).status == "run"


def test_a_backend_gets_the_dependencies_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal writes a task when `deps:` arrives, so doit must set everything else before."""
    seen: list[tuple[str, str]] = []

    class Backend:
        def __init__(self, name: str, codec: Any, *, module_name: str | None = None) -> None:
            self.name = name
            assert codec.decode(codec.encode(["a", {"b": 1}])) == ["a", {"b": 1}]

        def set(self, task_id: str, dependency: str, value: Any) -> None:
            seen.append((task_id, dependency))

        def get(self, task_id: str, dependency: str) -> Any:
            return None

        def in_(self, task_id: str) -> bool:
            return False

        def remove_all(self) -> None:
            pass

        def remove(self, task_id: str) -> None:
            pass

        def dump(self) -> None:
            seen.append(("", "dump"))

    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").write_text("1")
    (task,) = tasks_of({"name": "a", "file_dep": ["in"]})
    task.values = {"record": "x"}
    manager = Dependency(Backend, "memory", codec_cls=JSONCodec)
    manager.save_success(task)
    assert {name for name, _ in seen} == {"a"}
    assert "_values_:" in [key for _, key in seen]
    assert seen[-1] == ("a", "deps:")
    manager.close()
    assert seen[-1] == ("", "dump")
