from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from farm.step import File, Output, Resources, Step, StepError, Text


def step(**changes: Any) -> Step:
    values: dict[str, Any] = {
        "name": "hls:core",
        "argv": ("g++", "-c", "a.cpp"),
        "inputs": (File("a.cpp", "src/a.cpp"), Text("b.h", "x")),
        "outputs": (Output("a.o", "build/a.o"),),
        "log": "build/a.log",
    }
    return Step(**{**values, **changes})


def test_a_step_is_a_frozen_hashable_value() -> None:
    assert step() == step()
    assert hash(step()) == hash(step())
    with pytest.raises(dataclasses.FrozenInstanceError):
        step().name = "x"  # type: ignore[misc]


def test_sources_each_once_in_order() -> None:
    inputs = (File("b", "y"), File("a", "x"), File("c", "y"), Text("t", ""))
    assert step(inputs=inputs).sources == ("y", "x")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "a b"}, "a name is 'task' or 'task:item'"),
        ({"name": "a:b:c"}, "a name is 'task' or 'task:item'"),
        ({"name": "a=b"}, "a name is 'task' or 'task:item'"),
        ({"argv": ()}, "has no program"),
        ({"argv": ("/usr/bin/g++",)}, "by an absolute path"),
        ({"argv": ("g++", "/home/me/a.cpp")}, "the absolute path '/home/me/a.cpp'"),
        ({"argv": ("g++", "a\0b")}, "NUL"),
        ({"inputs": (File("/a", "a"),)}, "the input '/a'"),
        ({"inputs": (File("a", "/x/../b"),)}, "the source of an input 'x/../b'"),
        ({"inputs": (File("a", "x/../../b"),)}, "'x/../../b'"),
        ({"inputs": (File("./a", "a"),)}, "write it as 'a'"),
        ({"inputs": (File("a//b", "a"),)}, "write it as 'a/b'"),
        ({"inputs": (File("a", "x"), Text("a", ""))}, "names the input 'a' twice"),
        ({"inputs": (File("a", "x"), Text("a/b", ""))}, "'a' both as a file and as the folder of 'a/b'"),
        ({"inputs": (File("a.o", "x"),)}, "names the input and output 'a.o' twice"),
        ({"outputs": ()}, "has no outputs"),
        ({"outputs": (Output("o", "t"), Output("p", "t"))}, "names the target 't' twice"),
        ({"outputs": (Output("o", "build/a.log"),)}, "names the target 'build/a.log' twice"),
        ({"log": ""}, "the log ''"),
        ({"environment": (("HOME", "x"),)}, "sets the variable 'HOME'"),
        ({"environment": (("A-B", "x"),)}, "sets the variable 'A-B'"),
        ({"environment": (("A", "x"), ("A", "y"))}, "names the variable 'A' twice"),
        ({"timeout_s": 0.0}, "a timeout of 0.0 s"),
        ({"error_lines": ("(",)}, "not a regular expression"),
    ],
)
def test_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(StepError) as caught:
        step(**changes)
    assert message in str(caught.value)


def test_resources() -> None:
    with pytest.raises(StepError, match="0 cores"):
        Resources(cores=0)
    with pytest.raises(StepError, match="0 GiB"):
        Resources(memory_gib=0)
