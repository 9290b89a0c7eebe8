"""Files that the programs of steps actually open, as seen by the kernel: in the checkout and the home none but declared
inputs, which are in the step's own folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_CALLS = "open,openat,openat2,execve,fork,vfork,clone,clone3"
# The path of an opened file, as the kernel resolved it, or of a started program, as it was named.
_OPENED = re.compile(r"^open\w*\(.* += \d+<([^>]*)>(?:\(deleted\))?$")
_STARTED = re.compile(r'^execve\("([^"]*)", \[(.*)\], .* += 0$')
_FORKED = re.compile(r"^(?:fork|vfork|clone3?)\(.*\) += (\d+)(?:<.*>)?$")

pytestmark = pytest.mark.nightly


@pytest.fixture(scope="module", autouse=True)
def strace() -> None:
    if shutil.which("strace") is None:
        pytest.skip("there is no strace; install it, e.g. apt-get install strace")
    done = subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"strace may not trace here: {done.stderr.strip()}")


def opened_by_steps(folder: Path, logs: Path, environment: dict[str, str], *words: str) -> dict[str, set[Path]]:
    """Run doit in `folder` under strace; return by scratch folder what each step's processes have opened or started."""
    logs.mkdir()
    command = ["strace", "-ff", "--seccomp-bpf", "-y", "-qq", "-s", "4096", "-e", f"trace={_CALLS}"]
    command += ["-e", "signal=none", "-o", str(logs / "of"), sys.executable, "-m", "doit", *words]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stdout + done.stderr
    calls = {int(path.suffix[1:]): path.read_text(errors="replace").splitlines() for path in logs.glob("of.*")}
    found: dict[str, set[Path]] = {}
    for lines in calls.values():
        started = [match for line in lines if (match := _STARTED.match(line))]
        shim = next((match for match in started if "farm/execution/shim.py" in match[2]), None)
        if shim is not None:
            # The shim's first argument after its own name is the record, in the step's folder.
            record = re.search(r'farm/execution/shim\.py", "([^"]+)"', shim[2])
            assert record is not None, shim[2]
            scratch = str(Path(record[1]).parent)
            for child in _forked(lines):
                found.setdefault(scratch, set()).update(_opened(child, calls))
    return found


def _opened(process: int, calls: dict[int, list[str]]) -> Iterator[Path]:
    for line in calls.get(process, ()):
        match = _OPENED.match(line) or _STARTED.match(line)
        if match:
            yield Path(match[1])
    for child in _forked(calls.get(process, [])):
        yield from _opened(child, calls)


def _forked(lines: list[str]) -> list[int]:
    return [int(match[1]) for line in lines if (match := _FORKED.match(line))]


def undeclared(opened: dict[str, set[Path]], *checkouts: Path) -> dict[str, list[str]]:
    """Return, by step, the files in a checkout or the home that are in neither the step's folder nor the interpreter's.

    A step's folder holds its declared inputs and the files that it has made. A checkout is the last entry of the
    interpreter's path, which lists it when it seeks a module; a module that it then took would be opened.
    """
    private = [*checkouts, Path.home()]
    free = [Path(sys.prefix), Path(sys.base_prefix)]
    found = {}
    for scratch, paths in opened.items():
        wrong = sorted(
            str(path)
            for path in paths
            if any(path.is_relative_to(folder) for folder in private)
            and path not in checkouts
            and not any(path.is_relative_to(folder) for folder in (*free, Path(scratch)))
        )
        if wrong:
            found[Path(scratch).name] = wrong
    return found


def test_the_trace_sees_what_a_step_should_not_open(checkout, tmp_path: Path) -> None:
    checkout.write("declared", "d")
    checkout.write("secret", "s")
    checkout.dodo(
        """
BUILD = ["good", "bad", "child"]
READ = "import os; open({0!r}).read(); open('out', 'w').write('x')"
def task_good():
    yield task(python("good", READ.format("declared"), sources=("declared",)), doc="x")
def task_bad():
    yield task(python("bad", READ.format("../../../../../secret"), outputs=("out2",)), doc="x")
def task_child():
    code = "import subprocess; subprocess.run(['sh', '-c', 'cat ../../../../../secret > out3'], check=True)"
    yield task(python("child", code, outputs=("out3",)), doc="x")
""".replace("open('out', 'w').write('x')", "[open(n, 'w').write('x') for n in ('out', 'out2')]")
    )
    opened = opened_by_steps(checkout.folder, tmp_path / "trace", checkout.environment, "build")
    wrong = undeclared(opened, checkout.folder)
    assert {name.rpartition("-")[0]: paths for name, paths in wrong.items()} == {
        name: [str(checkout.folder / "secret")] for name in ("bad", "child")
    }
    assert len(opened) == 3


@pytest.mark.timeout(900)
def test_no_step_of_digits_opens_anything_undeclared(tmp_path: Path) -> None:
    copy = tmp_path / "checkout"
    left_out = shutil.ignore_patterns("build", ".venv*", ".git", "__pycache__", ".*_cache", "farm.local.yaml")
    shutil.copytree(ROOT, copy, ignore=left_out)
    environment = {**os.environ, "PYTHONPATH": str(copy), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment |= {"XDG_DATA_HOME": str(tmp_path / "data")}
    opened = opened_by_steps(copy, tmp_path / "trace", environment, "build", "network=digits")
    assert len(opened) == 15, sorted(opened)
    # The trace works: every step has opened a file of its own folder.
    assert all(any(path.is_relative_to(scratch) for path in paths) for scratch, paths in opened.items())
    assert undeclared(opened, copy, ROOT) == {}
