"""Steps that reach for what is not theirs, for a storm of faults: links, pipes and rights in the wrong places.

A step runs as the user and can do what the user can. What is checked is that the engine does not do it for the step: it
follows no link, waits for no pipe, takes over nothing that leads elsewhere, and says what it has refused.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.engine.storm_project import PYPROJECT

ROOT = Path(__file__).resolve().parents[2]
_WAIT_S = 60.0
_KEPT = "KEEP\n"

_DODO = """\
from config.settings import Settings
from farm.redaction import Redaction
from farm.step import File, Output, Step
from farm.tasks import doit_config, task

DOIT_CONFIG = doit_config(
    "build/main", settings=Settings.defaults(), default_tasks=["after", "beside"],
    redaction=Redaction(lambda text, log: text.replace("secret", "<redacted>")),
)

def python(name, file, *inputs):
    return Step(name, ("{python}", file), (File(file, file), *inputs), (Output("sub/out", f"build/sub/{name}"),),
                log=f"build/log/{name}.log")

def task_deed():
    yield task(python("deed", "deed.py", File("source", "source")), doc="x")

def task_after():
    yield task(python("after", "after.py", File("deed", "build/sub/deed")), doc="x")

def task_beside():
    yield task(python("beside", "beside.py"), doc="x")
"""
_AFTER = "open('sub/out', 'w').write(open('deed').read() + 'after')\n"
_BESIDE = "import time; time.sleep(0.1); open('sub/out', 'w').write('beside')\n"
_BEGIN = """\
import os, signal, stat, sys, time
from pathlib import Path
up, precious = Path('../../../../..').resolve(), Path(PRECIOUS)
log, out, source = up / 'build/log/deed.log', Path('sub/out'), up / 'source'
def good():
    out.write_text('deed NUMBER')
def swap(path, make):
    path = Path(path)
    if path.is_dir() and not path.is_symlink():
        path.rename(f'{path}.away')
    else:
        path.unlink(missing_ok=True)
    make(path)
print('secret NUMBER', flush=True)
"""
#: What the step does, by a name. A deed of OWN_FOLDER swaps a folder of the engine, which is then put back by hand.
_REFUSED = {
    "its log a pipe": "swap(log, os.mkfifo); good()",
    "its log a link": "swap(log, lambda p: p.symlink_to(precious / 'keep')); good()",
    "its log a link to a device": "swap(log, lambda p: p.symlink_to('/dev/zero')); good()",
    "its log another file": "swap(log, lambda p: p.write_text('well')); good()",
    "its log a folder": "swap(log, os.mkdir); good()",
    "its log has two names": "os.link(log, up / 'stolen'); good()",
    "its log stretched": "os.truncate(log, 1 << 40); good()",
    "the log's folder a link": "swap(log.parent, lambda p: p.symlink_to(precious)); good()",
    "an output a link": "out.symlink_to(precious / 'keep')",
    "an output a link to nothing": "out.symlink_to('/nowhere/at/all')",
    "an output a pipe": "os.mkfifo(out)",
    "an output a socket": "import socket; socket.socket(socket.AF_UNIX).bind('sub/out')",
    "an output a source's hard link": "os.link(source, out)",
    "an output setuid": "good(); out.chmod(0o4755)",
    "an output setgid": "good(); out.chmod(0o2755)",
    "an output's folder a link": "(up / 'scrap').mkdir(exist_ok=True); out.parent.rmdir(); "
    "out.parent.symlink_to(up / 'scrap'); good()",
    "an output's folder a pipe": "out.parent.rmdir(); os.mkfifo(out.parent)",
    "a target's folder a link": "swap(up / 'build/sub', lambda p: p.symlink_to(precious)); good()",
    "a target's folder a pipe": "swap(up / 'build/sub', os.mkfifo); good()",
    "a target a folder": "swap(up / 'build/sub/deed', os.mkdir); good()",
}
_ENDURED = {
    "the shim's record a pipe": "os.mkfifo('../ended.json'); good()",
    "the shim's record a link": "Path('../ended.json').symlink_to(precious / 'keep'); good()",
    "the shim killed, its record a pipe": "os.mkfifo('../ended.json'); good(); os.kill(os.getppid(), 9)",
    "its scratch folder renamed": "Path('../../away').mkdir(); os.rename('..', '../../away/x'); good()",
    "a file that nobody may read": "good(); out.chmod(0)",
    "a folder that nobody may enter": "good(); Path('closed').mkdir(); Path('closed/x').touch(); os.chmod('closed', 0)",
    "a child that stays": "good(); os.fork() or (os.setsid(), signal.signal(15, signal.SIG_IGN), time.sleep(300))",
    "an output that grows": "good(); os.fork() or [out.open('a').write('x') for _ in iter(int, 1)]",
    "bytes on its log": "os.write(1, bytes(range(256)) * 64); good()",
    "one long line on its log": "os.write(1, b'secret;' * 1_000_000); good()",
    "its record of digests a pipe": "swap(up / 'build/.farm/digests.json', os.mkfifo); good()",
    "the last build's events a pipe": "swap(up / 'build/.farm/last_build.jsonl', os.mkfifo); good()",
    "the records a link": "swap(up / 'build/.farm/records', lambda p: p.symlink_to(precious)); good()",
    "the scratch folder a link": "swap(up / 'build/.farm/scratch', lambda p: p.symlink_to(precious)); good()",
    "the engine's folder a link": "swap(up / 'build/.farm', lambda p: p.symlink_to(precious)); good()",
    "the build a link": "swap(up / 'build', lambda p: p.symlink_to(precious)); good()",
    "an old log's temporary a link": "(up / 'build/log/.deed.log.x').symlink_to(precious / 'keep'); good()",
}
DEEDS = {**_REFUSED, **_ENDURED}


class HarmError(Exception):
    """The engine has done for a step what it must not do."""


@dataclass
class HostileSteps:
    """A checkout whose step `deed` does what it should not, and a folder beside it that nobody may touch."""

    folder: Path
    chance: random.Random
    number: int = 0
    _left: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.checkout, self.precious = self.folder / "checkout", self.folder / "precious"
        for path in (self.checkout, self.precious):
            path.mkdir(parents=True)
        (self.precious / "keep").write_text(_KEPT)
        for name, text in (("pyproject.toml", PYPROJECT), ("dodo.py", _DODO), ("after.py", _AFTER)):
            (self.checkout / name).write_text(text)
        (self.checkout / "beside.py").write_text(_BESIDE)
        (self.checkout / "source").write_text(_KEPT)

    def strike(self) -> str:
        """Let the step do a deed, and check what the build makes of it, then what the next one does; return the deed.

        Raises HarmError.
        """
        self._left = self._left or self.chance.sample(sorted(DEEDS), len(DEEDS))
        name = self._left.pop()
        self._write(DEEDS[name])
        output, status = self._build()
        self._check(name, output, status)
        self._put_back()
        self._write("good()")
        output, status = self._build()
        self._untouched(f"{name}, then a good step", output)
        made = {path.name: path.read_text() for path in (self.checkout / "build/sub").iterdir()}
        expected = {"deed": f"deed {self.number}", "after": f"deed {self.number}after", "beside": "beside"}
        if status != 0 or made != expected:
            raise HarmError(f"{name}: the next build ended with {status} and made {made}\n{output}")
        return name

    def _check(self, name: str, output: str, status: int) -> None:
        self._untouched(name, output)
        if name in _REFUSED and (status != 1 or "FAILED  deed" not in output):
            raise HarmError(f"{name}: the build ended with {status} and refused nothing\n{output}")
        if status not in (0, 1, 2):
            raise HarmError(f"{name}: the build ended with {status}\n{output}")

    def _untouched(self, name: str, output: str) -> None:
        if "Traceback (most recent call last)" in output:
            raise HarmError(f"{name}: a traceback\n{output}")
        kept = {path.name: path.read_text() for path in self.precious.iterdir()}
        source = self.checkout / "source"
        if kept != {"keep": _KEPT} or source.read_text() != _KEPT or source.stat().st_mode & 0o7133:
            raise HarmError(f"{name}: what lies beside the build was touched: {kept}\n{output}")
        for log in self.checkout.glob("build/log/*.log"):
            if log.is_file() and not log.is_symlink() and "secret" in log.read_text(errors="replace"):
                raise HarmError(f"{name}: {log} was kept as it was written\n{output}")

    def _write(self, deed: str) -> None:
        self.number += 1
        begin = _BEGIN.replace("PRECIOUS", repr(str(self.precious))).replace("NUMBER", str(self.number))
        (self.checkout / "deed.py").write_text(f"{begin}{deed}\n")

    def _build(self) -> tuple[str, int]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(self.folder / "cache")}
        process = subprocess.Popen(
            [sys.executable, "-m", "doit", "-n", "3", "-c"],
            cwd=self.checkout,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        try:
            output, _ = process.communicate(timeout=_WAIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise HarmError(f"a build does not end\n{process.communicate()[0]}") from None
        return output, process.returncode

    def _put_back(self) -> None:
        """Undo what the step itself did: the engine refuses to, and a person would have to."""
        (self.checkout / "stolen").unlink(missing_ok=True)
        shutil.rmtree(self.checkout / "scrap", ignore_errors=True)
        for away in sorted(self.checkout.rglob("*.away")):
            place = away.with_suffix("")
            if place.is_symlink() or place.is_fifo():
                place.unlink()
            if not place.exists():
                away.rename(place)
            elif away.is_dir():
                shutil.rmtree(away, ignore_errors=True)
        for name in ("build/sub/deed", "build/log/deed.log"):
            with contextlib.suppress(OSError):
                (self.checkout / name).rmdir()
        with contextlib.suppress(OSError):
            (self.checkout / "build/log/.deed.log.x").unlink()
        for path in (self.checkout / "build/log", self.checkout / "build/sub"):
            if path.is_symlink() or path.is_fifo():
                path.unlink()
