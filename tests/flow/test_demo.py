"""`doit demo`, the first command of the README."""

from __future__ import annotations

import os
import re
import signal
import time

import pytest
from flow_checkout import copy_checkout

pytestmark = pytest.mark.slow


def test_it_builds_and_shows(built) -> None:
    """The labels are those of the data set; training printed 357 of 360 (digits_train.py)."""
    printed = built.doit("demo")
    assert "nothing to do" in printed
    assert "357 of 360 held-out images are right" in printed
    said = re.findall(r"says (\d)", printed.partition("wrong:")[0])
    assert len(said) == 10  # the first image of each digit; of all images a few are wrong
    assert len(set(said)) >= 8
    assert "every index equals the integer model's" in printed
    assert printed.rstrip().splitlines()[-1].endswith("help                    all commands")


def test_what_it_suggests_can_be_typed(built) -> None:
    lines = built.doit("demo").rpartition("What to try next:\n")[2].strip().splitlines()
    assert len(lines) == 4
    for line in lines:
        words = line.strip().partition("  ")[0].split()
        assert words[0].endswith("doit")
        built.doit(*words[1:])


def test_words_are_refused(built) -> None:
    assert "'doit demo' takes no words but network=, not 'resnet50'" in built.doit("demo", "resnet50", status=3)


def test_interrupt_leaves_nothing_behind(tmp_path) -> None:
    checkout = copy_checkout(tmp_path / "checkout")
    process = checkout.start("-m", "doit", "demo", start_new_session=True)
    try:
        for line in process.stdout:
            if line.startswith("  run     hls:"):
                break
        os.killpg(process.pid, signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, rest
    assert "says" not in rest
    until = time.monotonic() + 5
    while checkout.processes() and time.monotonic() < until:
        time.sleep(0.1)
    assert checkout.processes() == []
