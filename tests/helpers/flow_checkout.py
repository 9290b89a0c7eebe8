"""Copies of the checkout in which doit runs."""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path

import needs
import pytest
from doit_server import BEFORE_A_DODO, DoitServer
from small_checkout import IMPORTED, REAL

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "build/digits/open-sw_emu"
BLOCKS = ["preres", "res2a", "res2b", "res3a", "res3b", "postres"]
#: What the project's dodo.py and the commands in it import for digits, and what the toolchain adds.
_IMPORTED = (
    *BEFORE_A_DODO, *IMPORTED, "argparse", "runpy", "blocks.dma.rtl", "blocks.kinds.head", "blocks.kinds.residual",
    "blocks.kinds.stem", "blocks.network", "blocks.origin", "blocks.trained", "farm.flow", "farm.project",
    "integration.kernel_rtl.links", "integration.platform", "runtime.formats.xclbin", "runtime.trust",
    "toolchains.choose", "toolchains.common.failures", "toolchains.common.pictures", "toolchains.common.results",
    "toolchains.common.stages.weights", "toolchains.open.toolchain",
    *(f"toolchains.open.stages.{stage}" for stage in ("hls", "link", "ooc", "stitch")),
)  # fmt: skip
_OF_VITIS = (
    "toolchains.vitis.toolchain",
    *(
        f"toolchains.vitis.stages.{stage}"
        for stage in ("hls", "link", "netlist", "ooc", "payload", "placement", "stitch")
    ),
)
#: At most this many checkouts of a worker have a process that forks; each takes some 40 MB.
_MOST = 3
_asked: set[Path] = set()
_servers: dict[Path, DoitServer] = {}


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
        if words[:2] == ("-m", "doit") and (server := server_of(self.folder, self.environment)) is not None:
            found, output, _ = server.program(self.folder, "doit", words[2:], joined=True, seconds=850)
            assert found == status, output
            return output
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


def server_of(folder: Path, environment: Mapping[str, str]) -> DoitServer | None:
    """The process that has imported this checkout and forks for each doit in it: starting takes most of doit's time.

    None for the first doit in a checkout, after which there may be no other, and where only a Python of its own shows
    what a user would see: the checkout cannot be imported, or the environment is another one.
    """
    if REAL in os.environ or folder not in _asked:
        _asked.add(folder)
        return None
    server = _servers.pop(folder, None)
    if server is None or not server.lives or not server.current:
        if server is not None:
            server.close()
        server = DoitServer((*_IMPORTED, *(_OF_VITIS if "XILINX_XRT" in environment else ())), environment=environment)
        atexit.register(server.close)
    _servers[folder] = server
    while len(_servers) > _MOST:
        _servers.pop(next(iter(_servers))).close()
    return server if server.current and server.environment == environment else None


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
