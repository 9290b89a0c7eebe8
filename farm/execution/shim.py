"""The process between the engine and a tool: it ends everything that the tool has started, and records the cost.

Started as `python -I -S shim.py RECORD PARENT_PID PROGRAM ARGV0 ARGV1...`, with the tool's folder, environment and
log. It imports nothing of the project and little of the library: it starts once per step. When it gets SIGTERM, or
its parent ends, the whole tree is ended: asked first, killed after GRACE_S. The record is its last act: a step without
one has lost its shim.
"""

from __future__ import annotations

# Their public faces, signal and contextlib, take longer to load than all the rest, and this is loaded for each step.
import _signal as signal  # type: ignore[import-not-found]
import ctypes
import os
import sys
import time

GRACE_S = 1.5
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_WATCHED = (*_ENDING, signal.SIGCHLD)
_ENDING_POLL_S = 0.01
# Samples of the memory of the whole tree: often at first, since many steps are short, then twice a second.
_FIRST_SAMPLE_S = 0.02
_SAMPLE_S = 0.5
#: A process that waits for a dead disk cannot be killed; the engine must not wait for it without end.
_GIVE_UP_S = 20.0
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
# Not every kernel is built with these files.
_LISTS_CHILDREN = os.path.exists(f"/proc/self/task/{os.getpid()}/children")  # noqa: PTH110
_LIBC = ctypes.CDLL(None)


class Tree:
    """The tool and all that comes of it: children of this process, by birth or by adoption."""

    def __init__(self, tool: int) -> None:
        self.tool = tool
        self.status: int | None = None
        self.cpu_s = 0.0
        self.largest_bytes = 0
        self.sampled_bytes = 0
        self.leftovers = 0
        self._asked: set[int] = set()

    def reap(self) -> bool:
        """Take the status and the cost of all that has ended; False if there is nobody left."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            self.cpu_s += usage.ru_utime + usage.ru_stime
            self.largest_bytes = max(self.largest_bytes, usage.ru_maxrss * 1024)
            if pid == self.tool:
                self.status = os.waitstatus_to_exitcode(status)
                self.leftovers = len(descendants(os.getpid()))

    def sample(self) -> None:
        """Note how much memory the tree holds now. Shared pages count once for each process."""
        held = 0
        for pid in descendants(os.getpid()):
            words = _read(f"/proc/{pid}/statm").split()
            held += int(words[1]) * _PAGE_BYTES if len(words) > 1 else 0
        self.sampled_bytes = max(self.sampled_bytes, held)

    def end(self, kill: bool) -> None:
        """Ask every process to end, each once since a second SIGTERM makes some skip their cleaning up; or kill all."""
        for pid in descendants(os.getpid()):
            if kill or pid not in self._asked:
                self._asked.add(pid)
                try:
                    os.kill(pid, signal.SIGKILL if kill else signal.SIGTERM)
                except OSError:
                    continue  # it has ended meanwhile, or has become another user


def descendants(root: int) -> list[int]:
    """Return all processes below one, in whatever group or session they are; zombies among them."""
    found: list[int] = []
    pending = [root]
    while pending:
        below = _children(pending.pop())
        found += below
        pending += below
    return found


def main(words: list[str]) -> int:
    """Run a tool to its end, or to ours. Returns its status, or 128 and its signal."""
    record, parent, program, *argv = words
    _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    # Blocked: none is lost between two waits.
    signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    if os.getppid() != int(parent):
        return 127
    ooms = _oom_kills()
    started_s = time.monotonic()
    tool, errno = _start(program, argv)
    tree = Tree(tool)
    stopped = _watch(tree, started_s)
    status = -int(signal.SIGKILL) if tree.status is None else tree.status
    numbers = {
        "status": status,
        "stopped": int(stopped),
        "errno": errno,
        "wall_s": round(time.monotonic() - started_s, 6),
        "cpu_s": round(tree.cpu_s, 6),
        "largest_process_bytes": tree.largest_bytes,
        "sampled_tree_bytes": tree.sampled_bytes,
        "leftovers": tree.leftovers,
        "oom_kills": max(0, _oom_kills() - ooms),
        "log_bytes": _written(),
    }
    # JSON by hand: its module takes longer to load than most of this.
    text = "{" + ", ".join(f'"{name}": {number}' for name, number in numbers.items()) + "}\n"
    # The tool may have put a pipe or a link in this place: the rename replaces it. The tool could not guess this name.
    new = f"{record}.{os.getpid()}-{time.monotonic_ns()}"
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    os.write(descriptor, text.encode("ascii"))
    os.close(descriptor)
    os.rename(new, record)  # noqa: PTH104
    return status if status >= 0 else 128 - status


def _watch(tree: Tree, started_s: float) -> bool:
    """Wait until nobody is left; tell whether that was asked for before the tool had ended."""
    stopped = False
    kill_at_s: float | None = None
    interval_s, sample_at_s = _FIRST_SAMPLE_S, started_s + _FIRST_SAMPLE_S
    while tree.reap():
        now_s = time.monotonic()
        # Processes that outlive the tool could still write to its outputs, and hold memory and licences.
        if kill_at_s is None and (stopped or tree.status is not None):
            kill_at_s = now_s + GRACE_S
        if kill_at_s is not None:
            if now_s > kill_at_s + _GIVE_UP_S:
                break
            tree.end(kill=now_s >= kill_at_s)
        elif now_s >= sample_at_s:
            tree.sample()
            interval_s = min(_SAMPLE_S, interval_s * 1.5)
            sample_at_s = now_s + interval_s
        caught = signal.sigtimedwait(_WATCHED, _ENDING_POLL_S if kill_at_s else max(0.0, sample_at_s - now_s))
        if caught is not None and caught.si_signo in _ENDING:
            stopped = stopped or tree.status is None
    return stopped


def _start(program: str, argv: list[str]) -> tuple[int, int]:
    """Start the tool in a session of its own; return its process, and the error number if it could not be executed."""
    reader, writer = os.pipe()
    shim = os.getpid()
    tool = os.fork()
    if tool == 0:
        try:
            os.setsid()
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
            if os.getppid() != shim:
                os._exit(127)
            # Python ignores these two, and tools rely on them.
            for number in (signal.SIGPIPE, signal.SIGXFSZ):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            os.execv(program, argv)  # noqa: S606 - by design
        except OSError as error:
            os.write(writer, str(error.errno).encode())
        finally:
            os._exit(127)
    os.close(writer)
    # Ends when the tool has begun, since the pipe closes at that moment.
    errno = os.read(reader, 16)
    os.close(reader)
    return tool, int(errno or b"0")


def _children(pid: int) -> list[int]:
    if not _LISTS_CHILDREN:
        return _children_by_parent(pid)
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208
    except OSError:
        return []
    return [int(word) for thread in threads for word in _read(f"/proc/{pid}/task/{thread}/children").split()]


def _children_by_parent(parent: int) -> list[int]:
    # The fields after the name, which is in parentheses and may hold anything: state, parent.
    fields = {name: _read(f"/proc/{name}/stat").rpartition(b")")[2].split() for name in os.listdir("/proc")}  # noqa: PTH208
    return [int(name) for name, found in fields.items() if name.isdigit() and found[1:2] == [str(parent).encode()]]


def _read(path: str) -> bytes:
    """Read a /proc file; empty if the process has exited."""
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - pathlib takes long to load
            return stream.read()
    except OSError:
        return b""


def _written() -> int:
    """Return how many bytes have been written to the log, which the tool shares with us; 0 if it is not a file."""
    try:
        return os.lseek(1, 0, os.SEEK_CUR)
    except OSError:
        return 0


def _oom_kills() -> int:
    """Return how often memory has run out in our control group, else on this machine; 0 where nobody counts."""
    places = ["/proc/vmstat"]
    for line in _read("/proc/self/cgroup").decode(errors="replace").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            places.insert(0, f"/sys/fs/cgroup{path}/memory.events")
        elif "memory" in controllers.split(","):
            places.insert(0, f"/sys/fs/cgroup/memory{path}/memory.oom_control")
    for place in places:
        for entry in _read(place).splitlines():
            if entry.startswith(b"oom_kill "):
                return int(entry.split()[1])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
