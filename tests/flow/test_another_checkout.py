"""A build that is stopped, finished, compared with another checkout's, and cleaned."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # each test continues where the one before ended
ROOT = Path(__file__).resolve().parents[2]
FOLDER = "build/digits/open-sw_emu"


class TestAnotherCheckout:
    """In this order: stopped in the middle, finished, compared, cleaned."""

    def test_interrupt_leaves_no_process_and_no_partial_target(self, other) -> None:
        process = other.start("-m", "doit", "build", start_new_session=True)
        lines = []
        try:
            for line in process.stdout:
                lines.append(line)
                if line.startswith("  run     hls:residual"):
                    break
            until = time.monotonic() + 60
            while not any("cc1plus" in command for command in other.processes()):
                assert time.monotonic() < until, "no compiler runs"
                time.sleep(0.05)
            os.killpg(process.pid, signal.SIGINT)
            rest, _ = process.communicate(timeout=30)
        finally:
            process.kill()
        assert process.returncode not in (0, 1), "".join(lines) + rest
        assert "stopped by" in rest
        until = time.monotonic() + 5
        while other.processes() and time.monotonic() < until:
            time.sleep(0.1)
        assert other.processes() == []
        for folder in (other.folder / FOLDER / "hls").glob("*"):
            names = {path.name for path in folder.iterdir()} - {"hls.log"}
            assert names in (set(), {"core.o", "csim.json", "interface.json"}), folder
        assert not (other.folder / FOLDER / "digits.xclbin").exists()
        assert not list(other.folder.glob("build/.farm/scratch/*"))

    def test_one_core_by_its_blocks_name(self, other) -> None:
        core = other.core("res2a")
        assert other.ran("hls:res2a") <= {f"hls:{core}"}
        assert (other.folder / FOLDER / "hls" / core / "core.o").exists()
        assert "nothing to do: 1 current" in other.doit("hls:res2a")

    def test_one_block(self, other) -> None:
        assert other.ran("block:res2a") <= {"weights:res2a"}
        assert "nothing to do: 2 current" in other.doit("block:res2a")
        assert (other.folder / FOLDER / "weights/res2a/memories.bin").exists()

    def test_only_what_had_not_finished_runs(self, other, built) -> None:
        done = {path.parent.name for path in (other.folder / FOLDER / "hls").glob("*/core.o")}
        assert other.core("res2a") in done
        ran = other.ran("build")
        assert not {f"hls:{core}" for core in done} & ran
        assert {"stitch:digits", "link:digits"} <= ran
        assert "weights:res2a" not in ran
        first, second = ({p for p in c.artefacts() if not p.endswith(".log")} for c in (built, other))
        assert second <= first  # the first checkout has one more core, from its other folding

    def test_the_same_bytes_in_every_checkout(self, built, other) -> None:
        built.doit("build")
        for name in ("stitch/kernel.xml", "stitch/program", "weights/res3b/memories.bin", "digits.xclbin"):
            first, second = ((c.folder / FOLDER / name).read_bytes() for c in (built, other))
            assert first == second, name

    def test_nothing_of_the_machine_is_in_the_xclbin(self, other) -> None:
        data = (other.folder / FOLDER / "digits.xclbin").read_bytes()
        for trace in (str(other.folder), str(ROOT), sys.prefix, os.uname().nodename):
            assert trace.encode() not in data, trace

    def test_clean_takes_the_outputs_and_nothing_else(self, other) -> None:
        before = other.files()
        mine = other.folder / FOLDER / "hls" / "notes.txt"
        mine.write_text("mine")
        sources = {path for path in other.folder.rglob("*") if "build" not in path.parts}
        other.doit("clean", "link:digits")
        gone = set(before) - set(other.files())
        assert gone == {f"{FOLDER}/{name}" for name in ("digits.xclbin", "link.log", "link/values.json")}
        assert other.ran("build") == set(), "the store is none of clean's business"
        assert set(other.files()) >= gone
        other.doit("clean", "-a")
        left = [path for path in other.artefacts() if not path.endswith("notes.txt")]
        assert left == []
        assert mine.read_text() == "mine"
        assert {path for path in other.folder.rglob("*") if "build" not in path.parts} >= sources
