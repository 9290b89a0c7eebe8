"""The engine's side of the process that asks a remote store. The process is made when there is something to ask."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
from collections.abc import Callable, Collection
from typing import Any

from farm import clock
from farm.execution.process import spare
from farm.remote.connect import Remote
from farm.remote.exchange import Role
from farm.remote.team_store import note_waiting, waiting
from farm.results.store import Store
from farm.scheduler.beside.workers import part_from
from farm.scheduler.stop import Stop

_MOST_READ = 1 << 16
#: How long the process may take to read a request; it does nothing else meanwhile.
_READ_WITHIN_S = 5.0
#: How long the end of a build waits for results that are being sent.
_SENT_WITHIN_S = 600.0


class Courier:
    """Carries requests to the process and answers back. All methods are called by the engine's only thread."""

    def __init__(
        self,
        remote: Remote,
        own: Store,
        copies: Store,
        note: Callable[[str], None],
        *,
        role: Role,
        store_gib: float | None,
    ) -> None:
        """`note` gets sentences for the user; `store_gib` is that of the settings."""
        self._remote = remote
        self._own = own
        self.copies = copies
        self._note = note
        self._role: Role = role
        self._store_gib = store_gib
        self._channel: socket.socket | None = None
        self._pid = 0
        self._usable = self._reads = True
        self._finished = False
        self._read = bytearray()
        self._then: dict[str, Callable[[], None]] = {}
        self._fetched: dict[str, int] = {}
        self._sent: dict[str, int] = {}

    def __len__(self) -> int:
        """Return how many answers the loop waits for. What is being sent holds up nobody."""
        return len(self._then)

    @property
    def descriptors(self) -> list[int]:
        """What to wait for."""
        return [] if self._channel is None else [self._channel.fileno()]

    def asks(self) -> bool:
        """Tell whether there is any use in asking."""
        return self._usable and self._reads

    def fetch(self, key: str, outputs: Collection[str], then: Callable[[], None]) -> bool:
        """Fetch the result of a key into the copies, if there is one; `ended` gives `then`. False: nobody is asked."""
        if not self._request({"fetch": key, "outputs": sorted(outputs)}):
            return False
        self._then[key] = then
        return True

    def send(self, key: str) -> None:
        """Give the result of a key away."""
        if self._role != "nothing":
            note_waiting(self.copies, key)
            self._request({"send": key})

    def ended(self) -> list[Callable[[], None]]:
        """Return what to call for each answer since the last time; never waits."""
        found: list[Callable[[], None]] = []
        while self._channel is not None:
            try:
                self._channel.setblocking(False)
                part = self._channel.recv(_MOST_READ)
            except BlockingIOError:
                break
            except OSError:
                part = b""
            if not part:
                self._lose()
                found += self._then.values()
                self._then.clear()
                break
            self._read += part
            *lines, rest = self._read.split(b"\n")
            self._read = bytearray(rest)
            for line in lines:
                found += self._answered(json.loads(line))
        return found

    def give_up(self) -> None:
        """Wait for no answer any more."""
        self._then.clear()

    def finish(self, stop: Stop) -> None:
        """Wait until everything has been sent, or for a signal; say what came and went."""
        left = [] if self._role == "nothing" else waiting(self.copies)
        # Also if nothing is left: the last answers may be on their way.
        if (left or (self._channel is not None and self._role != "nothing")) and self._usable and not stop.requested:
            self._request({"finish": True})
            until_s = clock.monotonic_s() + _SENT_WITHIN_S
            told = False
            while self._channel is not None and not self._finished and not stop.requested:
                left_s = until_s - clock.monotonic_s()
                if left_s <= 0:
                    break
                stop.wait(min(left_s, 1.0), self.descriptors)
                self.ended()
                if not told and not self._finished and (count := len(waiting(self.copies))):
                    self._note(
                        f"{_results(count)} on the way to the remote store; Ctrl-C leaves that to the next build"
                    )
                    told = True
            left = waiting(self.copies)
        if left and (stop.requested or not self._finished):
            self._note(f"{_results(len(left))} not sent to the remote store yet; the next build sends them")
        for moved, what in ((self._fetched, "came from"), (self._sent, "went to")):
            if moved:
                self._note(f"{_results(len(moved))} {what} the remote store ({_amount(sum(moved.values()))})")

    def close(self) -> None:
        """End the process at once."""
        if self._channel is not None:
            self._kill()
            self._channel.close()
            self._channel = None
            with contextlib.suppress(ChildProcessError):  # an executor collects the children too
                os.waitpid(self._pid, 0)

    def _answered(self, answer: dict[str, Any]) -> list[Callable[[], None]]:
        if "say" in answer:
            self._note(answer["say"])
        elif "sent" in answer:
            if answer["bytes"] is not None:
                self._sent[answer["sent"]] = answer["bytes"]
        elif "finished" in answer:
            self._finished = True
        else:
            key = answer["fetched"]
            if answer["bytes"] is not None:
                self._fetched[key] = answer["bytes"]
            self._reads = self._reads and answer.get("good", True)
            then = self._then.pop(key, None)
            return [] if then is None else [then]
        return []

    def _request(self, request: dict[str, Any]) -> bool:
        if self._channel is None and self._usable:
            self._begin()
        if self._channel is None:
            return False
        try:
            self._channel.settimeout(_READ_WITHIN_S)
            self._channel.sendall(json.dumps(request).encode() + b"\n")
        except OSError:
            # `ended` then finds the end of the channel.
            self._kill()
            return False
        return True

    def _begin(self) -> None:
        engine = os.getpid()
        here, there = socket.socketpair()
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            self._pid = os.fork()
            if self._pid == 0:
                here.close()
                self._work(there, engine, mask)
        except OSError as error:
            here.close()
            self._usable = False
            self._note(f"the remote store is not used: no process can be made for it ({error.strerror})")
            return
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            there.close()
        # The end of the last step must not end it: results are still to be sent.
        spare(self._pid)
        self._channel = here

    def _work(self, channel: socket.socket, engine: int, mask: set[signal.Signals | int]) -> None:
        """Be the process. Never returns."""
        status = 1
        try:
            part_from(engine, mask)
            from farm.scheduler.beside.errands import Errands  # noqa: PLC0415 - the engine needs none of it

            role, store_gib = self._role, self._store_gib
            Errands(channel, self._remote, self._own, self.copies, role=role, store_gib=store_gib).run()
            status = 0
        except BaseException as error:  # whatever it is, the engine has to learn of it
            words = f"the process that asks the remote store failed: {type(error).__name__}: {error}"
            channel.sendall(json.dumps({"say": words}).encode() + b"\n")
        finally:
            os._exit(status)

    def _lose(self) -> None:
        """Go on without the process, which has ended by itself or does not answer."""
        self._usable = False
        self._note("the remote store is not used any more: the process that asks it has ended")
        self.close()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)


def _results(count: int) -> str:
    return "1 result" if count == 1 else f"{count} results"


def _amount(size_bytes: int) -> str:
    return f"{size_bytes} B" if size_bytes < 1024 else f"{size_bytes / 2**20:.1f} MiB"
