"""Copies of the checkout in which doit runs."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path

import needs
import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "build/digits/open-sw_emu"
BLOCKS = ["preres", "res2a", "res2b", "res3a", "res3b", "postres"]


@dataclass(frozen=True)
class Checkout:
    """A copy of the checkout with data folders of its own."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XILINX", "PYTEST"))}
        data = str(self.folder.parent / "data")
        return {**kept, "PYTHONPATH": str(self.folder), "XDG_DATA_HOME": data, "XDG_CACHE_HOME": data}

    def start(self, *words: str, **more) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *words],
            cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, **more,
        )  # fmt: skip

    def python(self, *words: str, status: int = 0) -> str:
        """Run Python to its end, check its exit status, and return all that it has printed."""
        process = self.start(*words)
        try:
            output, _ = process.communicate(timeout=850)
        finally:
            process.kill()
        assert process.returncode == status, output
        return output

    def doit(self, *words: str, status: int = 0) -> str:
        return self.python("-m", "doit", *words, status=status)

    def ran(self, *words: str) -> set[str]:
        """Run doit and return the names of the steps that it has started."""
        return set(re.findall(r"^  run     (\S+)", self.doit(*words), re.MULTILINE))

    def core(self, block: str) -> str:
        """The name of a block's core, as `doit list` tells it."""
        return re.search(rf"^hls:{block} +.*= hls:(\S+)", self.doit("list", "--all"), re.MULTILINE)[1]

    def files(self) -> dict[str, tuple[int, int]]:
        """Every file of the build folder with its inode and time."""
        found = {}
        for path in sorted((self.folder / "build").rglob("*")):
            if path.is_file():
                found[path.relative_to(self.folder).as_posix()] = (path.stat().st_ino, path.stat().st_mtime_ns)
        return found

    def artefacts(self) -> dict[str, tuple[int, int]]:
        """The same without what the engine keeps for itself, and without the page that each build makes anew."""
        page = {f"{FOLDER}/{name}" for name in ("estimate.json", "page.html", "page.json")}
        return {
            path: stamp
            for path, stamp in self.files().items()
            if path.startswith(FOLDER) and "doit" not in path and path not in page
        }

    def processes(self) -> list[str]:
        """Command lines of processes that run in this copy or read a file of it."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    where, command = (entry / "cwd").readlink(), (entry / "cmdline").read_bytes()
                    state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                except OSError:
                    continue
                if state != "Z" and (where.is_relative_to(self.folder) or str(self.folder).encode() in command):
                    found.append(command.decode(errors="replace").replace("\0", " "))
        return found


def copy_files(folder: Path) -> None:
    """What git knows or would add, without the tests; and what Python has compiled of it.

    The copies keep their times, by which Python knows its bytecode. To compile all of it anew takes half a second.
    """
    needs.program("git")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("this is no git checkout, so that nobody says which files belong to it")
    for name in done.stdout.decode().split("\0"):
        source = ROOT / name
        if name and source.is_file() and not name.startswith("tests/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name)
            if name.endswith(".py") and (compiled := Path(cache_from_source(str(source)))).is_file():
                place = folder / compiled.relative_to(ROOT)
                place.parent.mkdir(exist_ok=True)
                # Not offered between any two file systems; and another worker may replace it right now.
                with contextlib.suppress(OSError):
                    os.link(compiled, place)


def share_bytecode(source: str, target: str) -> None:
    """Copy a file; link bytecode, which Python replaces and never changes in place.

    To make a file takes ten times as long as to link it.
    """
    share(source, target, (".pyc",))


def share(source: str, target: str, ends: tuple[str, ...]) -> None:
    """Link a file with one of these ends, or copy it. A change in place would change both."""
    if source.endswith(ends):
        with contextlib.suppress(OSError):
            os.link(source, target)
            return
    shutil.copy2(source, target)


def copy_checkout(folder: Path) -> Checkout:
    """A checkout for the open toolchain, with nothing built."""
    needs.hls_compiler()
    copy_files(folder)
    # The tests build the small network; which one the project builds by itself is no matter here.
    settings = folder / "farm.yaml"
    settings.write_text(re.sub(r"(?m)^network: .*$", "network: digits", settings.read_text()))
    return Checkout(folder)


def build_digits(folder: Path) -> None:
    """Put a checkout with digits built into `folder`, beside the `data` that its user has then."""
    checkout = copy_checkout(folder / "checkout")
    output = checkout.doit("build", "network=digits")
    names = set(re.findall(r"^  run     (\S+)", output, re.MULTILINE))
    cores = {checkout.core(block) for block in ["inoutdma", *BLOCKS]}
    assert len(cores) == 7
    expected = {f"hls:{core}" for core in cores} | {f"weights:{block}" for block in BLOCKS}
    assert names == expected | {"stitch:digits", "link:digits"}
    assert "15 run, 0 current" in output
