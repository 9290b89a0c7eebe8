"""`--json` of plan, why and list: the keys that docs/json.md promises."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTED = set(re.findall(r"`(?:tasks\[\]\.|time\.)(\w+)`", (ROOT / "docs/json.md").read_text()))


def read(checkout, *words: str) -> dict:
    document = json.loads(checkout.doit(*words))
    assert document["format"] == 1
    assert {key for task in document["tasks"] for key in task} | {*document.get("time", ())} <= DOCUMENTED | {"asked"}
    return document


def test_plan(chain) -> None:
    fresh = read(chain, "plan", "--json")
    assert [task["name"] for task in fresh["tasks"]] == ["up:a", "up:b", "join"]
    assert [task["state"] for task in fresh["tasks"]] == ["run", "run", "depends"]
    assert fresh["tasks"][2]["after"] == ["up:a", "up:b"]
    assert fresh["time"]["least_s"] is None
    assert fresh["time"]["steps_without_time"] == 3
    assert {task["expected_s"] for task in fresh["tasks"]} == {None}

    chain.doit()
    chain.write("a.txt", "another\n")
    states = {task["name"]: task for task in read(chain, "plan", "--json")["tasks"]}
    assert {name: task["state"] for name, task in states.items()} == {
        **{"up:a": "run", "up:b": "current", "join": "depends"}
    }
    (reason,) = states["up:a"]["reasons"]
    assert set(reason) == {"kind", "subject", "before", "after"}
    assert (reason["kind"], reason["subject"]) == ("input", "in")
    expected = states["up:a"]["expected_s"]
    assert set(expected) == {"low", "median", "high", "basis"}
    assert 0 < expected["low"] <= expected["median"] <= expected["high"]
    # The same states as in the text.
    text = chain.doit("plan")
    assert "  run     up:a" in text
    assert "  maybe   join" in text


def test_why(chain) -> None:
    chain.doit()
    chain.write("b.txt", "another\n")
    tasks = read(chain, "why", "--json", "up", "join")["tasks"]
    assert [(task["asked"], task["name"], task["state"]) for task in tasks] == [
        ("up", "up:a", "current"),
        ("up", "up:b", "run"),
        ("join", "join", "depends"),
    ]
    assert "needs the name of a task" in chain.doit("why", "--json", status=3)


def test_list(chain) -> None:
    tasks = read(chain, "list", "--json")["tasks"]
    assert [(task["name"], task["doc"], task["status"]) for task in tasks] == [
        *(("build", "everything", None), ("up", "", None), ("join", "both parts", None))
    ]
    assert tasks[0]["stands_for"] == ["join"]
    assert tasks[2]["stands_for"] == []
    chain.doit("up:a")
    tasks = read(chain, "list", "--json", "--all", "-s")["tasks"]
    assert {task["name"]: task["status"] for task in tasks} == {
        **{"build": "R", "up": "R", "up:a": "U", "up:b": "R", "join": "R"}
    }
