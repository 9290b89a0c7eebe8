from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import ManifestError
from runtime.formats import manifest


@pytest.fixture()
def facts(make_manifest):
    return make_manifest(
        b"p",
        b"m",
        fc=b"f",
        folding={"res2a": "8x4"},
        inputs={"res2a": "0" * 64},
        tools={"g++": "12.2.0"},
        cycles=manifest.Cycles(100, "res2a", None),
        labels=("null", "eins"),
        dataset={"name": "digits", "maximum": 16},
    )


def test_round_trip(facts):
    text = facts.to_json()
    assert manifest.from_json(text) == facts
    assert manifest.from_json(text).to_json() == text


def test_sums_and_what_older_files_say(make_manifest, facts):
    sums = make_manifest(b"p", b"m", k=10, results="sums", classes=10)
    assert manifest.from_json(sums.to_json()) == sums
    older = json.loads(facts.to_json())
    del older["results"], older["classes"]
    found = manifest.from_json(json.dumps(older))
    assert (found.results, found.classes) == ("indices", None)


def test_sizes_by_hand(facts):
    assert facts.image.bytes_for(5) == 5 * 64
    assert facts.result.bytes_for(5) == 5 * 3 * 4
    assert facts.weights.bytes_for(5) == 160


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda v: v.update(schema=2), ["schema 2", "reads schema 1"]),
        (lambda v: v.pop("schema"), ["schema is missing"]),
        (lambda v: v.pop("network"), ["network is missing"]),
        (lambda v: v.update(network=3), ["network is 3", "text"]),
        (lambda v: v.update(clock_mhz=0), ["clock_mhz is 0", "positive"]),
        (lambda v: v.update(clock_mhz=True), ["clock_mhz is True"]),
        (lambda v: v.update(parts={"payload": "12"}), ["parts", "64 hexadecimal"]),
        (lambda v: v.update(labels="abc"), ["labels", "list"]),
        (lambda v: v["payload"].update(sha256="X" * 64), ["payload", "sha256"]),
        (lambda v: v["cycles"].update(predicted_ii="5"), ["cycles", "predicted_ii", "int or null"]),
        (lambda v: v["arguments"][1].update(shape=[0]), ["arguments[1]", "shape"]),
        (lambda v: v["arguments"][0].update(dtypes=["uint8", "int16"]), ["arguments[0]", "dtypes"]),
        (lambda v: v["arguments"][0].update(direction="up"), ["arguments[0]", "in or out"]),
        (lambda v: v["arguments"][0].update(name="out_r"), ["different names"]),
        (lambda v: v.update(results="logits"), ["results is 'logits'", "indices or sums"]),
        (lambda v: v.update(classes=0), ["classes is 0", "positive integer or null"]),
        (lambda v: v.update(classes=True), ["classes is True"]),
        (lambda v: v.update(classes="3"), ["classes is '3'"]),
        (lambda v: v.update(results="sums"), ["classes is None", "[3]", "one sum for each class"]),
        (lambda v: v.update(results="sums", classes=4), ["classes is 4", "[3]", "one sum for each class"]),
        (lambda v: v.update(arguments=[3]), ["arguments[0]", "not a mapping"]),
    ],
)
def test_mistakes_name_the_field(facts, change, words):
    value = json.loads(facts.to_json())
    change(value)
    with pytest.raises(ManifestError) as caught:
        manifest.from_json(json.dumps(value))
    assert all(word in str(caught.value) for word in words), str(caught.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = ["schema", "network", "parameters", "cycles", "payload", "arguments", "parts", "labels", "dataset"]


@given(st.data())
def test_nothing_but_a_named_error(data):
    value = {
        "schema": 1, **dict.fromkeys(("network", "kernel", "instance", "toolchain", "target", "view"), "x"),
        "parameters": {"origin": "trained", "digest": ""}, "clock_mhz": 1, "arguments": [], "folding": {}, "inputs": {},
        "tools": {}, "cycles": {"predicted_ii": 1, "bottleneck": None, "measured": None}, "parts": {}, "payload": None,
        "labels": [], "dataset": None,
    }  # fmt: skip
    manifest.from_json(json.dumps(value))
    value[data.draw(st.sampled_from(FIELDS))] = data.draw(json_values)
    try:
        manifest.from_json(json.dumps(value))
    except ManifestError as error:
        assert error.what


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[" * 100000])
def test_not_a_manifest(text):
    with pytest.raises(ManifestError):
        manifest.from_json(text)
