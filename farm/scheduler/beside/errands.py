"""The process that asks a remote store, beside the loop: reads requests, one JSON text a line, and writes answers.

It has threads, and the engine has none: the engine makes copies of itself for long work, and a copy of a process with
threads may stand still. Look-ups do not wait for what is being sent.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from farm.remote.connect import Remote, connected, most_bytes
from farm.remote.exchange import Exchange, Role
from farm.remote.health import Health
from farm.remote.team_store import sent, waiting
from farm.results.store import Store

_FETCHING, _SENDING = 8, 3


class Errands:
    """Does what the engine asks for, until the engine closes the channel."""

    def __init__(
        self, channel: socket.socket, remote: Remote, own: Store, copies: Store, *, role: Role, store_gib: float | None
    ) -> None:
        self._channel = channel
        self._lock = threading.Lock()
        # Stores of its own: those of the engine say what they find on its terminal.
        own, self._copies = (Store(one.folder, self._say, shared=one.shared) for one in (own, copies))
        self._role: Role = role
        self._health = Health(str(remote.address), self._say)
        stores = (own, self._copies)
        self._exchange = Exchange(connected(remote), stores, self._copies, self._health, most_bytes(store_gib))
        self._fetching = ThreadPoolExecutor(_FETCHING)
        self._sending = ThreadPoolExecutor(_SENDING)
        self._open: set[Future[None]] = set()
        self._given: set[str] = set()

    def run(self) -> None:
        """Answer until the channel is closed."""
        with self._channel.makefile("rb") as lines:
            for line in lines:
                self._do(json.loads(line))

    def _do(self, request: Mapping[str, Any]) -> None:
        if "fetch" in request:
            key, outputs = request["fetch"], request["outputs"]
            self._fetching.submit(self._guarded, lambda: self._fetch(key, outputs), {"fetched": key, "bytes": None})
        elif "send" in request:
            self._send(request["send"])
        elif "finish" in request:
            for key in waiting(self._copies):
                self._send(key)
            threading.Thread(target=self._finish, args=(list(self._open),), daemon=True).start()

    def _send(self, key: str) -> None:
        if key not in self._given:
            self._given.add(key)
            self._open.add(self._sending.submit(self._guarded, lambda: self._give(key), {"sent": key, "bytes": None}))

    def _fetch(self, key: str, outputs: list[str]) -> dict[str, Any]:
        return {"fetched": key, "bytes": self._exchange.fetch(key, outputs), "good": self._health.is_good("reading")}

    def _give(self, key: str) -> dict[str, Any]:
        how, size = self._exchange.send(key, self._role)
        if how != "later":
            sent(self._copies, key)
        return {"sent": key, "bytes": size if how == "done" else None}

    def _say(self, text: str) -> None:
        self._answer({"say": text})

    def _guarded(self, do: Callable[[], dict[str, Any]], otherwise: dict[str, Any]) -> None:
        """Answer whatever happens: the loop waits for it."""
        try:
            answer = do()
        except Exception as error:  # a fault of the farm's own is no reason to fail a build either
            self._say(f"the remote store is not used for one result: {type(error).__name__}: {error}")
            answer = otherwise
        self._answer(answer)

    def _finish(self, sending: list[Future[None]]) -> None:
        for one in sending:
            one.exception()
        self._answer({"finished": True})

    def _answer(self, answer: Mapping[str, Any]) -> None:
        with self._lock:
            self._channel.sendall(json.dumps(answer).encode() + b"\n")
