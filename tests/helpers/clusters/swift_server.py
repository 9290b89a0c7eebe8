"""OpenStack Swift with its S3 door: a real object store from Debian, on free ports of this machine, unprivileged.

apt-get install --no-install-recommends swift-proxy swift-account swift-container swift-object

Four servers of one process each: the proxy speaks S3 (`s3api`, users of `tempauth`), the others keep the files on one
device in a folder, which has to allow extended attributes.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.engine.remote_server import free_port

PACKAGES = "swift-proxy swift-account swift-container swift-object"
#: Swift reads its secrets from one place; a test has its own.
START = "import sys, swift.common.utils as u; u.SWIFT_CONF_FILE = sys.argv[1]; " + (
    "from swift.common.wsgi import run_wsgi; sys.exit(run_wsgi(sys.argv[2], sys.argv[3], verbose=True))"
)
COMMON = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
user = {user}
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
workers = 0
log_address = {folder}/no-log
"""
PROXY = """[pipeline:main]
pipeline = catch_errors cache s3api tempauth slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
# tempauth asks for a cache and does without a server of it.
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
s3_acl = false
[filter:slo]
use = egg:swift#slo
[filter:tempauth]
use = egg:swift#tempauth
user_team_anna = {key} .admin
"""
STORAGE = """[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""


USER, KEY, BUCKET, REGION = "team:anna", "hush", "bucket", "us-east-1"


def is_installed() -> bool:
    """Whether Swift's programs are on this machine."""
    return all(shutil.which(f"swift-{name}") for name in ("ring-builder", "proxy-server", "object-server"))


@contextlib.contextmanager
def swift(folder: Path) -> Iterator[int]:
    """Run the servers with an empty bucket; give the port that speaks S3. The user is USER, her key KEY.

    Raises AssertionError with what a server said if it does not start.
    """
    (folder / "devices/d1").mkdir(parents=True)
    (folder / "swift.conf").write_text(
        "[swift-hash]\nswift_hash_path_suffix = s\nswift_hash_path_prefix = p\n"
        "[storage-policy:0]\nname = one\ndefault = yes\n"
    )
    ports = {kind: free_port() for kind in ("account", "container", "object", "proxy")}
    started: list[subprocess.Popen[bytes]] = []
    try:
        for kind, port in ports.items():
            if kind != "proxy":
                _ring(folder, kind, port)
            text = COMMON.format(port=port, folder=folder, user=_user())
            configuration = folder / f"{kind}.conf"
            configuration.write_text(text + (PROXY.format(key=KEY) if kind == "proxy" else STORAGE.format(kind=kind)))
            started.append(_started(folder, kind, configuration))
        for kind, port in ports.items():
            wait_for(port, 60, partial(_said, folder, kind))
        make_bucket(ports["proxy"])
        yield ports["proxy"]
    finally:
        for process in started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _user() -> str:
    return subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()


def _ring(folder: Path, kind: str, port: int) -> None:
    builder = str(folder / f"{kind}.builder")
    for words in (["create", "4", "1", "0"], ["add", f"r1z1-127.0.0.1:{port}/d1", "1"], ["rebalance"]):
        # It exits with 1 for a warning, for example that all copies are on one device.
        done = subprocess.run(["swift-ring-builder", builder, *words], capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), done.stdout + done.stderr


def _started(folder: Path, kind: str, configuration: Path) -> subprocess.Popen[bytes]:
    words = ["/usr/bin/python3", "-c", START, str(folder / "swift.conf"), str(configuration), f"{kind}-server"]
    with (folder / f"{kind}.log").open("wb") as log:
        return subprocess.Popen(words, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)


def _said(folder: Path, kind: str) -> str:
    return f"{kind}: {(folder / f'{kind}.log').read_text('utf-8', 'replace')[-2000:]}"


def wait_for(port: int, most_s: float, why: Callable[[], str]) -> None:
    """Wait until something listens on a port; AssertionError with `why` if it does not in time."""
    until = time.monotonic() + most_s
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert time.monotonic() < until, why()
            time.sleep(0.1)


def make_bucket(port: int) -> None:
    """Make the bucket, by a request that is signed as AWS's "Signature Version 4" says: obstore cannot make one."""
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{now[:8]}/{REGION}/s3/aws4_request"
    nothing = hashlib.sha256(b"").hexdigest()
    headers = {"host": f"127.0.0.1:{port}", "x-amz-content-sha256": nothing, "x-amz-date": now}
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = f"PUT\n/{BUCKET}\n\n{lines}\n{names}\n{nothing}"
    signed = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{KEY}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, signed.encode(), "sha256").hex()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={USER}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/{BUCKET}", method="PUT", headers=headers)
    urllib.request.urlopen(asked, timeout=60).close()
