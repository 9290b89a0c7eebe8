"""Digests of payloads that somebody else vouches for: a list at an https address, or in a file.

The list looks like the user's own ``trusted-payloads``: a SHA-256 and a note a line. CI may publish its own, which has
the payloads that it has linked itself. It has to lie where fewer people can write than write the shared store:
otherwise it vouches for nothing.
"""

from __future__ import annotations

import os
import re
import time
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from . import trust
from .errors import TrustError

_ANSWER_WITHIN_S, _READ_WITHIN_S = 10.0, 20.0
_PART_BYTES = 1 << 16


def digests(source: str) -> set[str]:
    """Return the digests of a list of at most 1 MB. Raises TrustError, with the reason, if it cannot be believed."""
    if "://" in source:
        return trust.digests_in(_downloaded(source))
    path = Path(source).expanduser()
    try:
        with trust.opened(path, os.O_RDONLY) as handle:
            return trust.digests_in(os.pread(handle, trust.MOST_BYTES, 0))
    except FileNotFoundError:
        raise TrustError("is not there", where=source, remedy="correct runtime.trust_url") from None


class _HttpsOnly(urllib.request.HTTPRedirectHandler):
    """Follows redirects to other https addresses only."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme != "https":
            raise urllib.error.URLError("it leads away from https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _downloaded(url: str) -> bytes:
    parts = urlsplit(url)
    if parts.scheme != "https" or "@" in parts.netloc or not re.fullmatch(r"[!-~]+", url):
        # Not quoted: it may hold a password.
        raise TrustError(
            "is no https address without user and password", where="runtime.trust_url", remedy="correct it"
        )
    request = urllib.request.Request(url, headers={"Accept-Encoding": "identity"})  # noqa: S310 - https, see above
    until_s = time.monotonic() + _READ_WITHIN_S
    content = bytearray()
    try:
        with urllib.request.build_opener(_HttpsOnly()).open(request, timeout=_ANSWER_WITHIN_S) as answer:
            while part := answer.read1(_PART_BYTES):
                content += part
                if len(content) > trust.MOST_BYTES or time.monotonic() > until_s:
                    raise TrustError("is too large or too slow", where=url, remedy="publish a list of at most 1 MB")
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
        raise TrustError(f"cannot be read ({reason})", where=url, remedy="correct runtime.trust_url") from None
    return bytes(content)
