"""Measures a team's store on this machine: `python -m benchmarks.engine.remote restore | large | storm`.

`restore` builds digits once and restores it from the machine's own store and from nginx, in turn. `large` fetches an
object of 1 GiB from nginx, as the farm does and by curl, in turn. `storm` injects faults (`remote_storm`). The last
line has the limit; the status is 1 if it is missed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.engine import remote_server
from benchmarks.engine.remote_server import Nginx
from benchmarks.engine.remote_storm import BrokenPromiseError, storm

ROOT = Path(__file__).resolve().parents[2]
MOST_MORE_S, LEAST_SHARE = 1.0, 0.7
_GIB, _PART_BYTES = 1 << 30, 64 << 20


def restore(folder: Path, server: Nginx, runs: int) -> int:
    """Compare restoring digits from the machine's own store with restoring it from nginx."""
    checkout = folder / "checkout"
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", str(ROOT), str(checkout)], check=True)
    own, other = folder / "own", folder / "other"
    print(_built(checkout, own, f"farm.remote={server.url}", "farm.remote_writes=results"))
    times: dict[str, list[float]] = {"own": [], "nginx": []}
    for _ in range(runs):
        shutil.rmtree(checkout / "build")
        times["own"].append(_seconds(_built(checkout, own)))
        shutil.rmtree(checkout / "build")
        shutil.rmtree(other, ignore_errors=True)
        times["nginx"].append(_seconds(_built(checkout, other, f"farm.remote={server.url}")))
    for name, found in times.items():
        print(f"restored from {name:<5} {' '.join(f'{one:.1f}' for one in found)} s")
    more_s = statistics.median(times["nginx"]) - statistics.median(times["own"])
    print(f"nginx takes {more_s:.1f} s more (medians), limit {MOST_MORE_S:.1f} s")
    return int(more_s > MOST_MORE_S)


def large(folder: Path, server: Nginx, runs: int) -> int:
    """Compare fetching a file of 1 GiB, verified, with curl."""
    from farm.remote.connect import connected, remote_of  # noqa: PLC0415
    from farm.remote.receiver import receiver  # noqa: PLC0415
    from farm.results.digest import Digest  # noqa: PLC0415
    from farm.results.store import Store  # noqa: PLC0415

    part, hashing = os.urandom(_PART_BYTES), hashlib.sha256()
    made = folder / "made"
    with made.open("wb") as stream:
        for _ in range(_GIB // _PART_BYTES):
            stream.write(part)
            hashing.update(part)
    digest = Digest(hashing.hexdigest(), hashing.hexdigest(), _GIB)
    (server.store / "cas").mkdir()
    made.rename(server.store / "cas" / digest.sha256)
    transport, store = connected(remote_of(server.url)), Store(folder / "copies", print)
    if not store.is_usable:
        return 1
    times: dict[str, list[float]] = {"curl": [], "farm": []}
    for _ in range(runs):
        begun_s = time.monotonic()
        target = folder / "by-curl"
        subprocess.run(["curl", "-sf", "-o", str(target), f"{server.url}/cas/{digest.sha256}"], check=True)
        times["curl"].append(time.monotonic() - begun_s)
        target.unlink()
        begun_s = time.monotonic()
        with receiver(store, digest) as sink:
            transport.get(f"cas/{digest.sha256}", sink, most_bytes=_GIB, size=_GIB)
        times["farm"].append(time.monotonic() - begun_s)
        store.object_path(digest.sha256).unlink()
    for name, found in times.items():
        print(f"1 GiB by {name:<5} {' '.join(f'{one:.2f}' for one in found)} s")
    share = statistics.median(times["curl"]) / statistics.median(times["farm"])
    print(f"the farm, which verifies, has {share:.2f} of curl's speed (medians), limit {LEAST_SHARE:.2f}")
    return int(share < LEAST_SHARE)


def _built(checkout: Path, cache: Path, *words: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(checkout), "XDG_CACHE_HOME": str(cache), "XDG_DATA_HOME": str(cache)}
    command = [sys.executable, "-m", "doit", "build", "network=digits", *words]
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=True)
    return next(line for line in done.stdout.splitlines() if " current in " in line)


def _seconds(line: str) -> float:
    found = re.search(r"0 run, \d+ restored, 0 current in (?:(\d+) min )?([\d.]+) s", line)
    if found is None:
        raise ValueError(f"not everything was restored: {line}")
    return int(found[1] or 0) * 60 + float(found[2])


def main() -> int:
    """Print the figures. Returns 0, or 1 if a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("restore", "large", "storm"))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        if given.what == "storm":
            try:
                print("\n".join(storm(Path(name), given.faults, given.seed)))
            except BrokenPromiseError as problem:
                print(problem)
                return 1
            return 0
        with remote_server.nginx(Path(name) / "nginx") as server:
            return {"restore": restore, "large": large}[given.what](Path(name), server, given.runs)


if __name__ == "__main__":
    sys.exit(main())
