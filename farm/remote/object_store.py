"""A remote store in an object store: S3 and what is compatible with it, Google Cloud Storage, Azure Blob Storage.

By `obstore`, the extra `remote`. It finds credentials, endpoint and region where the makers' own tools do: variables
(AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, GOOGLE_SERVICE_ACCOUNT, AZURE_STORAGE_ACCOUNT_NAME, ...) and instance roles.
"""

from __future__ import annotations

import importlib.util
import os
from datetime import timedelta
from typing import Any, BinaryIO

from farm.remote.address import Address
from farm.remote.transport import (
    PATIENCE_S,
    DeniedError,
    LyingError,
    RemoteError,
    Sink,
    UnreachableError,
    seconds_for,
)

_PART_BYTES = 8 << 20
_CONNECT_S = 5
_ATTEMPTS = 1
#: Larger files go up in parts, and then nobody can forbid that one replaces another: their name is their digest.
_WHOLE_BYTES = 64 << 20


class MissingPackageError(Exception):
    """The package that speaks with object stores is not installed; the text says how to install it."""


def check_installed() -> None:
    """Raise MissingPackageError without `obstore`."""
    if importlib.util.find_spec("obstore") is None:
        raise MissingPackageError("object stores need obstore; type: .venv/bin/pip install -e '.[remote]'")


class ObjectStore:
    """The connection to one bucket or container."""

    def __init__(self, address: Address) -> None:
        check_installed()
        self._prefix = f"{address.prefix}/" if address.prefix else ""
        self._store = _store(address)
        self._creates = True

    def size(self, path: str) -> int | None:
        """Return the size of a file in bytes; None if there is none."""
        import obstore  # noqa: PLC0415

        try:
            return int(obstore.head(self._store, self._prefix + path)["size"])
        except FileNotFoundError:
            return None
        except Exception as error:  # obstore has no base class of its own for all
            raise _fault(error) from None

    def get(self, path: str, sink: Sink, *, most_bytes: int, size: int | None = None) -> bool:
        """Give the bytes of a file to `sink`, as `Transport` says."""
        import obstore  # noqa: PLC0415

        try:
            found = obstore.get(self._store, self._prefix + path)
            told = int(found.meta["size"])
            if told > most_bytes or (size is not None and told != size):
                raise LyingError(f"it has {told} bytes in place of {most_bytes if size is None else size}")
            done = 0
            for part in found.stream(min_chunk_size=_PART_BYTES):
                view = memoryview(part).cast("B")
                done += len(view)
                if done > told:
                    raise LyingError("it sent more than the file has")
                while view:
                    room = sink.room()
                    count = min(len(room), len(view))
                    room[:count] = view[:count]
                    sink.took(count)
                    view = view[count:]
        except FileNotFoundError:
            return False
        except RemoteError:
            raise
        except Exception as error:
            raise _fault(error) from None
        if done < told:
            raise UnreachableError(f"it sent {done} bytes of {told}")
        return True

    def put(self, path: str, source: BinaryIO, size: int, *, replace: bool = False) -> None:
        """Store the bytes of a file, as `Transport` says."""
        import obstore  # noqa: PLC0415
        from obstore.exceptions import AlreadyExistsError  # noqa: PLC0415

        source.seek(0)
        name = self._prefix + path
        try:
            if size > _WHOLE_BYTES:
                obstore.put(self._store, name, source, chunk_size=_PART_BYTES)
            elif replace:
                obstore.put(self._store, name, source.read(), use_multipart=False)
            else:
                self._create(name, source.read())
        except AlreadyExistsError:
            return
        except RemoteError:
            raise
        except Exception as error:
            raise _fault(error) from None

    def _create(self, name: str, content: bytes) -> None:
        """Store a file that is not there yet.

        Not every server can be told to refuse a second one: Swift's S3 door answers 501. It is asked before. What
        another farm stores between the question and the file has the same name, so it is as good.
        """
        import obstore  # noqa: PLC0415

        if self._creates:
            try:
                obstore.put(self._store, name, content, mode="create", use_multipart=False)
            except Exception as error:
                if not _is_not_implemented(error):
                    raise
                self._creates = False
            else:
                return
        try:
            obstore.head(self._store, name)
        except FileNotFoundError:
            obstore.put(self._store, name, content, use_multipart=False)

    def close(self) -> None:
        """Do nothing: the package keeps its connections to itself."""


def _store(address: Address) -> Any:
    from obstore.store import AzureStore, GCSStore, S3Store  # noqa: PLC0415

    plain = any(os.environ.get(name, "").startswith("http://") for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT"))
    more: dict[str, Any] = {
        "client_options": {
            "connect_timeout": timedelta(seconds=_CONNECT_S),
            "timeout": timedelta(seconds=seconds_for(1 << 40)),
            "allow_http": plain,
        },
        # Its own default is ten attempts in three minutes.
        "retry_config": {"max_retries": _ATTEMPTS, "retry_timeout": timedelta(seconds=PATIENCE_S)},
    }
    if address.scheme == "s3":
        return S3Store(address.place, virtual_hosted_style_request=False, **more)
    return GCSStore(address.place, **more) if address.scheme == "gs" else AzureStore(address.place, **more)


def _is_not_implemented(error: Exception) -> bool:
    return type(error).__name__ in ("NotImplementedError", "NotSupportedError") or " 501 " in str(error)


def _fault(error: Exception) -> RemoteError:
    kind = type(error).__name__
    if kind in ("PermissionDeniedError", "UnauthenticatedError"):
        return DeniedError(f"it forbids that or does not know these credentials ({kind})")
    # Its own words hold addresses, and may hold what signs them.
    return UnreachableError(f"it does not do what was asked ({kind})")
