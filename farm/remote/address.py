"""The address of a remote store, checked before anything is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

#: Schemes, with the part of the address that each needs.
_HTTP = ("http", "https")
_OBJECTS = {"s3": "BUCKET", "gs": "BUCKET", "az": "CONTAINER"}
_EXAMPLES = "https://HOST/PATH, http://HOST:PORT/PATH, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX"
_PRINTABLE = re.compile(r"[!-~]+")
_LOOPBACK = re.compile(r"localhost|127(\.[0-9]{1,3}){3}|::1")


class AddressError(ValueError):
    """An address that cannot be used. It is not quoted: it may hold a password."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")
        self.what = what
        self.remedy = remedy


@dataclass(frozen=True)
class Address:
    """Where a remote store is. `place` is a host, a bucket or a container; `prefix` has no slash at its ends."""

    scheme: str
    place: str
    port: int | None
    prefix: str

    @property
    def is_http(self) -> bool:
        """Whether the store speaks HTTP, and not the language of an object store."""
        return self.scheme in _HTTP

    @property
    def is_private(self) -> bool:
        """Whether nobody on the way can read what is sent: it is encrypted, or stays on this machine."""
        return self.scheme != "http" or _LOOPBACK.fullmatch(self.place) is not None

    def __str__(self) -> str:
        host = f"[{self.place}]" if ":" in self.place else self.place
        port = "" if self.port is None else f":{self.port}"
        return f"{self.scheme}://{host}{port}" + (f"/{self.prefix}" if self.prefix else "")


def parsed_address(written: str) -> Address:
    """Return the address that a setting gives. Raises AddressError."""
    if not _PRINTABLE.fullmatch(written):
        raise AddressError("has blanks or other signs that no address has", f"write {_EXAMPLES}")
    if "://" not in written:
        raise AddressError("has no scheme", f"write {_EXAMPLES}")
    try:
        parts = urlsplit(written)
        scheme, port, host = parts.scheme.lower(), parts.port, parts.hostname or ""
    except ValueError:
        raise AddressError("is no address", f"write {_EXAMPLES}") from None
    if scheme not in (*_HTTP, *_OBJECTS):
        raise AddressError(f"has the scheme '{scheme}', which no store here speaks", f"write {_EXAMPLES}")
    if "@" in parts.netloc:
        raise AddressError(
            "names a user or a password",
            "remove it, and set FARM_REMOTE_TOKEN, or FARM_REMOTE_USER and FARM_REMOTE_PASSWORD, or use ~/.netrc",
        )
    if parts.query or parts.fragment or "?" in written or "#" in written:
        raise AddressError("has a '?' or a '#'", "write the address alone")
    if not host:
        raise AddressError(f"names no {_OBJECTS.get(scheme, 'HOST').lower()}", f"write {_EXAMPLES}")
    prefix = parts.path.strip("/")
    if any(part in ("", ".", "..") for part in prefix.split("/")) and prefix:
        raise AddressError("has '.', '..' or nothing between two slashes", f"write {_EXAMPLES}")
    if scheme in _OBJECTS and port is not None:
        raise AddressError("names a port", "name the server of an object store by AWS_ENDPOINT_URL or its like")
    return Address(scheme, host, port, prefix)
