"""Digests that CI publishes: by https with a verified certificate, or in a file that nobody else can write."""

from __future__ import annotations

import hashlib
import http.server
import ssl
import subprocess
import threading

import needs
import pytest

from runtime import published, trust
from runtime.errors import TrustError
from runtime.formats import emulation_data, xclbin

A, B = "a" * 64, "b" * 64


@pytest.fixture
def https(tmp_path, monkeypatch):
    """A server on this machine; its answer is `server.answer`. Its certificate is trusted in this test."""
    openssl = needs.program("openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    more = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([openssl, *words.split(), *more], check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, headers, body = self.server.answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.url = f"https://localhost:{server.server_address[1]}/trusted-payloads"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


def test_a_payload_that_ci_has_linked(https, build):
    path = build("emulated.xclbin", trusted=False)
    https.answer = 200, {}, f"{A}  another\n".encode()
    assert "does not name it. If you know who" in trust.how_to_trust(path, https.url)
    assert not trust.list_file().exists()
    digest = hashlib.sha256(xclbin.read(path).emulation[emulation_data.PAYLOAD]).hexdigest()
    https.answer = 200, {}, f"{A}  another\n{digest}  linked by CI\n".encode()
    assert trust.how_to_trust(path, https.url) == ""
    assert f"{digest}  published at {https.url}; emulated.xclbin" in trust.list_file().read_text()
    # From now on nobody is asked.
    https.answer = 500, {}, b""
    assert trust.how_to_trust(path, https.url) == ""


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((404, {}, f"{A}\n".encode()), "cannot be read"),
        ((302, {"Location": "http://localhost/list"}, b""), "leads away from https"),
        ((302, {"Location": "file:///etc/passwd"}, b""), "cannot be read|leads away"),
        ((200, {}, f"{A}\n".encode() + b"x" * 1_100_000), "too large"),
    ],
)
def test_a_list_that_is_not_believed(https, answer, reason):
    https.answer = answer
    with pytest.raises(TrustError, match=reason):
        published.digests(https.url)


def test_a_certificate_that_nobody_vouches_for(https, monkeypatch):
    https.answer = 200, {}, f"{A}\n".encode()
    assert published.digests(https.url) == {A}
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(TrustError, match="certificate verify failed"):
        published.digests(https.url)


@pytest.mark.parametrize("source", ["http://localhost/list", "https://anna:hush@localhost/list", "ftp://x/y"])
def test_what_is_no_https_address(source):
    with pytest.raises(TrustError, match="no https address") as caught:
        published.digests(source)
    assert "hush" not in str(caught.value)


def test_a_file(tmp_path):
    file = tmp_path / "list"
    with pytest.raises(TrustError, match="is not there"):
        published.digests(str(file))
    file.write_text(f"{A}  linked by CI\nno digest\n")
    file.chmod(0o644)
    assert published.digests(str(file)) == {A}
    file.chmod(0o666)
    with pytest.raises(TrustError, match="can be written by other users"):
        published.digests(str(file))
    (tmp_path / "link").symlink_to(file)
    with pytest.raises(TrustError, match="symbolic link"):
        published.digests(str(tmp_path / "link"))
