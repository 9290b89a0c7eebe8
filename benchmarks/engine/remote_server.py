"""Servers that stand for a team's store: a real nginx, and one that misbehaves in a way that a test chooses."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import re
import shutil
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = ROOT / "docs/examples/nginx-store.conf"


@dataclass
class Nginx:
    """An nginx with the configuration of the documents, on a free port of this machine."""

    folder: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of the store."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def store(self) -> Path:
        """The folder that holds the files."""
        return self.folder / "store"

    def names(self, part: str) -> list[str]:
        """Return the names of the files in `ac` or `cas`."""
        return sorted(path.name for path in (self.store / part).glob("*"))

    def start(self) -> None:
        """Start, again on the same port. Raises FileNotFoundError without nginx, and OSError if it does not start."""
        program = program_of_nginx()
        for name in ("store", "incoming"):
            (self.folder / name).mkdir(exist_ok=True)
        self.port = self.port or free_port()
        text = CONFIGURATION.read_text()
        for old, new in {
            "/srv/farm-store": str(self.folder),
            "listen 443 ssl": f"listen 127.0.0.1:{self.port}",
            r"(?m)^ *(ssl_|auth_|limit_except|server_name).*\n": "",
        }.items():
            text = re.sub(old, new, text)
        own = "".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
        text = text.replace("http {", f"http {{ access_log off; {own}", 1)
        head = f"daemon off; master_process off; pid {self.folder}/pid; error_log {self.folder}/error.log;\n"
        (self.folder / "nginx.conf").write_text(head + text)
        words = [
            program,
            "-p",
            str(self.folder),
            "-c",
            str(self.folder / "nginx.conf"),
            "-e",
            f"{self.folder}/error.log",
        ]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > until:
                raise OSError(f"nginx does not start: {(self.folder / 'error.log').read_text()}")
            time.sleep(0.02)

    def answers(self) -> bool:
        """Tell whether it can be connected to."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def stop(self) -> None:
        """Kill it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def program_of_nginx() -> str:
    """Return the path of nginx. It lies where an ordinary user's PATH often does not lead."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise FileNotFoundError("there is no nginx: apt-get install nginx-light")
    return found


@contextlib.contextmanager
def nginx(folder: Path) -> Iterator[Nginx]:
    """Run an nginx whose files lie in `folder`. Raises FileNotFoundError if there is none."""
    folder.mkdir(exist_ok=True)
    server = Nginx(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def free_port() -> int:
    """Return a port of this machine that nobody uses."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


#: How the server answers a request; True if it has answered itself.
Fault = Callable[["Handler"], bool]


@dataclass
class Faulty:
    """A store in memory. `fault` may answer any request in its own way; `log` has the requests."""

    port: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    fault: Fault | None = None
    log: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    #: Who answers in its place, for a server that hands requests on.
    behind: Nginx | None = None

    @property
    def url(self) -> str:
        """The address of the store."""
        return f"http://127.0.0.1:{self.port}"


class Handler(BaseHTTPRequestHandler):
    """GET, HEAD and PUT of files in memory."""

    protocol_version = "HTTP/1.1"
    faulty: Faulty

    def do_GET(self) -> None:
        """Answer."""
        self._serve()

    def do_HEAD(self) -> None:
        """Answer."""
        self._serve()

    def do_PUT(self) -> None:
        """Answer."""
        self._serve()

    def _serve(self) -> None:
        self.faulty.log.append((self.command, self.path))
        self.faulty.headers.append(dict(self.headers))
        with contextlib.suppress(ConnectionError, ValueError):
            if self.faulty.fault is not None and self.faulty.fault(self):
                return
            if self.command == "PUT":
                content = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers["If-None-Match"] == "*" and self.path in self.faulty.files:
                    self.answer(412)
                    return
                self.faulty.files[self.path] = content
                self.answer(201)
            else:
                found = self.faulty.files.get(self.path)
                self.answer(404) if found is None else self.answer(200, found)

    @property
    def content(self) -> bytes | None:
        """The file that is asked for, None if there is none."""
        return self.faulty.files.get(self.path)

    def answer(self, status: int, content: bytes = b"", **headers: str) -> bool:
        """Send an answer; underscores in the names of headers stand for hyphens. Returns True."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        return True

    def begin(self, length: int | None) -> None:
        """Send a head that promises so many bytes."""
        self.send_response(200)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        self.close_connection = True
        self.end_headers()

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""


class FolderFiles(dict[str, bytes]):
    """The files of an nginx as a faulty server looks at them: by their paths, read when they are asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def get(self, path: str, default: bytes | None = None) -> bytes | None:  # type: ignore[override]
        """Return the content of a file."""
        with contextlib.suppress(OSError):
            return (self._folder / path.lstrip("/")).read_bytes()
        return default

    def __getitem__(self, path: str) -> bytes:
        return self.get(path) or b""

    def __iter__(self) -> Iterator[str]:
        return iter([f"/{path.relative_to(self._folder)}" for path in self._folder.rglob("*") if path.is_file()])


class Forwarding(Handler):
    """Hands requests on to an nginx."""

    def _serve(self) -> None:
        with contextlib.suppress(ConnectionError, ValueError):
            if self.faulty.fault is None or not self.faulty.fault(self):
                self.forward()

    def forward(self, *, answers: bool = True) -> None:
        """Let nginx answer; without `answers` nobody hears of it. If it is away the connection is closed."""
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size) if size else None
        self.close_connection = self.close_connection or not answers
        try:
            if self.faulty.behind is None:
                raise ConnectionRefusedError
            connection = http.client.HTTPConnection("127.0.0.1", self.faulty.behind.port, timeout=10)
            connection.request(self.command, self.path, body)
            response = connection.getresponse()
            content, length = response.read(), response.getheader("Content-Length") or "0"
            connection.close()
        except (OSError, http.client.HTTPException):
            self.close_connection = True
            return
        if answers:
            self.send_response(response.status)
            self.send_header("Content-Length", length if self.command == "HEAD" else str(len(content)))
            self.end_headers()
            self.wfile.write(content)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def faulty(base: type[Handler] = Handler) -> Iterator[Faulty]:
    """Run a server on a free port of this machine."""
    state = Faulty()
    handler = type("OwnHandler", (base,), {"faulty": state})
    with _Server(("127.0.0.1", 0), handler) as server:
        state.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield state
        finally:
            server.shutdown()


def _status(status: int) -> Fault:
    return lambda handler: handler.answer(status, b"no")


def _garbage(handler: Handler) -> bool:
    return handler.content is not None and handler.answer(200, bytes(255 - byte for byte in handler.content))


def _swapped(handler: Handler) -> bool:
    """Another file of the same kind in place of each."""
    others = [path for path in handler.faulty.files if path[:4] == handler.path[:4] and path != handler.path]
    return bool(handler.content is not None and others and handler.answer(200, handler.faulty.files[others[0]]))


def _page(handler: Handler) -> bool:
    return handler.answer(200, b"<!DOCTYPE html><title>Log in</title>", Content_Type="text/html")


def _truncated(handler: Handler) -> bool:
    if handler.content is None:
        return False
    handler.begin(len(handler.content))
    handler.wfile.write(handler.content[: len(handler.content) // 2])
    return True


def _wrong_length(handler: Handler) -> bool:
    if handler.content is None:
        return False
    handler.begin(len(handler.content) + 7)
    handler.wfile.write(handler.content)
    return True


def _endless(handler: Handler) -> bool:
    handler.begin(None)
    while True:
        handler.wfile.write(b"x" * 65536)


def _bomb(handler: Handler) -> bool:
    return handler.answer(200, gzip.compress(bytes(1 << 24)), Content_Encoding="gzip")


def _loop(handler: Handler) -> bool:
    return handler.answer(302, Location=handler.path)


def _elsewhere(handler: Handler) -> bool:
    return handler.answer(302, Location=f"http://localhost:{handler.faulty.port}{handler.path}")


def _closed(handler: Handler) -> bool:
    handler.close_connection = True
    return True


def _no_http(handler: Handler) -> bool:
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    return _closed(handler)


def _drip(handler: Handler) -> bool:
    """One byte now and then: no timeout of a socket ends that."""
    handler.begin(1 << 20)
    while True:
        handler.wfile.write(b"x")
        time.sleep(0.05)


def _drip_of_heads(handler: Handler) -> bool:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        handler.wfile.write(b"X")
        time.sleep(0.05)


#: Each way in which a store may misbehave for every request.
FAULTS: dict[str, Fault] = {
    **{f"status {status}": _status(status) for status in (204, 206, 400, 401, 403, 407, 429, 500, 502, 503)},
    "garbage": _garbage,
    "swapped": _swapped,
    "a page": _page,
    "truncated": _truncated,
    "a wrong length": _wrong_length,
    "endless": _endless,
    "a bomb": _bomb,
    "a loop of redirects": _loop,
    "a redirect to another host": _elsewhere,
    "closed": _closed,
    "no HTTP": _no_http,
}
#: Those that only time ends.
SLOW: dict[str, Fault] = {"a drip": _drip, "a drip of heads": _drip_of_heads}


def copied(store: Path, server: Faulty) -> None:
    """Put what an nginx has into the memory of a faulty server."""
    for part in ("ac", "cas"):
        for path in (store / part).glob("*"):
            server.files[f"/{part}/{path.name}"] = path.read_bytes()
