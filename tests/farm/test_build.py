"""Whole builds of small projects, through the doit command."""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path

import pytest
import tomllib

ROOT = Path(__file__).resolve().parents[2]


def test_pyproject_declares_the_farm() -> None:
    plugins = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["doit"]["plugins"]
    assert plugins["command"]["run"] == "farm.commands.run:Run"
    for name, place in plugins["command"].items():
        module, _, attribute = place.partition(":")
        assert getattr(importlib.import_module(module), attribute).name == name
    assert plugins["backend"] == {"farm": "farm.database:Journal"}


def test_first_build_then_nothing_to_do(chain) -> None:
    output = chain.doit()
    assert chain.read("build/joined") == "A\nB\n"
    assert "3 run, 0 current" in output
    assert chain.scratch() == []
    # In its own folder the engine may save digests of files that were too new to trust at first.
    made = [path for path in (chain.folder / "build").glob("*") if path.name != ".farm"]
    stamps = {path: path.stat().st_mtime_ns for path in made}
    assert "nothing to do: 3 current" in chain.doit()
    assert stamps == {path: path.stat().st_mtime_ns for path in made}


class TestWhatRunsAgain:
    @pytest.fixture(autouse=True)
    def built(self, chain) -> None:
        chain.doit()

    def test_edit(self, chain) -> None:
        chain.write("a.txt", "A2\n")
        assert chain.ran() == {"up:a", "join"}
        assert chain.read("build/joined") == "A2\nB\n"

    def test_edit_that_keeps_size_and_time(self, chain) -> None:
        path = chain.folder / "a.txt"
        before = path.stat()
        path.write_text("X\n")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert chain.ran() == {"up:a", "join"}

    def test_touch_runs_nothing(self, chain) -> None:
        (chain.folder / "a.txt").touch()
        assert chain.ran() == set()

    def test_edit_without_effect_stops_there(self, chain) -> None:
        chain.dodo(chain.body.replace('f"build/{name}")', 'f"build/{name}", tools=(Tool("cp", "9"),))'))
        output = chain.doit()
        assert "cp (none) -> 9" in output
        assert "2 run, 1 current" in output

    @pytest.mark.parametrize("harm", ["delete", "truncate", "edit", "folder"])
    def test_harmed_target(self, chain, harm: str) -> None:
        path = chain.folder / "build/a"
        if harm in ("delete", "folder"):
            path.unlink()
        if harm == "truncate":
            os.truncate(path, 0)
        if harm == "edit":
            path.write_text("Z\n")
        if harm == "folder":
            path.mkdir()
            assert "FAILED  up:a" in chain.doit(status=1)
            path.rmdir()
        assert chain.made() == {"up:a"} or harm == "folder"
        assert chain.read("build/a") == "A\n"

    def test_command(self, chain) -> None:
        chain.dodo(chain.body.replace("end=''", "end='!'"))
        assert chain.ran() == {"join"}
        assert chain.read("build/joined") == "A\nB\n!"

    def test_new_name_and_new_fact_run_nothing(self, chain) -> None:
        chain.dodo(chain.body.replace('f"build/{name}")', 'f"build/{name}", facts=(("folding.pe", "8"),))'))
        assert chain.ran() == set()

    def test_damaged_record(self, chain) -> None:
        record = chain.folder / "build/.farm/records/build/a.json"
        record.write_text(record.read_text()[:40])
        assert chain.made() == {"up:a"}

    def test_lost_or_damaged_engine_folder(self, chain) -> None:
        chain.write("build/.farm/digests.json", "{]")
        chain.write("build/main/doit.journal", "no journal\n")
        assert chain.ran() == set()

    def test_always(self, chain) -> None:
        output = chain.doit("-a")
        assert "3 run, 0 current" in output
        assert "asked for with --always" in output

    def test_forget(self, chain) -> None:
        chain.doit("forget", "up:b")
        assert chain.made() == {"up:b"}
        chain.doit("forget", "--all")
        assert chain.made() == {"up:a", "up:b", "join"}

    def test_clean_removes_outputs_and_logs_only(self, chain) -> None:
        chain.write("build/mine", "")
        assert "remove build/joined, build/join.log" in chain.doit("clean", "-n", "join")
        assert chain.exists("build/joined")
        chain.doit("clean", "join")
        assert not chain.exists("build/joined")
        assert not chain.exists("build/join.log")
        assert chain.exists("build/a")
        assert chain.exists("build/mine")
        assert chain.made() == {"join"}

    def test_status_of_doit_agrees_with_the_engine(self, chain) -> None:
        assert "U up:a" in chain.doit("list", "--all", "-s")
        assert "up-to-date" in chain.doit("info", "join")
        chain.write("build/a", "Z\n")
        listing = chain.doit("list", "--all", "-s")
        assert "R up:a" in listing
        assert "U up:b" in listing
        assert "build/a was altered" in chain.doit("info", "up:a", status=1)

    def test_ignored_task_and_what_needs_it(self, chain) -> None:
        chain.doit("ignore", "up:a")
        chain.write("a.txt", "A2\n")
        assert "2 skipped" in chain.doit()
        assert chain.read("build/joined") == "A\nB\n"


def test_reasons_name_facts_first(checkout) -> None:
    body = """
BUILD = ["hls"]
def task_hls():
    yield task(copy("hls:x", "a", "build/x", facts=(("folding.pe", "8"),), inputs=(Text("p", "8"),)), doc="x")
"""
    checkout.write("a", "A")
    checkout.dodo(body)
    checkout.doit()
    checkout.dodo(body.replace('"8"', '"4"'))
    assert "run     hls:x  (folding.pe 8 -> 4 (+1))" in checkout.doit()
    checkout.dodo(body.replace('"8"', '"2"'))
    assert "p changed" in checkout.doit("-v", "2")


@pytest.mark.slow
def test_switching_builds_runs_nothing(checkout) -> None:
    checkout.write("a", "A")
    checkout.dodo("""
BUILD = ["link"]
DOIT_CONFIG = doit_config(f"build/{SETTINGS.target}", settings=SETTINGS, redaction=NOTHING_PRIVATE)
def task_link():
    yield task(copy("link", "a", f"build/{SETTINGS.target}/out", facts=(("t", SETTINGS.target),)), doc="x")
""")
    assert checkout.made("target=sw_emu") == {"link"}
    assert checkout.made("target=hw_emu") == {"link"}
    assert checkout.made("target=sw_emu") == set()
    assert checkout.made("target=hw_emu") == set()
    checkout.doit("forget", "link", "target=hw_emu")
    assert checkout.made("target=sw_emu") == set()
    assert checkout.made("target=hw_emu") == {"link"}


@pytest.mark.slow
def test_steps_run_in_parallel_within_the_slots(checkout) -> None:
    checkout.dodo("""
BUILD = ["w"]
CODE = "import time, sys; a = time.time(); time.sleep(0.3); open('{0}', 'w').write(f'{{a}} {{time.time()}}')"
def task_w():
    for n in range(4):
        yield task(python(f"w:{n}", CODE.format(n), outputs=(str(n),)), doc="waits")
""")

    def most_at_once() -> int:
        spans = [tuple(map(float, checkout.read(f"build/{n}").split())) for n in range(4)]
        return max(sum(begin <= moment < end for begin, end in spans) for moment, _ in spans)

    checkout.doit("-n", "4")
    assert most_at_once() == 4
    checkout.doit("-n", "1", "-a")
    assert most_at_once() == 1
    checkout.doit("-a", "farm.slots=2")
    assert most_at_once() == 2


def test_a_step_sees_its_inputs_and_nothing_else(checkout) -> None:
    checkout.write("a", "A")
    checkout.write("secret", "S")
    checkout.environment["SECRET"] = "1"
    checkout.dodo("""
BUILD = ["look"]
CODE = '''
import json, os, sys
seen = sorted(os.path.join(d, f) for d, _, fs in os.walk(".") for f in fs)
print("to the log")
json.dump({"files": seen, "env": dict(os.environ), "cwd": os.getcwd(), "stdin": sys.stdin.read()}, open("sub/out", "w"))
'''
def task_look():
    yield task(python("look", CODE, outputs=("sub/out",), sources=("a",), environment=(("LEVEL", "3"),)), doc="x")
""")
    checkout.doit()
    seen = json.loads(checkout.read("build/sub/out"))
    assert seen["files"] == ["./a", "./code.py"]
    assert seen["stdin"] == ""
    assert seen["env"].pop("LEVEL") == "3"
    assert set(seen["env"]) <= {
        "PATH",
        "HOME",
        "TMPDIR",
        "LANG",
        "LC_CTYPE",
        "PYTHONHASHSEED",
        "PYTHONNOUSERSITE",
        "PYTHONDONTWRITEBYTECODE",
        "OPENBLAS_NUM_THREADS",
    }
    for folder in (seen["env"]["HOME"], seen["env"]["TMPDIR"], seen["cwd"]):
        assert folder.startswith(str(checkout.folder / "build/.farm/scratch/look-"))
    assert checkout.read("build/look.log") == "to the log\n"


def test_an_input_that_is_rewritten_in_place_stays_as_it_was(checkout) -> None:
    checkout.write("a", "A")
    checkout.dodo("""
BUILD = ["bad"]
def task_bad():
    yield task(python("bad", "open('a', 'w').write('broken'); open('out', 'w').write('x')", sources=("a",)), doc="x")
""")
    checkout.doit()
    assert checkout.read("a") == "A"


class TestEditDuringTheRun:
    BODY = """
BUILD = ["slow"]
CODE = "import time; text = open('a').read(); print(1, flush=True); time.sleep(0.7); open('out', 'w').write(text)"
def task_slow():
    yield task(python("slow", CODE, sources=("a",)), doc="x")
"""

    @pytest.mark.slow
    def test_result_is_not_taken_for_the_new_input(self, checkout, started) -> None:
        checkout.write("a", "old")
        checkout.dodo(self.BODY)
        process = started()
        checkout.wait_for("build/slow.log")
        checkout.write("a", "new")
        output, _ = process.communicate(timeout=30)
        assert "a was edited while slow ran with it; the next build runs slow again" in output
        assert "R slow" in checkout.doit("list", "-s")
        assert checkout.ran() == {"slow"}
        assert checkout.read("build/out") == "new"
        # The first result was correct for the input that it had read.
        checkout.write("a", "old")
        assert checkout.ran() == set()
        assert checkout.read("build/out") == "old"
