"""A remote store over HTTP: GET, HEAD and PUT of `ac/<key>` and `cas/<sha256>`, as of Bazel's cache servers.

The standard library's client, with certificates verified. Redirects are followed on the same host only, nothing is
unpacked, and no proxy is asked.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, BinaryIO, TypeVar
from urllib.parse import quote, urljoin, urlsplit

from farm.remote.address import Address
from farm.remote.alarm import Alarm
from farm.remote.transport import (
    PART_BYTES,
    PATIENCE_S,
    DeniedError,
    LyingError,
    Sink,
    TooLargeError,
    UnreachableError,
    seconds_for,
)

Found = TypeVar("Found")
_CONNECT_S = 5.0
_REDIRECTS = 3
_ATTEMPTS = 2
_PAUSE_S, _LONGEST_PAUSE_S = 0.3, 2.0
#: What is read of an answer that says no, so that its connection can be used again.
_DRAINED_BYTES = 1 << 16
_MOVED = (301, 302, 303, 307, 308)
_KEPT_METHOD = (307, 308)
_STORED = (200, 201, 202, 204)
_THERE_ALREADY, _TOO_LARGE = 412, 413
_DENIED = {
    401: "it asks for credentials (401); set FARM_REMOTE_TOKEN, or FARM_REMOTE_USER and FARM_REMOTE_PASSWORD",
    403: "it forbids that (403)",
    405: "it takes no such request (405)",
    407: "a proxy on the way asks for credentials (407)",
    411: "it wants a length (411)",
    501: "it takes no such request (501)",
    507: "it is full (507)",
}
_BUSY = (408, 425, 429, 500, 502, 503, 504)


class _AgainError(UnreachableError):
    """A fault that often passes; `pause_s` is how long to wait."""

    def __init__(self, what: str, pause_s: float = _PAUSE_S) -> None:
        super().__init__(what)
        self.pause_s = pause_s


class OverHttp:
    """The connections to one store, one for each thread."""

    def __init__(self, address: Address, authorization: str | None) -> None:
        self._address = address
        self._headers = {"User-Agent": "dataflow-farm", "Accept-Encoding": "identity"}
        if authorization is not None:
            self._headers["Authorization"] = authorization
        self._alarm = Alarm()
        self._own = threading.local()
        self._resolver = _Resolver(address)
        self._context = ssl.create_default_context() if address.scheme == "https" else None

    def size(self, path: str) -> int | None:
        """Return the size of a file in bytes; None if there is none, -1 if the store does not tell."""
        return self._asked("HEAD", path, PATIENCE_S, _size_of)

    def get(self, path: str, sink: Sink, *, most_bytes: int, size: int | None = None) -> bool:
        """Give the bytes of a file to `sink`, as `Transport` says."""
        seconds = seconds_for(min(most_bytes, size or 0))
        begun = False

        def receive(response: http.client.HTTPResponse) -> bool:
            if response.status in (404, 410):
                return False
            _check_body(response, size)
            nonlocal begun
            begun = True
            _receive(response, sink, most_bytes, size)
            return True

        return self._asked("GET", path, seconds, receive, again=lambda: not begun)

    def put(self, path: str, source: BinaryIO, size: int, *, replace: bool = False) -> None:
        """Store the bytes of a file, as `Transport` says."""
        headers = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
        if not replace:
            # Servers that know it answer 412; others get the same bytes once more.
            headers["If-None-Match"] = "*"
        self._asked("PUT", path, seconds_for(size), _check_stored, body=source, headers=headers)

    def close(self) -> None:
        """Close the connection of the calling thread."""
        connection = getattr(self._own, "connection", None)
        self._own.connection = None
        if connection is not None:
            connection.close()

    def _asked(
        self,
        method: str,
        path: str,
        seconds: float,
        receive: Callable[[http.client.HTTPResponse], Found],
        again: Callable[[], bool] = lambda: True,
        **more: Any,
    ) -> Found:
        target = quote("/" + "/".join(part for part in (self._address.prefix, path) if part), safe="/%")
        for attempt in range(_ATTEMPTS):
            try:
                return self._once(method, target, seconds, receive, **more)
            except _AgainError as error:
                if attempt + 1 == _ATTEMPTS or not again():
                    raise
                time.sleep(error.pause_s)
        raise AssertionError("unreachable")

    def _once(
        self,
        method: str,
        target: str,
        seconds: float,
        receive: Callable[[http.client.HTTPResponse], Found],
        **more: Any,
    ) -> Found:
        """Ask once, following redirects. An idle connection that the server has closed meanwhile is opened anew."""
        for _ in range(_REDIRECTS + 1):
            connection = self._connected()
            try:
                with self._alarm.limit(lambda: connection.raw, seconds):  # noqa: B023 - over before the next one
                    response = self._answered(connection, method, target, more)
                    moved = self._moved(response, method, target)
                    if moved is None:
                        _check_status(response)
                        found = receive(response)
                        self._drain(response)
                        return found
                    target = moved
                    self._drain(response)
            except (LyingError, DeniedError, UnreachableError):
                self.close()
                raise
            except _CutOffError as error:
                self.close()
                raise _AgainError(str(error)) from None
            except TimeoutError as error:
                self.close()
                raise UnreachableError(_words(error)) from None
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.close()
                raise _AgainError(_words(error)) from None
            except BaseException:
                self.close()
                raise
        raise UnreachableError("it redirects without end")

    def _answered(
        self,
        connection: _Connection,
        method: str,
        target: str,
        more: dict[str, Any],
    ) -> http.client.HTTPResponse:
        headers = {**self._headers, **more.get("headers", {})}
        body, was_open = more.get("body"), connection.sock is not None
        try:
            return _exchanged(connection, method, target, body, headers)
        except (http.client.RemoteDisconnected, ConnectionError):
            if not was_open:
                raise
            connection.close()
            return _exchanged(connection, method, target, body, headers)

    def _moved(self, response: http.client.HTTPResponse, method: str, target: str) -> str | None:
        """Return where an answer leads to; None if it is one. Raises UnreachableError for another host."""
        if response.status not in _MOVED:
            return None
        if method == "PUT" and response.status not in _KEPT_METHOD:
            raise DeniedError(f"it redirects what is stored ({response.status})")
        here = f"{self._address.scheme}://{_host(self._address)}"
        to = urlsplit(urljoin(here + target, response.getheader("Location") or ""))
        if f"{to.scheme}://{to.netloc}" != here:
            # Whoever answers there was not named by the user, and must not get credentials.
            raise UnreachableError("it redirects to another host")
        return quote(to.path + (f"?{to.query}" if to.query else ""), safe="/%?=&+:,;@~!$'()*")

    def _connected(self) -> _Connection:
        connection: _Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = _Connection(self._address, self._resolver, self._context)
        return connection

    def _drain(self, response: http.client.HTTPResponse) -> None:
        if response.isclosed():
            return
        if len(response.read(_DRAINED_BYTES)) == _DRAINED_BYTES or not response.isclosed():
            self.close()


class _CutOffError(Exception):
    """The answer ended before its end; the text says so."""


class _Connection(http.client.HTTPConnection):
    """A connection to the addresses that the host had when the farm began."""

    def __init__(self, address: Address, resolver: _Resolver, context: ssl.SSLContext | None) -> None:
        port = address.port or (http.client.HTTP_PORT if context is None else http.client.HTTPS_PORT)
        super().__init__(address.place, port, timeout=PATIENCE_S, blocksize=PART_BYTES)
        self._resolver, self._context = resolver, context
        #: The socket, also after the client has let go of it and only the answer still reads from it.
        self.raw: socket.socket | None = None

    def connect(self) -> None:
        """Connect to the first address that answers."""
        problem: OSError = OSError("has no address")
        for family, where in self._resolver.found():
            dialled = socket.socket(family, socket.SOCK_STREAM)
            try:
                dialled.settimeout(_CONNECT_S)
                dialled.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                dialled.connect(where)
            except OSError as error:
                dialled.close()
                problem = error
                continue
            break
        else:
            raise problem
        dialled.settimeout(PATIENCE_S)
        if self._context is not None:
            dialled = self._context.wrap_socket(dialled, server_hostname=self.host, do_handshake_on_connect=False)
        self.raw = self.sock = dialled
        if isinstance(dialled, ssl.SSLSocket):
            dialled.do_handshake()


class _Resolver:
    """Looks the host up once. The system's own look-up cannot be ended, so a thread does it and may be left alone."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._answer: list[tuple[socket.AddressFamily, Any]] | OSError | None = None

    def found(self) -> list[tuple[socket.AddressFamily, Any]]:
        with self._lock:
            if self._answer is None:
                thread = threading.Thread(target=self._look_up, daemon=True)
                thread.start()
                thread.join(_CONNECT_S)
                if self._answer is None:
                    self._answer = TimeoutError("nobody tells its address")
        if isinstance(self._answer, OSError):
            raise self._answer
        return self._answer

    def _look_up(self) -> None:
        try:
            found = socket.getaddrinfo(
                self._address.place, self._address.port or self._address.scheme, 0, socket.SOCK_STREAM
            )
            self._answer = [(family, where) for family, _, _, _, where in found]
        except (OSError, UnicodeError) as error:
            self._answer = OSError(f"its host has no address ({getattr(error, 'strerror', None) or error})")


def _host(address: Address) -> str:
    host = f"[{address.place}]" if ":" in address.place else address.place
    return host if address.port is None else f"{host}:{address.port}"


def _exchanged(
    connection: http.client.HTTPConnection, method: str, target: str, body: BinaryIO | None, headers: dict[str, str]
) -> http.client.HTTPResponse:
    if body is not None:
        body.seek(0)
    try:
        connection.request(method, target, body=body, headers=headers)
    except (BrokenPipeError, ConnectionResetError):
        # A server that does not want a file says so and closes, while the file is still being sent.
        with contextlib.suppress(OSError, http.client.HTTPException):
            return connection.getresponse()
        raise
    return connection.getresponse()


def _check_status(response: http.client.HTTPResponse) -> None:
    status = response.status
    if status == _TOO_LARGE:
        raise TooLargeError(f"a file is too large for it ({status})")
    if status in _DENIED:
        raise DeniedError(_DENIED[status])
    if status in _BUSY:
        wanted = response.getheader("Retry-After") or ""
        pause_s = min(float(wanted), _LONGEST_PAUSE_S) if wanted.isdecimal() else _PAUSE_S
        raise _AgainError(f"it is out of order or busy ({status})", pause_s)
    if status not in (*_STORED, 404, 410, _THERE_ALREADY):
        raise UnreachableError(f"it gives an answer that means nothing here ({status})")


def _check_stored(response: http.client.HTTPResponse) -> None:
    if response.status not in (*_STORED, _THERE_ALREADY):
        raise DeniedError(f"it does not store files there ({response.status})")


def _size_of(response: http.client.HTTPResponse) -> int | None:
    if response.status in (404, 410):
        return None
    wanted = response.getheader("Content-Length") or ""
    return int(wanted) if wanted.isdecimal() and len(wanted) < 18 else -1


def _check_body(response: http.client.HTTPResponse, size: int | None) -> None:
    """Raise LyingError if the answer cannot be the file, by what its headers say."""
    if response.status != 200:
        raise LyingError(f"it sent an answer of another kind ({response.status})")
    coding = (response.getheader("Content-Encoding") or "identity").lower()
    if coding != "identity":
        # Nobody has asked for that, and a small file may unpack to a very large one.
        raise LyingError("it sent a packed file")
    if size is not None and response.length is not None and response.length != size:
        raise LyingError(_page(response) or f"it sent {response.length} bytes in place of {size}")


def _receive(response: http.client.HTTPResponse, sink: Sink, most_bytes: int, size: int | None) -> None:
    told = response.length
    if told is not None and told > most_bytes:
        raise LyingError(_page(response) or "it sent a file that is too large")
    done = 0
    while count := response.readinto(sink.room()):
        done += count
        if done > (most_bytes if size is None else size):
            raise LyingError(_page(response) or "it sent more than the file has")
        sink.took(count)
    wanted = told if size is None else size
    if wanted is not None and done < wanted:
        raise _CutOffError(_page(response) or f"it sent {done} bytes of {wanted}")


def _page(response: http.client.HTTPResponse) -> str:
    kind = (response.getheader("Content-Type") or "").lower()
    return "it sent a web page, as proxies and log-in pages do" if kind.startswith("text/html") else ""


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    if isinstance(error, OSError):
        return f"it cannot be reached ({error.strerror or error})"
    return f"it does not speak HTTP ({type(error).__name__})"
