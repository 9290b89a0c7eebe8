"""`doit plan` and `doit why` of small projects: their text, and that a build then does exactly that."""

from __future__ import annotations

import os
import re
import shutil

import pytest

FLOW = """
BUILD = ["link"]
PE = {pe}
NAME = "core_{pe}" if {renamed} else "core"

def task_hls():
    yield task(copy(f"hls:{{NAME}}", "a.txt", f"build/{{NAME}}.o", argv=("cp", "in", "out"),
                    inputs=(Text("pe", str(PE)),), facts=(("folding.conv2b.pe", str(PE)), ("bits", "2"))), doc="x")
    yield {{"name": "res2a", "actions": None, "task_dep": [f"hls:{{NAME}}"]}}

def task_other():
    return task(copy("other", "b.txt", "build/other"), doc="x")

def task_link():
    yield task(Step("link", ("{{python}}", "join.py"),
             (Text("join.py", "print(open('a').read() + open('b').read(), end='', file=open('out', 'w'))"),
              File("a", f"build/{{NAME}}.o"), File("b", "build/other")),
             (Output("out", "build/linked"),), log="build/link.log"),
        doc="both")
"""


@pytest.fixture
def flow(checkout):
    checkout.write("a.txt", "A\n")
    checkout.write("b.txt", "B\n")
    checkout.dodo(FLOW.format(pe=16, renamed=False))
    return checkout


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_a_source_that_may_not_be_read_is_said_to_be_so(flow) -> None:
    flow.doit()
    (flow.folder / "a.txt").chmod(0)
    assert "a.txt cannot be read (Permission denied)" in flow.doit("plan")


def test_plan_of_a_first_build_and_of_a_finished_one(flow) -> None:
    output = flow.doit("plan")
    assert "  run     hls:core (= hls:res2a)  (no record of a finished run)" in output
    assert "  maybe   link  (depends on hls:core, other; no record of a finished run)" in output
    assert "2 would run, 0 would be restored, 0 current, 1 depend on the outcome of others" in output
    assert not flow.exists("build/core.o")
    assert not flow.exists("build/.farm/records")
    flow.doit()
    output = flow.doit("plan")
    assert "hls:core" not in output
    assert "0 would run, 0 would be restored, 3 current" in output
    assert "  current other" in flow.doit("plan", "--all")


def test_plan_of_an_edit_stops_where_the_outcome_is_not_known(flow) -> None:
    flow.doit()
    flow.write("b.txt", "B2\n")
    output = flow.doit("plan")
    assert "  run     other  (in changed)" in output
    assert re.search(r"^  maybe   link  \(depends on other\)  \d\.\d s$", output, re.MULTILINE)
    assert "1 would run, 0 would be restored, 1 current, 1 depend" in output
    assert "0 would run" in flow.doit("plan", "hls")
    assert flow.ran() == {"other", "link"}


def test_plan_sees_an_altered_target(flow) -> None:
    flow.doit()
    flow.write("build/core.o", "broken")
    output = flow.doit("plan")
    assert "  restore hls:core (= hls:res2a)  (build/core.o was altered)" in output
    # The outputs of a restore are known, so the steps that need them are current.
    assert "0 would run, 1 would be restored, 2 current" in output
    shutil.rmtree(flow.environment["XDG_CACHE_HOME"])
    output = flow.doit("plan")
    assert "  run     hls:core (= hls:res2a)  (build/core.o was altered)" in output
    assert "  maybe   link  (depends on hls:core)" in output
    assert "0 would be restored" in flow.doit("plan", "other")


@pytest.mark.slow
def test_plan_tells_times_of_earlier_runs(flow) -> None:
    flow.dodo(
        'BUILD = ["w"]\ndef task_w():\n    return task(python("w", "import time; time.sleep(1.05); '
        "open('out', 'w').write('x')\", sources=(\"a.txt\",)), doc=\"x\")\n"
    )
    assert "time: unknown, since none of these steps has run before" in flow.doit("plan")
    flow.doit()
    flow.write("a.txt", "A2\n")
    output = flow.doit("plan")
    assert re.search(r"^  run     w  \(a.txt changed\)  1\.\d s$", output, re.MULTILINE)
    assert re.search(r"^time: 1\.\d s with \d+ slots?, by earlier runs$", output, re.MULTILINE)


def test_why_names_facts_before_inputs_and_the_command(flow) -> None:
    flow.doit()
    assert "hls:core (= hls:res2a) is current" in flow.doit("why", "hls:res2a")
    text = FLOW.format(pe=8, renamed=False).replace('argv=("cp", "in", "out")', 'argv=("cp", "-f", "in", "out")')
    flow.dodo(text)
    lines = flow.doit("why", "hls:res2a").splitlines()
    assert lines == [
        "hls:core (= hls:res2a) would run",
        "  facts    folding.conv2b.pe 16 -> 8",
        "  inputs   pe changed",
        "  command  (none) -> -f",
    ]


def test_why_compares_a_core_of_another_name_with_what_the_block_was(flow) -> None:
    flow.dodo(FLOW.format(pe=16, renamed=True))
    flow.doit()
    flow.dodo(FLOW.format(pe=8, renamed=True))
    lines = flow.doit("why", "hls:res2a").splitlines()
    assert lines[:3] == [
        "hls:core_8 (= hls:res2a) would run",
        "  compared with hls:core_16, which hls:res2a was before",
        "  facts    folding.conv2b.pe 16 -> 8",
    ]
    assert "  run     hls:core_8 (= hls:res2a)  (folding.conv2b.pe 16 -> 8 (+1))" in flow.doit("plan", "hls:res2a")
    flow.doit("hls:res2a")
    assert "is current" in flow.doit("why", "hls:res2a")


@pytest.mark.slow
def test_damaged_memory_of_groups_is_no_error(flow) -> None:
    flow.dodo(FLOW.format(pe=16, renamed=True))
    flow.doit()
    (file,) = (flow.folder / "build/.farm/groups").rglob("*.json")
    for damage in (
        '{"format": 1, "groups": {"hls:res2a": {"name": 3}}}',
        "{",
        "[]",
        '{"format": 1, "groups": {"hls:res2a": 3}}',
        '{"format": 1, "groups": 3}',
    ):
        file.write_text(damage)
        flow.dodo(FLOW.format(pe=8, renamed=True))
        assert "no record of a finished run" in flow.doit("why", "hls:res2a")
    flow.doit()


@pytest.mark.parametrize("command", ["plan", "why"])
def test_an_unknown_step_is_answered_with_a_suggestion(flow, command: str) -> None:
    output = flow.doit(command, "hls:res2", status=3)
    assert "there is no task or target 'hls:res2'; did you mean 'hls:res2a'?" in output
    assert "Traceback" not in output


def test_why_without_a_name(flow) -> None:
    assert "'doit why' needs the name of a task" in flow.doit("why", status=3)


@pytest.mark.parametrize("file", ["farm.yaml", "farm.local.yaml"])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("farm: {slots: many}\n", "{file}:1"),
        ("target: sw_emu\nfarm:\n  slotz: 2\n", "{file}:3"),
        ("farm: [\n", "{file}:"),
    ],
)
def test_malformed_settings(flow, file: str, text: str, message: str) -> None:
    flow.write(file, text)
    for command in ((), ("plan",), ("why", "link")):
        output = flow.doit(*command, status=3)
        assert message.format(file=file) in output
        assert "Traceback" not in output


def test_a_missing_tool_is_named_when_its_step_runs(flow) -> None:
    flow.dodo(FLOW.format(pe=16, renamed=False).replace('argv=("cp", "in", "out")', 'argv=("no-such-tool", "in")'))
    flow.doit("plan")
    output = flow.doit(status=1)
    assert "could not be started: 'no-such-tool' was not found on PATH" in output
    assert "Traceback" not in output
