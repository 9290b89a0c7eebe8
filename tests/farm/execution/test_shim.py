"""The shim alone, on real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SHIM = Path(__file__).resolve().parents[3] / "farm/execution/shim.py"
MARK = "FARM_SHIM_TEST"


class Shim:
    def __init__(self, folder: Path) -> None:
        self.record = folder / "record.json"
        self.mark = str(folder)

    def start(self, *argv: str, program: str | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(SHIM), str(self.record), str(os.getpid()), program or argv[0], *argv],
            env={**os.environ, MARK: self.mark},
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *argv: str) -> dict[str, float]:
        self.start(*argv).communicate(timeout=30)
        return self.read()

    def read(self) -> dict[str, float]:
        return json.loads(self.record.read_text())

    def alive(self) -> list[str]:
        """Return all processes with the test's mark, except zombies."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if f"{MARK}={self.mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                        found.append((entry / "cmdline").read_bytes().decode().replace("\0", " "))
                except OSError:
                    continue
        return found


@pytest.fixture
def shim(tmp_path: Path) -> Shim:
    return Shim(tmp_path)


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", "-c", code)


# A child, a child in a session of its own, and an orphan from a double fork. None ends by itself.
TREE = """
import os, signal, time
{prepare}
for kind in range(3):
    if os.fork() == 0:
        if kind: os.setsid()
        if kind == 2 and os.fork(): os._exit(0)
        print("up", flush=True)
        time.sleep(60)
        os._exit(0)
print("up", flush=True)
{finish}
"""


@pytest.mark.parametrize(
    ("code", "status"), [("", 0), ("raise SystemExit(7)", 7), ("import os; os.kill(os.getpid(), 11)", -11)]
)
def test_status(shim: Shim, code: str, status: int) -> None:
    process = shim.start(*python(code))
    process.communicate(timeout=30)
    assert process.returncode == (status if status >= 0 else 128 - status)
    found = shim.read()
    assert (found["status"], found["stopped"], found["leftovers"], found["errno"]) == (status, 0, 0, 0)


def test_a_program_that_cannot_be_started(shim: Shim, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no program")
    text.chmod(0o755)
    assert shim.run(str(text))["errno"] == 8
    assert shim.run(str(tmp_path / "none"))["errno"] == 2


def test_the_tool_has_plain_signals_and_a_session_of_its_own(shim: Shim) -> None:
    code = (
        "import os\nlines = dict(line.split(':') for line in open('/proc/self/status') if line.startswith('Sig'))\n"
        "print(os.getsid(0) == os.getpid(), int(lines['SigBlk'], 16))"
    )
    output, _ = shim.start("/bin/sh", "-c", f'exec {sys.executable} -I -S -c "{code}"').communicate(timeout=30)
    assert output == "True 0\n"
    output, _ = shim.start("/bin/grep", "SigIgn", "/proc/self/status").communicate(timeout=30)
    # SIGPIPE is number 13.
    assert int(output.split()[1], 16) & (1 << 12) == 0


@pytest.mark.slow
@pytest.mark.parametrize("prepare", ["", "signal.signal(15, signal.SIG_IGN)"])
def test_asked_to_end_it_ends_the_whole_tree(shim: Shim, prepare: str) -> None:
    process = shim.start(*python(TREE.format(prepare=prepare, finish="time.sleep(60)")))
    assert process.stdout is not None
    for _ in range(4):
        assert process.stdout.readline() == "up\n"
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert shim.alive() == []
    assert shim.read()["stopped"] == 1
    assert shim.read()["status"] == (-9 if prepare else -15)
    assert time.monotonic() - begun < 10


def test_what_a_tool_leaves_running_is_ended(shim: Shim) -> None:
    found = shim.run(*python(TREE.format(prepare="", finish="os._exit(0)")))
    assert (found["status"], found["stopped"]) == (0, 0)
    assert found["leftovers"] >= 3
    assert shim.alive() == []


def test_a_tree_that_keeps_forking_is_ended(shim: Shim) -> None:
    code = (
        "import os, time\nfor _ in range(2000):\n    time.sleep(0.002)\n    if os.fork(): time.sleep(0.01); os._exit(0)"
    )
    process = shim.start(*python(code))
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert shim.alive() == []


def test_it_ends_with_its_parent(shim: Shim) -> None:
    parent = subprocess.Popen(
        python(
            "import os, subprocess, sys, time\n"
            f"subprocess.Popen([sys.executable, '-I', '-S', {str(SHIM)!r}, {str(shim.record)!r}, str(os.getpid()),"
            " '/bin/sleep', 'sleep', '60'])\nprint('up', flush=True)\ntime.sleep(60)"
        ),
        env={**os.environ, MARK: shim.mark},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    parent.stdout.readline()
    until = time.monotonic() + 10
    while not any(line.startswith("sleep") for line in shim.alive()):
        assert time.monotonic() < until
        time.sleep(0.01)
    parent.kill()
    parent.communicate()
    while shim.alive():
        assert time.monotonic() < until
        time.sleep(0.01)
    assert shim.read()["stopped"] == 1


def test_a_parent_that_has_gone_starts_nothing(shim: Shim) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SHIM), str(shim.record), "1", "/bin/true", "true"], check=False
    )
    assert done.returncode == 127
    assert not shim.record.exists()


@pytest.mark.slow
def test_cost_is_of_the_whole_tree(shim: Shim) -> None:
    work = "a = bytearray(60 << 20)\nfor i in range(0, len(a), 4096): a[i] = 1\n"
    burn = "t = time.process_time()\nwhile time.process_time() - t < 0.3: pass\ntime.sleep(1.0)\n"
    code = f"import os, time\nfor _ in range(2):\n    if os.fork() == 0:\n        exec({work + burn!r}); os._exit(0)\n"
    found = shim.run(*python(code + "for _ in range(2): os.wait()"))
    assert found["cpu_s"] >= 0.6
    assert 60 << 20 <= found["largest_process_bytes"] < 110 << 20
    # Both children held their memory for a second, which is longer than the time between two samples.
    assert found["sampled_tree_bytes"] >= 120 << 20
    assert found["wall_s"] >= 1.0


@pytest.mark.slow
def test_orphans_cost_too(shim: Shim) -> None:
    burn = "import time\nt = time.process_time()\nwhile time.process_time() - t < 0.4: pass"
    orphan = f"if os.fork() == 0:\n    if os.fork() == 0:\n        exec({burn!r})\n    os._exit(0)\n"
    code = f"import os, time\n{orphan}time.sleep(2.5)"
    assert shim.run(*python(code))["cpu_s"] >= 0.4
