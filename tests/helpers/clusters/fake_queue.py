"""A queue for tests: `submit NAME CORES MEMORY_MB -- COMMAND...` waits for the end, `alive`, `clear NAME...`.

It lies as the files of its folder say: `FAULT` has one word a line, and each submission takes the first. `silent` lets
questions fail as long as it is there. Started as `python -S fake_queue.py FOLDER ...`.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def main(folder: Path, action: str, *words: str) -> int:
    jobs = folder / "jobs"
    jobs.mkdir(exist_ok=True)
    if action == "submit":
        return _submit(folder, jobs, list(words))
    if (folder / "silent").exists():
        return 1
    if action == "alive":
        sys.stdout.write("".join(f"job {each.name} of somebody\n" for each in jobs.iterdir()))
        return 0
    for name in words:
        try:
            os.killpg(int((jobs / name).read_text()), signal.SIGTERM)
        except (OSError, ValueError):
            continue
    with (folder / "cleared").open("a") as stream:
        stream.write("".join(f"{name}\n" for name in words))
    return 0


def _submit(folder: Path, jobs: Path, words: list[str]) -> int:
    name, cores, memory = words[:3]
    with (folder / "submitted").open("a") as stream:
        stream.write(f"{name} {cores} {memory} {' '.join(words[3 : words.index('--')])}\n")
    fault = _next_fault(folder)
    if fault == "lose":
        return 0
    if fault == "late":
        time.sleep(1.0)
    if fault == "refuse":
        return 1
    job = subprocess.Popen(words[words.index("--") + 1 :], start_new_session=True)
    (jobs / name).write_text(str(job.pid))
    if fault == "kill":
        os.killpg(job.pid, signal.SIGKILL)
    status = job.wait()
    (jobs / name).unlink()
    return 1 if fault == "lie" else 128 - status if status < 0 else status


def _next_fault(folder: Path) -> str:
    with (folder / "FAULT").open("a+") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        stream.seek(0)
        faults = stream.read().split()
        stream.truncate(0)
        stream.write("\n".join(faults[1:]))
    return faults[0] if faults else ""


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
