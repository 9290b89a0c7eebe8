"""Who this farm is for a remote store over HTTP: from the environment or netrc, never from a setting."""

from __future__ import annotations

import base64
import os
from pathlib import Path

from farm.remote.address import Address

_TOKEN, _USER, _PASSWORD = "FARM_REMOTE_TOKEN", "FARM_REMOTE_USER", "FARM_REMOTE_PASSWORD"


class CredentialsError(Exception):
    """Credentials that cannot be used; the text never holds them."""


def authorization(address: Address) -> str | None:
    """Return the header Authorization for a store; None without credentials.

    Raises CredentialsError, also if they would be sent where others can read them.
    """
    header = _from_environment() or _from_netrc(address.place)
    if header is None:
        return None
    if not header.isascii() or not header.isprintable():
        raise CredentialsError("the credentials of the remote store have signs that no header can hold")
    if not address.is_private:
        raise CredentialsError(
            f"farm.remote is {address}: everybody on the way could read the credentials. Use https, or remove "
            f"{_TOKEN}, {_USER} and the line of ~/.netrc"
        )
    return header


def _from_environment() -> str | None:
    token, user, password = (os.environ.get(name, "") for name in (_TOKEN, _USER, _PASSWORD))
    if token:
        return f"Bearer {token}"
    if bool(user) != bool(password):
        raise CredentialsError(f"{_USER} and {_PASSWORD} go together, and one of them is not set")
    return _basic(user, password) if user else None


def _from_netrc(host: str) -> str | None:
    import netrc  # noqa: PLC0415 - only for a store over HTTP without variables

    path = Path(os.environ.get("NETRC") or Path.home() / ".netrc")
    try:
        found = netrc.netrc(str(path)).authenticators(host)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except netrc.NetrcParseError as error:
        # Its own words may quote a password.
        raise CredentialsError(f"{path}:{error.lineno or 1}: cannot be read as netrc; correct or remove it") from None
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is no text"
        raise CredentialsError(f"{path}: cannot be read ({said}); make it readable for you") from None
    return None if found is None else _basic(found[0] or "", found[2] or "")


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
