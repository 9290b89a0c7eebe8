"""`doit trace`: the last build as a file for a trace viewer."""

from __future__ import annotations

import json
import signal

import pytest

from farm.display.build_log import chrome_trace, read_events

WAIT = """
BUILD = ["w", "bad"]
CODE = "import os, time; open('{0}', 'w').write('x'); t = time.time()\\nwhile time.time() - t < {1}: time.sleep(0.01)"
def task_w():
    for n in range(3):
        yield task(python(f"w:{n}", CODE.format(n, SECONDS), outputs=(str(n),)), doc="waits")
def task_bad():
    return task(python("bad", "exit(1)"), doc="fails")
"""


def spans(checkout, path: str = "build/trace.json") -> dict[str, dict]:
    document = json.loads(checkout.read(path))
    assert set(document) == {"traceEvents", "displayTimeUnit"}
    for event in document["traceEvents"]:
        assert {"ph", "pid", "name"} <= set(event)
    return {event["name"]: event for event in document["traceEvents"] if event["ph"] == "X"}


def test_spans_of_a_build(checkout) -> None:
    checkout.dodo("SECONDS = 0.2\n" + WAIT)
    checkout.doit("-n", "4", "-c", status=1)
    assert "trace.json: 4 steps" in checkout.doit("trace")
    found = spans(checkout)
    assert set(found) == {"w:0", "w:1", "w:2", "bad"}
    assert all(found[f"w:{n}"]["dur"] >= 200_000 for n in range(3))
    # They ran at the same time, so they must be in different rows.
    assert len({found[f"w:{n}"]["tid"] for n in range(3)}) == 3
    assert found["w:0"]["args"] == {"ended": "finished", "why": "no record of a finished run"}
    assert found["bad"]["args"]["ended"] == "failed"
    assert found["bad"]["args"]["failure"]["log"] == "build/bad.log"


def test_a_build_that_does_nothing_keeps_the_trace_of_the_one_before(checkout) -> None:
    checkout.write("a", "A")
    checkout.dodo("""
BUILD = ["one"]
def task_one():
    yield task(copy("one", "a", "build/out"), doc="x")
""")
    checkout.doit()
    checkout.doit()
    checkout.doit("trace", "-o", "deep/er/t.json")
    assert set(spans(checkout, "deep/er/t.json")) == {"one"}


def test_trace_of_a_killed_build(checkout, started) -> None:
    checkout.dodo("SECONDS = 30\n" + WAIT.replace('"w", "bad"', '"w"'))
    process = started("-n", "2")
    checkout.wait_for("build/w-1.log")
    # The log exists before the event is written: wait for that.
    while sum(event["event"] == "started" for event in _events(checkout)) < 2:
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    with (checkout.folder / "build/.farm/last_build.jsonl").open("a") as stream:
        stream.write('{"event": "finis')
    checkout.doit("trace")
    found = spans(checkout)
    assert set(found) == {"w:0", "w:1"}
    assert found["w:0"]["args"]["ended"] == "when the build was killed"


def _events(checkout) -> list[dict]:
    path = checkout.folder / "build/.farm/last_build.jsonl"
    return read_events(checkout.folder) if path.exists() else []


def test_rows_are_used_again() -> None:
    events = [
        {"event": "begin", "at_s": 0},
        {"event": "started", "at_s": 1.0, "name": "a"},
        {"event": "started", "at_s": 1.5, "name": "b"},
        {"event": "finished", "at_s": 2.0, "name": "a", "elapsed_s": 1.0},
        {"event": "started", "at_s": 2.0, "name": "c"},
        {"event": "finished", "at_s": 4.0, "name": "b", "elapsed_s": 2.5},
        {"event": "finished", "at_s": 5.0, "name": "c", "elapsed_s": 3.0},
        {"event": "finished", "at_s": 6.0, "name": "function", "elapsed_s": 0.5},
    ]
    trace = chrome_trace(events, reason_words=lambda _: "")["traceEvents"]
    rows = {event["name"]: (event["tid"], event["ts"], event["dur"]) for event in trace if event["ph"] == "X"}
    assert rows == {
        "a": (1, 1_000_000, 1_000_000),
        "b": (2, 1_500_000, 2_500_000),
        "c": (1, 2_000_000, 3_000_000),
        "function": (1, 5_500_000, 500_000),
    }
    assert max(event["args"]["running"] for event in trace if event["ph"] == "C") == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [((), "there is no build to trace yet; run 'doit build' first"), (("x",), "'doit trace' takes no task ('x')")],
)
def test_one_error_each(checkout, words: tuple[str, ...], message: str) -> None:
    checkout.dodo("BUILD = []\n")
    output = checkout.doit("trace", *words, status=3)
    assert message in output
    assert "Traceback" not in output


def test_a_place_that_cannot_be_written(checkout) -> None:
    checkout.dodo("BUILD = []\n")
    checkout.write("build/.farm/last_build.jsonl", '{"event": "begin", "at_s": 0}\n')
    (checkout.folder / "there").mkdir()
    assert "there: Is a directory; name another file with -o" in checkout.doit("trace", "-o", "there", status=3)


def test_a_log_of_a_newer_farm(checkout) -> None:
    checkout.dodo("BUILD = []\n")
    checkout.write("build/.farm/last_build.jsonl", '{"event": "begin", "at_s": 0, "format": 99}\n')
    output = checkout.doit("trace", status=3)
    assert "build/.farm/last_build.jsonl has format 99, and this farm knows 1: a newer farm wrote it" in output
    assert "Traceback" not in output


def test_a_log_without_a_format_is_one_of_an_older_farm(checkout) -> None:
    checkout.dodo("BUILD = []\n")
    events = '{"event": "begin", "at_s": 0}\n{"event": "finished", "at_s": 2, "name": "a", "elapsed_s": 1}\n'
    checkout.write("build/.farm/last_build.jsonl", events)
    assert ": 1 step;" in checkout.doit("trace")


def test_a_lane_for_each_node_and_one_for_the_queue() -> None:
    reason = {"reasons": [{"kind": "no record", "subject": "", "before": "", "after": ""}]}
    events = [
        {"event": "begin", "at_s": 0.0, "name": ""},
        {"event": "started", "at_s": 1.0, "name": "hls:a", **reason},
        {"event": "started", "at_s": 1.0, "name": "hls:b", **reason},
        {"event": "started", "at_s": 2.0, "name": "stitch:x", **reason},
        {"event": "finished", "at_s": 5.0, "name": "stitch:x", "elapsed_s": 3.0},
        {"event": "finished", "at_s": 9.0, "name": "hls:a", "elapsed_s": 6.0, "node": "m1", "job": "17"},
        {"event": "failed", "at_s": 9.5, "name": "hls:b", "failure": {"node": "m2", "job": "18"}},
    ]
    document = chrome_trace(events, reason_words=lambda _: "new")["traceEvents"]
    lanes = {event["pid"]: event["args"]["name"] for event in document if event["name"] == "process_name"}
    assert lanes == {1: "build", 2: "waiting in the queue", 3: "m1", 4: "m2"}
    bars = {(lanes[e["pid"]], e["name"]): (e["ts"], e["ts"] + e["dur"]) for e in document if e["ph"] == "X"}
    assert bars == {
        ("build", "stitch:x"): (2_000_000, 5_000_000),
        # Six seconds of run up to the ninth: two in the queue before them.
        ("waiting in the queue", "hls:a"): (1_000_000, 3_000_000),
        ("m1", "hls:a"): (3_000_000, 9_000_000),
        ("m2", "hls:b"): (1_000_000, 9_500_000),
    }
