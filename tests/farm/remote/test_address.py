"""Addresses and credentials of a remote store: checked before anything is asked, and never printed."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from farm.remote.address import AddressError, parsed_address
from farm.remote.connect import remote_of
from farm.remote.credentials import CredentialsError, authorization


@pytest.mark.parametrize(
    "written",
    ["https://h.example/farm/main", "http://127.0.0.1:8080", "https://[::1]:8443/x", "s3://bucket/a/b", "gs://b"],
)
def test_an_address_is_written_as_it_was_read(written: str) -> None:
    assert str(parsed_address(written)) == written
    assert str(parsed_address(written + "/")) == written


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("store.example/farm", "has no scheme"),
        ("//store.example/farm", "has no scheme"),
        ("ftp://store.example", "the scheme 'ftp'"),
        ("file:///srv/store", "the scheme 'file'"),
        ("https://anna:hush@store.example", "names a user or a password"),
        ("https://hush@store.example", "names a user or a password"),
        ("https://store.example/?token=hush", "has a '?' or a '#'"),
        ("https://store.example/#hush", "has a '?' or a '#'"),
        ("https://store.example/a b", "has blanks"),
        ("https://store.example/\x1b[31m", "has blanks"),
        ("https://", "names no host"),
        ("s3://", "names no bucket"),
        ("az:///prefix", "names no container"),
        ("https://h:99999", "is no address"),
        ("https://h:x", "is no address"),
        ("https://[::1", "is no address"),
        ("https://h/a/../b", "has '.', '..'"),
        ("s3://bucket:9000/x", "names a port"),
        ("", "has blanks"),
    ],
)
def test_what_is_no_address(written: str, what: str) -> None:
    with pytest.raises(AddressError) as caught:
        parsed_address(written)
    assert what in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_REMOTE_TOKEN", "hush")
    remote = remote_of("https://h.example")
    assert remote.authorization == "Bearer hush"
    assert "hush" not in f"{remote} {remote!r}"


def test_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_REMOTE_USER", "anna")
    with pytest.raises(CredentialsError, match="go together"):
        remote_of("https://h.example")
    monkeypatch.setenv("FARM_REMOTE_PASSWORD", "hüsh")
    header = authorization(parsed_address("https://h.example"))
    assert header is not None
    assert base64.b64decode(header.removeprefix("Basic ")).decode() == "anna:hüsh"


def test_netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine h.example login anna password hush\n")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))
    assert authorization(parsed_address("https://h.example")) == "Basic " + base64.b64encode(b"anna:hush").decode()
    assert authorization(parsed_address("https://other.example")) is None
    file.write_text("machine h.example login anna hush hush\n")
    with pytest.raises(CredentialsError) as caught:
        authorization(parsed_address("https://h.example"))
    assert str(file) in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_credentials_stay_private(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_REMOTE_TOKEN", "hush")
    assert remote_of(f"http://{host}:80").authorization == "Bearer hush"
    for other in ("http://h.example", "http://127.0.0.1.example", "http://10.0.0.1"):
        with pytest.raises(CredentialsError, match="could read the credentials"):
            remote_of(other)


def test_credentials_that_break_a_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_REMOTE_TOKEN", "hush\r\nX-Evil: 1")
    with pytest.raises(CredentialsError) as caught:
        remote_of("https://h.example")
    assert "hush" not in str(caught.value)
