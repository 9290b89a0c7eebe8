"""The wire of XRT's emulation: protobuf messages (proto2), and the frames around them.

A request is a header of 14 bytes (field 1 fixed64 size, field 2 fixed32 call number) and ``size`` bytes of message; an
answer is a header of exactly 9 bytes (field 1 fixed64 size) and the message. Source: ``xcl_macros.h`` and
``xcl_api_macros.h`` of XRT 2.13, ``rpc_messages.proto`` beside them. The numbers are the same up to XRT 2.23.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping

REQUEST = struct.Struct("<BQBI")
ANSWER = struct.Struct("<BQ")
SIZE_TAG, CALL_TAG = 0x09, 0x15
MOST_BYTES = 64 << 20
"""The largest message that is read. XRT sends at most ``packet_size`` of xrt.ini, 8 MiB by default, and the rest."""
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_CHUNK_BYTES = 1 << 20

Value = int | bytes


class WireError(Exception):
    """Bytes that are no frame or no message."""


class Message:
    """The fields of a message. Of a field that comes several times the last counts, as in protobuf."""

    def __init__(self, fields: Mapping[int, Value]) -> None:
        self._fields = fields

    def number(self, field: int, default: int | None = None) -> int:
        """A field that holds a number. Raises WireError where it is missing or holds bytes."""
        value = self._fields.get(field, default)
        if not isinstance(value, int):
            raise WireError(f"field {field} is no number")
        return value

    def data(self, field: int) -> bytes:
        """A field that holds bytes. Raises WireError where it is missing or holds a number."""
        value = self._fields.get(field)
        if not isinstance(value, bytes):
            raise WireError(f"field {field} holds no bytes")
        return value


def encode(*fields: tuple[int, Value]) -> bytes:
    """A message of these (field, value): numbers become varints."""
    out = bytearray()
    for field, value in fields:
        if isinstance(value, int):
            out += _varint(field << 3 | _VARINT) + _varint(value)
        else:
            out += _varint(field << 3 | _BYTES) + _varint(len(value)) + value
    return bytes(out)


def decode(data: bytes) -> Message:
    """Read a message. Raises WireError."""
    fields: dict[int, Value] = {}
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        kind = key & 7
        if kind == _VARINT:
            fields[key >> 3], at = _read_varint(data, at)
            continue
        if kind == _BYTES:
            size, at = _read_varint(data, at)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise WireError(f"a field of kind {kind}")
        if size > len(data) - at:
            raise WireError(f"a field of {size} bytes, {len(data) - at} are there")
        piece = bytes(data[at : at + size])
        fields[key >> 3] = piece if kind == _BYTES else int.from_bytes(piece, "little")
        at += size
    return Message(fields)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise WireError("a number that is cut off")
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number & (1 << 64) - 1, at
    raise WireError("a number of more than 64 bits")


def receive(connection: socket.socket) -> tuple[int, bytes] | None:
    """The next request: call number and message, not yet decoded; None at the end. Raises WireError, OSError."""
    head = _exactly(connection, REQUEST.size)
    if head is None:
        return None
    size_tag, size, call_tag, call = REQUEST.unpack(head)
    if (size_tag, call_tag) != (SIZE_TAG, CALL_TAG) or size > MOST_BYTES:
        # Where the next frame begins is unknown from here on.
        raise WireError(f"no frame: {head.hex()}")
    body = _exactly(connection, size)
    return None if body is None else (call, body)


def answer(connection: socket.socket, message: bytes) -> None:
    """Send an answer. Raises OSError."""
    connection.sendall(ANSWER.pack(SIZE_TAG, len(message)) + message)


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    """So many bytes, or None if the other side ends before."""
    data = bytearray()
    while len(data) < size:
        more = connection.recv(min(size - len(data), _CHUNK_BYTES))
        if not more:
            return None
        data += more
    return bytes(data)
