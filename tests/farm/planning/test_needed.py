"""Only the stages of a flow that a build needs are loaded, as long as there is nothing to do."""

from __future__ import annotations

import json

import pytest

FLOW = """
from farm.flow import Task, tasks
from types import SimpleNamespace

STAGES = {
    "raw": [copy(f"raw:{name}", f"{name}.txt", f"build/{name}") for name in "ab"],
    "join": [python("join:all", "open('joined', 'w').write(open('build/a').read() + open('build/b').read())",
                    outputs=("joined",), sources=("build/a", "build/b"))],
    "extra": [copy("extra:a", "build/a", "build/extra")],
}
NEEDS = {"raw": (), "join": ("raw",), "extra": ("raw",)}

def items(name):
    with open("loaded", "a") as file:
        file.write(f"{name}\\n")
    blocks = ("first",) if name == "join" else ()
    return [SimpleNamespace(step=one, doc="x", blocks=blocks, note="", cannot_run="", hook=None, result=None)
            for one in STAGES[name]]

globals().update(tasks({"All": tuple(Task(name, name) for name in STAGES)}, items, NEEDS.__getitem__))
BUILD = ["join"]
"""
SEEKS = """
from dataclasses import replace
from farm.step import Inputs
JOIN = STAGES["join"][0]
STAGES["join"] = [replace(JOIN, inputs=Inputs(*JOIN.inputs, lambda: [File("extra", "build/extra")]))]
"""


@pytest.fixture
def built(checkout):
    checkout.write("a.txt", "A")
    checkout.write("b.txt", "B")
    checkout.dodo(FLOW)
    checkout.doit()
    return checkout


def loaded(checkout, *words: str, status: int = 0) -> tuple[list[str], str]:
    """The stages that a doit makes steps of, and what it prints."""
    checkout.write("loaded", "")
    output = checkout.doit(*words, status=status)
    return sorted(checkout.read("loaded").split()), output


SELECTED = {
    "": ["join", "raw"],
    "build": ["join", "raw"],
    "join": ["join", "raw"],
    "join:first": ["join", "raw"],
    "raw:a": ["raw"],
    "raw:a build": ["join", "raw"],
    # What these mean cannot be told from the names of the stages.
    "build/joined": ["extra", "join", "raw"],
    "raw:*": ["extra", "join", "raw"],
}
WRONG = {
    "joint": "did you mean 'join'?",
    "extra:b": "did you mean 'extra:a'?",
    "join -n 2": "options come before the task; type: doit -n 2 join",
    "-n -2 join": "-n -2: give at least 1",
}


def test_a_build_with_nothing_to_do_loads_what_it_needs(built) -> None:
    for words, expected in SELECTED.items():
        stages, output = loaded(built, *words.split())
        assert stages == expected, words
        assert "nothing to do" in output
    for words, expected in WRONG.items():
        assert expected in built.doit(*words.split(), status=3)


def test_every_stage_is_loaded_once_where_there_is_something_to_do(built) -> None:
    built.write("a.txt", "other")
    stages, _ = loaded(built)
    assert stages == ["extra", "join", "raw"]
    assert built.read("build/joined") == "otherB"


def test_all_that_is_asked_for_is_done(built) -> None:
    asked = {
        "raw:a raw:b extra:a": {"raw:a", "raw:b", "extra:a"},
        "raw:b raw:a": {"raw:a", "raw:b"},
        "extra join:first": {"extra:a", "join:all"},
    }
    for content, (words, expected) in enumerate(asked.items()):
        built.write("a.txt", f"a{content}")
        built.write("b.txt", f"b{content}")
        assert built.made(*words.split()) >= expected, words


def test_needs_that_are_not_named_are_found(built) -> None:
    """A flow that leaves one out would build with an old input, had the look believed it."""
    built.dodo(FLOW.replace('"join": ("raw",)', '"join": ()'))
    stages, output = loaded(built)
    assert stages == ["extra", "join", "raw"]
    assert "nothing to do: 3 current" in output
    built.write("b.txt", "other")
    built.doit()
    assert built.read("build/joined") == "Aother"


def test_a_stage_that_is_not_there_is_no_need(built) -> None:
    built.dodo(FLOW.replace('"join": ("raw",)', '"join": ("raw", "nowhere")'))
    assert loaded(built)[0] == ["extra", "join", "raw"]


def test_what_a_step_seeks_and_a_stage_left_out_makes_is_a_mistake(built) -> None:
    built.doit("extra")
    built.dodo(FLOW.replace("NEEDS =", f"{SEEKS}\nNEEDS ="))
    for _ in range(2):
        assert "seeks 'build/extra', which a task makes" in built.doit(status=3)


def test_a_flow_writes_below_the_build_folder_only(checkout) -> None:
    checkout.write("a.txt", "A")
    checkout.write("b.txt", "B")
    checkout.dodo(FLOW.replace('"build/extra")', '"extra")'))
    assert "step 'extra:a' writes 'extra'; the steps of a flow write below build/ only" in checkout.doit(
        "list", status=3
    )


def test_without_a_selection_all_is_meant(built) -> None:
    more = "\nDOIT_CONFIG['default_tasks'] = None\n"
    built.dodo(FLOW + more)
    built.doit()
    stages, output = loaded(built)
    assert stages == ["extra", "join", "raw"]
    assert "nothing to do: 4 current" in output


MISTAKES = {
    "Task names must be unique. join": "yield {'basename': 'join', 'name': 'own', 'actions': None}",
    "can't have a common target": "return {'actions': ['true'], 'targets': ['build/joined']}",
}


def test_mistakes_beside_the_flow_are_told_though_all_is_current(built) -> None:
    for said, body in MISTAKES.items():
        built.dodo(f"{FLOW}\ndef task_own():\n    {body}\n")
        assert said in built.doit("join", status=3)


def test_what_is_made_beside_the_flow_is_made_again(built) -> None:
    """A task or a step that writes an input of the flow, outside the build folder."""
    as_task = "return {'actions': ['cp spec.txt a.txt'], 'file_dep': ['spec.txt'], 'targets': ['a.txt']}"
    as_step = "yield task(copy('own:a', 'spec.txt', 'a.txt'), doc='x')"
    for body in (as_task, as_step):
        built.dodo(f"{FLOW}\ndef task_own():\n    {body}\n")
        for content in ("one", "two"):
            built.write("spec.txt", content)
            built.doit()
            assert built.read("build/joined") == f"{content}B"


def test_only_the_steps_of_the_selection_look_for_inputs(built) -> None:
    bad = FLOW.replace(
        "NEEDS =",
        """
from dataclasses import replace
from farm.step import Inputs
def bad():
    raise StepError("b seeks in vain")
STAGES["raw"][1] = replace(STAGES["raw"][1], inputs=Inputs(*STAGES["raw"][1].inputs, bad))
NEEDS =""",
    )
    built.dodo(bad)
    assert "nothing to do: 1 current" in built.doit("raw:a")
    assert "b seeks in vain" in built.doit("raw:b", status=3)


def test_functions_of_dodo_are_called_once(built) -> None:
    built.dodo(FLOW + "\ndef task_own():\n    print('called')\n    return {'actions': None, 'task_dep': ['join']}\n")
    for content in ("A", "other"):
        built.write("a.txt", content)
        assert built.doit().splitlines().count("called") == 1


def test_notes_come_in_the_order_of_the_plan(built) -> None:
    groups = """
def task_block():
    for name in "ab":
        yield {"name": name, "actions": None, "task_dep": [f"raw:{name}"]}

def task_turned():
    return {"actions": None, "task_dep": ["raw:b", "last"]}

def task_last():
    return {"actions": None, "task_dep": ["raw:a"]}
"""
    built.dodo(FLOW.replace('note=""', 'note=f"note of {one.name}"') + groups)
    for words in ("block", "turned"):
        planned = [item["name"] for item in json.loads(built.doit("plan", "--all", "--json", words))["tasks"]]
        assert sorted(planned) == ["raw:a", "raw:b"]
        for options in ((), ("-a",)):
            notes = [line for line in built.doit(*options, words).splitlines() if line.startswith("note of")]
            assert notes == [f"note of {name}" for name in planned], words


def test_what_a_group_beside_the_flow_stands_for_is_remembered(built) -> None:
    alias = "\ndef task_alias():\n    return {'actions': None, 'task_dep': ['raw:%s']}\n"
    for name in "ab":
        built.dodo(FLOW + alias % name)
        built.doit(f"raw:{name}")
        known = json.loads(built.read("build/.farm/groups/build/main/doit.journal.json"))["groups"]
        assert known["alias"]["name"] == f"raw:{name}"


def test_tasks_beside_the_flow_have_their_turn(built) -> None:
    own = "\ndef task_own():\n    return {'actions': ['echo own'], 'task_dep': ['join']}\n"
    built.dodo(FLOW.replace('["join"]', '["join", "own"]') + own)
    for _ in range(2):
        stages, output = loaded(built)
        assert "own" in output.splitlines()
        assert stages == ["extra", "join", "raw"]
