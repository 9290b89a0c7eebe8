from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.key import Parts, action_key, parts_of
from farm.reason import differences
from farm.step import File, Output, Resources, Step, Text, Tool

STEP = Step(
    name="hls:core",
    argv=("g++", "-O2", "a.cpp"),
    inputs=(File("a.cpp", "src/a.cpp"), Text("b.h", "pe = 8")),
    outputs=(Output("a.o", "build/a.o"),),
    log="build/a.log",
    tools=(Tool("g++", "12.2"),),
    environment=(("LEVEL", "2"),),
)


def meaning(item: File) -> str:
    return "m-" + item.source


def test_key_by_hand() -> None:
    text = (
        '{"argv":["g++","-O2","a.cpp"],"environment":{"LEVEL":"2"},"format":1,"inputs":{"a.cpp":"m-src/a.cpp","b.h":"'
        + hashlib.sha256(b"pe = 8").hexdigest()
        + '"},"outputs":["a.o"],"tools":{"g++":"12.2"}}'
    )
    assert action_key(STEP, meaning) == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "other"},
        {"log": "build/x.log"},
        {"facts": (("pe", "8"),)},
        {"resources": Resources(4, 8.0, ("vivado",))},
        {"timeout_s": 5.0, "timeout_setting": "farm.hours"},
        {"outputs": (Output("a.o", "build/elsewhere.o"),)},
        {"inputs": tuple(reversed(STEP.inputs))},
    ],
)
def test_what_cannot_change_outputs_is_not_in_the_key(changes: dict[str, Any]) -> None:
    assert action_key(replace(STEP, **changes), meaning) == action_key(STEP, meaning)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"argv": ("g++", "-O3", "a.cpp")}, ("argv", "", "g++ -O2 a.cpp", "g++ -O3 a.cpp")),
        ({"argv": ("g++", "-O2 a.cpp")}, ("argv", "", "g++ -O2 a.cpp", "g++ -O2 a.cpp")),
        ({"tools": (Tool("g++", "13.1"),)}, ("tool", "g++", "12.2", "13.1")),
        ({"environment": ()}, ("environment", "LEVEL", "2", "")),
        ({"outputs": (Output("b.o", "build/a.o"),)}, ("outputs", "", "a.o", "b.o")),
        ({"inputs": STEP.inputs[:1]}, ("input", "b.h", hashlib.sha256(b"pe = 8").hexdigest(), "")),
    ],
)
def test_what_can_is_and_is_named(changes: dict[str, Any], reason: tuple[str, str, str, str]) -> None:
    before, after = parts_of(STEP, meaning), parts_of(replace(STEP, **changes), meaning)
    assert before.key != after.key
    (found,) = differences(before, after, {}, {})
    assert (found.kind, found.subject, found.before, found.after) == reason


# Without NUL: a step refuses it.
words = st.text('ab,:"\\{}[] é\n', max_size=4)
parts = st.builds(
    Parts,
    argv=st.lists(words, max_size=3).map(tuple),
    inputs=st.dictionaries(words, words, max_size=3).map(lambda d: tuple(sorted(d.items()))),
    outputs=st.lists(words, max_size=2).map(tuple),
    tools=st.dictionaries(words, words, max_size=2).map(lambda d: tuple(sorted(d.items()))),
    environment=st.dictionaries(words, words, max_size=2).map(lambda d: tuple(sorted(d.items()))),
)


@given(parts, parts)
def test_equal_keys_mean_equal_parts_and_every_difference_is_explained(one: Parts, other: Parts) -> None:
    assert (one.key == other.key) == (one == other)
    assert bool(differences(one, other, {}, {})) == (one != other)


@given(parts)
def test_parts_survive_json(one: Parts) -> None:
    assert Parts.of_document(json.loads(json.dumps(one.document()))).key == one.key
