"""Small samples of what a dodo.py may hold that is no step, one or more for each feature of doit.

A sample is a dodo.py without its head, files that exist before, and what is done one after the other: words after
`doit`, or `> FILE TEXT` (write a file) or `- FILE` (remove it). Actions append to the file `trace`, so that it shows
what ran, in which order and with what.
"""

from __future__ import annotations

from dataclasses import dataclass

HEAD = """
import json, os, sys
from pathlib import Path
from doit import create_after, get_var, task_params
from doit.action import CmdAction
from doit.exceptions import TaskError, TaskFailed
from doit.tools import (check_timestamp_unchanged, config_changed, create_folder, result_dep, run_once, timeout,
                        title_with_actions, Interactive, LongRunning, PythonInteractiveAction)

def note(*words):
    with open("trace", "a") as stream:
        stream.write(" ".join(map(str, words)) + "\\n")

def put(path, text):
    Path(path).write_text(text)
"""


@dataclass(frozen=True)
class Sample:
    """A dodo.py and what is typed."""

    name: str
    body: str
    typed: tuple[str, ...] = ("", "")
    files: tuple[tuple[str, str], ...] = ()


ACTIONS = (
    Sample(
        "commands",
        """
def task_shell():
    return {"actions": ["echo one >> trace", ["touch", "made"], "echo $((1 + 2)) >> trace"]}
def task_path():
    return {"actions": [["cp", Path("in"), Path("copied")]], "file_dep": [Path("in")], "targets": [Path("copied")]}
""",
        ("", "", "> in 2", "copied", "- copied", ""),
        (("in", "1"),),
    ),
    Sample(
        "functions",
        """
def add(first, second=0, *, third=0):
    note("add", first, second, third)
def task_plain():
    return {"actions": [(note, ["plain"]), (add, [1], {"third": 3}), (add, (1, 2))]}
def task_method():
    return {"actions": [Path("by_method").touch]}
""",
    ),
    Sample(
        "keywords",
        """
def show(dependencies, changed, targets, task):
    note(sorted(dependencies), sorted(changed), targets, task.name)
    put(targets[0], "x")
def task_show():
    return {"actions": [show], "file_dep": ["a", "b"], "targets": ["out"]}
def task_formatted():
    return {"actions": ["cat %(dependencies)s > %(targets)s"], "file_dep": ["a"], "targets": ["cat"]}
""",
        ("", "> b 3", "", "- out", ""),
        (("a", "1"), ("b", "2")),
    ),
    Sample(
        "new_style_formatting",
        """
DOIT_CONFIG["action_string_formatting"] = "new"
def task_formatted():
    return {"actions": ["cat {dependencies} > {targets}"], "file_dep": ["a"], "targets": ["cat"]}
""",
        files=(("a", "1"),),
    ),
    Sample(
        "command_made_by_a_function",
        """
def words(targets):
    return f"echo made > {targets[0]}"
def task_made():
    return {"actions": [CmdAction(words)], "targets": ["out"], "uptodate": [run_once]}
""",
    ),
    Sample(
        "values_of_a_command",
        """
def task_origin():
    return {"actions": [CmdAction("echo 17", save_out="number")]}
def task_reader():
    return {"actions": [lambda number: note(number.strip())], "getargs": {"number": ("origin", "number")}}
""",
    ),
    Sample("titles", 'def task_titled():\n    return {"actions": ["true"], "title": title_with_actions}\n'),
    Sample(
        "interactive",
        """
def task_shown():
    return {"actions": [Interactive("echo shown; touch shown")]}
def task_long():
    return {"actions": [LongRunning("touch long; false")]}
def task_python():
    return {"actions": [PythonInteractiveAction(note, ["python"])]}
""",
    ),
    Sample(
        "no_capture",
        'def task_open():\n    return {"actions": ["echo x; touch made"], "io": {"capture": False}, "verbosity": 2}\n',
    ),
    Sample(
        "folders",
        'def task_folder():\n    return {"actions": [(create_folder, ["deep/er"]), "touch deep/er/x"]}\n',
    ),
    *(
        Sample(
            f"returns_{name}",
            f"def act():\n    {line}\ndef task_act():\n    return {{'actions': [act, (note, ['after'])]}}\n",
        )
        for name, line in (
            ("nothing", "pass"),
            ("true", "return True"),
            ("false", "return False"),
            ("text", "return 'text'"),
            ("values", "return {'a': 1}"),
            ("a_failure", "return TaskFailed('two of three')"),
            ("an_error", "return TaskError('no card')"),
            ("an_exception", "raise RuntimeError('no card')"),
            ("a_number", "return 3"),
        )
    ),
    *(
        Sample(f"status_{status}", f'def task_act():\n    return {{"actions": ["exit {status}"]}}\n')
        for status in (0, 1, 125, 126)
    ),
    Sample("unknown_command", 'def task_act():\n    return {"actions": ["no-such-program-at-all"]}\n'),
    Sample(
        "reserved_word_with_default",
        'def act(targets=()):\n    pass\ndef task_act():\n    return {"actions": [act]}\n',
    ),
)

NEEDS = (
    Sample(
        "files_in_a_chain",
        """
def task_second():
    return {"actions": ["cat one > two", "echo second >> trace"], "file_dep": ["one"], "targets": ["two"]}
def task_first():
    return {"actions": ["cat zero > one", "echo first >> trace"], "file_dep": ["zero"], "targets": ["one"]}
""",
        ("", "", "> zero 2", "two", "- one", "second", "list --all -s"),
        (("zero", "1"),),
    ),
    Sample(
        "missing_input",
        'def task_reads():\n    return {"actions": ["touch ran"], "file_dep": ["absent"], "targets": ["out"]}\n',
    ),
    Sample(
        "missing_input_without_target",
        'def task_reads():\n    return {"actions": ["touch ran"], "file_dep": ["absent"]}\n',
    ),
    Sample(
        "input_that_is_removed_later",
        'def task_reads():\n    return {"actions": ["touch out"], "file_dep": ["in"], "targets": ["out"]}\n',
        ("", "- in", "", "> in 1", "", "> in 2", ""),
        (("in", "1"),),
    ),
    Sample(
        "failure_forgets",
        """
def act():
    note("act")
    return Path("in").read_text() == "good"
def task_act():
    return {"actions": [act], "file_dep": ["in"]}
""",
        ("", "> in bad!", "", "> in good", "", ""),
        (("in", "good"),),
    ),
    Sample(
        "tasks_by_name_and_pattern",
        """
def task_all():
    return {"actions": [(note, ["all"])], "task_dep": ["part:*", "first"]}
def task_first():
    return {"actions": [(note, ["first"])]}
def task_part():
    for name in "ab":
        yield {"name": name, "actions": [(note, [name])]}
""",
        ("all", "part:b", "part:*", "first part"),
    ),
    Sample(
        "groups",
        """
def task_group():
    return {"actions": None, "task_dep": ["one"], "doc": "only one"}
def task_one():
    return {"actions": [(note, ["one"])]}
""",
        ("group", "list", "list --all"),
    ),
    Sample(
        "subtasks",
        """
def inner():
    yield {"name": "deep", "actions": [(note, ["deep"])]}
def task_part():
    "several"
    yield {"name": None, "doc": "the group"}
    for name in ("a", "b"):
        yield {"name": name, "actions": [(note, [name])], "doc": f"part {name}"}
    yield inner()
def task_other():
    yield {"basename": "elsewhere", "actions": [(note, ["elsewhere"])]}
    yield {"basename": "third", "name": "x", "actions": [(note, ["third"])]}
""",
        ("", "part:a", "third elsewhere", "list --all", "list part --all", "nonsense", "part:z"),
    ),
    Sample(
        "empty_group",
        'def task_none():\n    for name in ():\n        yield {"name": name, "actions": None}\n',
        ("", "list"),
    ),
    Sample(
        "private_and_objects",
        """
class Maker:
    def create_doit_tasks(self):
        return {"actions": [(note, ["maker"])], "basename": "made"}
maker = Maker()
def task__hidden():
    return {"actions": [(note, ["hidden"])]}
""",
        ("", "_hidden", "made", "list", "list -p"),
    ),
    Sample(
        "circle",
        """
def task_a():
    return {"actions": [(note, ["a"])], "task_dep": ["b"]}
def task_b():
    return {"actions": [(note, ["b"])], "task_dep": ["a"]}
""",
        ("",),
    ),
    Sample("unknown_need", 'def task_a():\n    return {"actions": None, "task_dep": ["absent"]}\n', ("",)),
    Sample("unknown_field", 'def task_a():\n    return {"actions": None, "file_deps": ["absent"]}\n'),
    Sample(
        "continue_after_a_failure",
        """
def task_bad():
    return {"actions": ["exit 1"]}
def task_needs_it():
    return {"actions": [(note, ["needs it"])], "task_dep": ["bad"]}
def task_other():
    return {"actions": [(note, ["other"])]}
""",
        ("", "-c", "-c bad other", "other bad"),
    ),
)

UP_TO_DATE = (
    *(
        Sample(
            f"uptodate_{name}",
            f"def task_act():\n    return {{'actions': [(note, ['act'])], 'uptodate': [{value}]}}\n",
            ("", "", "list -s"),
        )
        for name, value in (
            ("true", "True"),
            ("false", "False"),
            ("none", "None"),
            ("command", "'test -e trace'"),
            ("failing_command", "'test -e absent'"),
            ("once", "run_once"),
            ("function", "lambda: os.path.exists('trace')"),
            ("task_and_values", "lambda task, values: task.name == 'act' and 'x' in values"),
            ("arguments", "(lambda first, second=0: first == second, [1], {'second': 1})"),
            ("timeout", "timeout(3600)"),
            ("both", "True, run_once"),
        )
    ),
    Sample(
        "configuration",
        """
WORDS = {"level": Path("level").read_text(), "more": [1]}
def task_text():
    return {"actions": [(note, ["text"])], "uptodate": [config_changed(Path("level").read_text())]}
def task_words():
    return {"actions": [(note, ["words"])], "uptodate": [config_changed(WORDS)]}
""",
        ("", "", "> level 2", "", ""),
        (("level", "1"),),
    ),
    Sample(
        "time_stamp",
        """
def task_stamp():
    return {"actions": [(note, ["stamp"])], "uptodate": [check_timestamp_unchanged("in", "mtime")]}
""",
        ("", ""),
        (("in", "1"),),
    ),
    Sample(
        "result_of_another",
        """
def task_release():
    return {"actions": ["cat version"]}
def task_part():
    for name in "ab":
        yield {"name": name, "actions": [f"cat version; echo {name}"]}
def task_send():
    return {"actions": [(note, ["send"])], "uptodate": [result_dep("release"), result_dep("part")]}
""",
        ("send", "send", "> version 2", "send", "send"),
        (("version", "1"),),
    ),
    Sample(
        "checker_by_time",
        """
DOIT_CONFIG.setdefault("check_file_uptodate", "timestamp")
def task_reads():
    return {"actions": [(note, ["reads"])], "file_dep": ["in"]}
""",
        ("", "", "> in 22", ""),
        (("in", "1"),),
    ),
    Sample(
        "always_forget_ignore_clean",
        """
def undo(dryrun):
    note("undo", dryrun)
def task_made():
    return {"actions": ["touch made", "echo made >> trace"], "targets": ["made"], "file_dep": ["in"], "clean": True}
def task_undone():
    return {"actions": [(note, ["done"])], "uptodate": [run_once], "clean": [undo, (note, ["clean"])]}
""",
        ("", "-a", "forget made", "", "clean -n", "clean made", "", "ignore made", "> in 2", "", "forget made", ""),
        (("in", "1"),),
    ),
)
