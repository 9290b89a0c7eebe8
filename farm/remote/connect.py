"""The remote store of the settings: checked before a build begins, connected when there is something to ask."""

from __future__ import annotations

from dataclasses import dataclass

from farm.remote.address import Address, parsed_address
from farm.remote.credentials import authorization
from farm.remote.transport import Transport

_GIB = 2**30
#: The largest result that is fetched where the settings put no limit on the store.
_MOST_GIB = 1024.0


@dataclass(frozen=True)
class Remote:
    """A store and who this farm is for it. `authorization` is a header, and is never printed."""

    address: Address
    authorization: str | None = None

    def __repr__(self) -> str:
        return f"Remote({self.address})"


def remote_of(written: str) -> Remote:
    """Return the store at an address; nothing is asked.

    Raises AddressError, CredentialsError, and MissingPackageError if it needs a package that is not installed.
    """
    address = parsed_address(written)
    if address.is_http:
        return Remote(address, authorization(address))
    from farm.remote.object_store import check_installed  # noqa: PLC0415 - only for such a store

    check_installed()
    return Remote(address)


def connected(remote: Remote) -> Transport:
    """Return the connection to a store; nothing is asked yet."""
    if remote.address.is_http:
        from farm.remote.over_http import OverHttp  # noqa: PLC0415 - TLS takes a twentieth of a second to load

        return OverHttp(remote.address, remote.authorization)
    from farm.remote.object_store import ObjectStore  # noqa: PLC0415 - and so does its package

    return ObjectStore(remote.address)


def most_bytes(store_gib: float | None) -> int:
    """Return the size of the largest result that is fetched."""
    return int((store_gib or _MOST_GIB) * _GIB)
