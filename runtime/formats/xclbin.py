"""The axlf ("xclbin2") container of XRT: the one module that writes it and reads it.

Layout (little-endian) after XRT's public header ``xclbin.h``: a header of 456 bytes, a table of 40-byte section
records, then the sections, 8-byte aligned. What is ours: USER_METADATA (16) holds the manifest (``manifest``),
EMULATION_DATA (21) the archive of ``emulation_data``. XRT's hardware emulation takes every EMULATION_DATA for
an archive of its own, unpacks it and starts a processor model from it (``HwEmShim::extractEmuData``), so a file without
an emulation model, which holds weights alone, has its archive behind the manifest and a NUL byte in USER_METADATA.

Directly behind the sections of a file that ``xclbinutil`` or ``v++`` wrote stands its mirror: header and tables once
more as JSON between two marks, counted in ``m_length`` (``XclBin::writeXclBinBinary``). Only ``xclbinutil
--migrate-forward`` reads it. A file whose sections change loses it, since it would describe another file.

A file written here is a function of its contents alone: the timestamp is a constant and the uuid is the first 16 bytes
of the SHA-256 over the file with the uuid field zeroed.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import IO

from ..bounded.regular_file import open_regular, size_of
from ..errors import XclbinError
from . import emulation_data, xrt_emulation
from .header import (
    HEADER,
    RECORD,
    UUID_OFFSET,
    Header,
    Kind,
    Mode,
    Section,
    check_apart,
    read_header,
    read_table,
    table_end,
)
from .sections import Clock, Connection, IpLayoutEntry, MemoryBank, decode, encode

__all__ = [
    "Header",
    "Kind",
    "Mode",
    "Section",
    "Xclbin",
    "carried",
    "compose",
    "content_uuid",
    "extend",
    "pack",
    "parse",
    "read",
    "write",
]
MOST_BYTES = 2 << 30
"""The largest file that is read."""
MOST_TEXT_BYTES = 1 << 20
"""The largest manifest and kernel description. They have some kB; as objects they take up to 40 times their size."""
MIRROR_START = b"XCLBIN_MIRROR_DATA_START"
MIRROR_END = b"XCLBIN_MIRROR_DATA_END"
DECODED = (
    Kind.EMBEDDED_METADATA,
    Kind.MEM_TOPOLOGY,
    Kind.CONNECTIVITY,
    Kind.IP_LAYOUT,
    Kind.CLOCK_FREQ_TOPOLOGY,
    Kind.USER_METADATA,
    Kind.EMULATION_DATA,
    Kind.GROUP_TOPOLOGY,
    Kind.GROUP_CONNECTIVITY,
)


@dataclass(frozen=True)
class Xclbin:
    """A whole file. The sections are the truth; the typed values below are read from them."""

    header: Header
    sections: tuple[Section, ...]
    tail: bytes = field(default=b"", repr=False)

    def section(self, *kinds: int) -> bytes | None:
        """The bytes of the first of these kinds that the file has, or None."""
        for kind in kinds:
            for section in self.sections:
                if section.kind == kind:
                    return section.data
        return None

    @cached_property
    def memories(self) -> tuple[MemoryBank, ...]:
        """Memory banks, in the order that connections count them (GROUP_TOPOLOGY where MEM_TOPOLOGY is absent)."""
        data = self.section(Kind.MEM_TOPOLOGY, Kind.GROUP_TOPOLOGY)
        return decode(MemoryBank, data, "MEM_TOPOLOGY")

    @cached_property
    def ip_layout(self) -> tuple[IpLayoutEntry, ...]:
        """Compute units, in the order that connections count them."""
        return decode(IpLayoutEntry, self.section(Kind.IP_LAYOUT), "IP_LAYOUT")

    @cached_property
    def connections(self) -> tuple[Connection, ...]:
        """Which argument of which compute unit reaches which bank."""
        return decode(Connection, self.section(Kind.CONNECTIVITY, Kind.GROUP_CONNECTIVITY), "CONNECTIVITY")

    @cached_property
    def clocks(self) -> tuple[Clock, ...]:
        """The clocks of the kernels."""
        return decode(Clock, self.section(Kind.CLOCK_FREQ_TOPOLOGY), "CLOCK_FREQ_TOPOLOGY")

    @cached_property
    def metadata(self) -> str | None:
        """The kernel description, an XML document (``runtime.formats.kernels`` reads it)."""
        return _text(self.section(Kind.EMBEDDED_METADATA), "EMBEDDED_METADATA")

    @cached_property
    def manifest_json(self) -> str | None:
        """Our manifest as JSON text (``manifest`` reads it); None in a file that is not ours."""
        data = self.section(Kind.USER_METADATA)
        return _text(None if data is None else data[: _text_end(data)], "USER_METADATA")

    @cached_property
    def emulation(self) -> Mapping[str, bytes]:
        """The parts of the emulation model, or weights alone, by name; empty in a file without, or not ours."""
        user = self.section(Kind.USER_METADATA)
        if user is None:
            # Other builders' EMULATION_DATA is for another emulator.
            return {}
        end = _text_end(user)
        data = user[end + 1 :] if end < len(user) else self.section(Kind.EMULATION_DATA)
        return {} if data is None else emulation_data.unpack(data)

    @property
    def has_mirror(self) -> bool:
        """Whether all that stands behind the sections is the mirror of XRT's tools."""
        return self.tail.startswith(MIRROR_START) and self.tail.endswith(MIRROR_END)

    @property
    def bare(self) -> Xclbin:
        """The file without its mirror."""
        if not self.has_mirror:
            return self
        return replace(self, header=replace(self.header, length=self.header.length - len(self.tail)), tail=b"")

    @cached_property
    def content_uuid(self) -> bytes:
        """The uuid that this file would have if this module had written it: equal means undamaged.

        A mirror does not count, since it has the uuid in it.
        """
        return _content_uuid(_pieces(self.bare))


def carried(manifest: str, parts: Mapping[str, bytes]) -> dict[Kind, bytes]:
    """The sections that hold a manifest and these parts, for a file that real tools have linked (``extend``)."""
    head = manifest.encode()
    if not parts:
        return {Kind.USER_METADATA: head}
    archive = emulation_data.pack(parts)
    if emulation_data.PAYLOAD in parts:
        return {Kind.USER_METADATA: head, Kind.EMULATION_DATA: archive}
    return {Kind.USER_METADATA: head + b"\0" + archive}


def content_uuid(data: bytes) -> bytes:
    """First 16 bytes of the SHA-256 over a packed file with its uuid field zeroed."""
    return _content_uuid([data])


def _content_uuid(pieces: Iterable[bytes]) -> bytes:
    """The same of a file in pieces, of which the first holds the header."""
    digest = hashlib.sha256()
    field_end = UUID_OFFSET + 16
    for index, piece in enumerate(pieces):
        rest = memoryview(piece)
        if index == 0:
            digest.update(rest[:UUID_OFFSET])
            digest.update(bytes(16))
            rest = rest[field_end:]
        digest.update(rest)
    return digest.digest()[:16]


def compose(
    *,
    platform_vbnv: str,
    mode: Mode,
    metadata: str,
    memories: Sequence[MemoryBank] = (),
    ip_layout: Sequence[IpLayoutEntry] = (),
    connections: Sequence[Connection] = (),
    clocks: Sequence[Clock] = (),
    manifest: str | None = None,
    emulation: Mapping[str, bytes] | None = None,
    bitstream: bytes | None = None,
) -> Xclbin:
    """A new file of these contents. Raises XclbinError where a value does not fit its field.

    One with a payload also holds what AMD's XRT needs to start it (``xrt_emulation``).
    """
    platform = platform_vbnv.encode()
    if not platform or len(platform) > 63 or b"\0" in platform:
        raise XclbinError(
            f"platform name of {len(platform)} bytes", where="header", remedy="the field holds 1 to 63 bytes of text"
        )
    bodies: list[tuple[Kind, bytes]] = []
    if bitstream is None and emulation is not None and emulation_data.PAYLOAD in emulation:
        bitstream = xrt_emulation.bitstream()
    if bitstream is not None:
        bodies.append((Kind.BITSTREAM, bitstream))
    tables: list[tuple[Kind, Sequence[MemoryBank | IpLayoutEntry | Connection | Clock]]] = [
        (Kind.MEM_TOPOLOGY, memories),
        (Kind.IP_LAYOUT, ip_layout),
        (Kind.CONNECTIVITY, connections),
        (Kind.CLOCK_FREQ_TOPOLOGY, clocks),
    ]
    bodies += [(kind, encode(values, kind.name)) for kind, values in tables if values]
    bodies.append((Kind.EMBEDDED_METADATA, metadata.encode()))
    if manifest is not None:
        bodies.append((Kind.USER_METADATA, manifest.encode()))
    if emulation is not None:
        bodies.append((Kind.EMULATION_DATA, emulation_data.pack(xrt_emulation.with_repeated(emulation, bodies))))
    offset = HEADER.size + RECORD.size * len(bodies)
    sections = []
    for kind, data in bodies:
        offset += -offset % 8
        # 15 characters and a NUL: the longer names of the kinds are cut, as xclbinutil's section names are free text.
        sections.append(Section(kind, kind.name.encode()[:15].ljust(16, b"\0"), offset, data))
        offset += len(data)
    header = Header(length=offset, platform=platform.ljust(64, b"\0"), uuid=bytes(16), mode=mode)
    draft = Xclbin(header, tuple(sections))
    _check(draft)
    return replace(draft, header=replace(header, uuid=draft.content_uuid))


def extend(xclbin: Xclbin, added: Mapping[Kind, bytes]) -> Xclbin:
    """The file with these sections, in place of such that it has, and without mirror; all others are as they were.

    So is the uuid, by which tools and shells know the file; only one that follows from the contents follows them.

    Raises:
        XclbinError: a file with a signature, which would be none of the new file, or with anything but a mirror behind
            its sections.
    """
    if xclbin.header.signature_length > 0:
        raise XclbinError("the file is signed", where="header", remedy="add sections before it is signed")
    own_uuid = xclbin.header.uuid == xclbin.content_uuid
    xclbin = xclbin.bare
    if xclbin.tail:
        raise XclbinError(
            f"{len(xclbin.tail):,} bytes behind the sections are not a mirror of xclbinutil's",
            where=f"offset {xclbin.header.length - len(xclbin.tail)}",
            remedy="add sections to the file as v++ or xclbinutil has written it",
        )
    kept = [section for section in xclbin.sections if section.kind not in added]
    bodies = [(section.kind, section.name_field, section.padding, section.data) for section in kept]
    bodies += [(kind, kind.name.encode()[:15].ljust(16, b"\0"), bytes(4), data) for kind, data in added.items()]
    offset = HEADER.size + RECORD.size * len(bodies)
    sections = []
    for kind, name, gap, data in bodies:
        offset += -offset % 8
        sections.append(Section(kind, name, offset, data, gap))
        offset += len(data)
    result = Xclbin(replace(xclbin.header, length=offset), tuple(sections))
    _check(result)
    if not own_uuid:
        return result
    return replace(result, header=replace(result.header, uuid=result.content_uuid))


def pack(xclbin: Xclbin) -> bytes:
    """The bytes of the file."""
    return b"".join(_pieces(xclbin))


def _pieces(xclbin: Xclbin) -> Iterator[bytes]:
    """The bytes of the file one after the other, the header and the table first."""
    head = xclbin.header.pack(len(xclbin.sections)) + b"".join(section.pack() for section in xclbin.sections)
    yield head
    end = len(head)
    for section in sorted(xclbin.sections, key=lambda section: (section.offset, len(section.data))):
        yield bytes(max(0, section.offset - end))
        yield section.data
        end = max(end, section.offset + len(section.data))
    yield xclbin.tail


def write(xclbin: Xclbin, path: Path | str) -> None:
    """Write the file; it appears whole or not at all."""
    path = Path(path)
    handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(pack(xclbin))
        # mkstemp makes the file private; an xclbin is as readable as any other product of a build.
        mask = os.umask(0)
        os.umask(mask)
        Path(draft).chmod(0o666 & ~mask)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def read(path: Path | str) -> Xclbin:
    """Read a file. Raises XclbinError, whose text begins with the path, for anything that is not a sound xclbin."""
    path = Path(path)
    try:
        with open_regular(path, most_bytes=MOST_BYTES) as file:
            return _read(file, size_of(file))
    except (OSError, MemoryError) as error:
        text = getattr(error, "strerror", None) or "out of memory"
        raise XclbinError(
            f"cannot be read ({text})", where=str(path), remedy="give the path of an .xclbin file"
        ) from error
    except XclbinError as error:
        where = f"{path}: {error.where}" if error.where else str(path)
        raise XclbinError(error.what, where=where, remedy=error.remedy) from error


def parse(data: bytes) -> Xclbin:
    """Read a file from memory; every known section is decoded once, so nothing fails later. Raises XclbinError."""
    return _read(io.BytesIO(data), len(data))


def _read(file: IO[bytes], size: int) -> Xclbin:
    header, count = read_header(file, size)
    sections = []
    end = table_end(count)
    for place in read_table(file, size, count):
        file.seek(place.offset)
        data = file.read(place.size)
        if len(data) != place.size:
            raise XclbinError("became shorter while it was read", remedy="copy the file again")
        sections.append(Section(place.kind, place.name_field, place.offset, data, place.padding))
        end = max(end, place.end)
    file.seek(end)
    result = Xclbin(header, tuple(sections), file.read(size - end))
    _check(result)
    return result


def _check(xclbin: Xclbin) -> None:
    """Raise XclbinError for sections that overlap, come twice, cannot be decoded or point past each other."""
    check_apart([(s.kind, s.offset, s.offset + len(s.data)) for s in xclbin.sections])
    kinds = [section.kind for section in xclbin.sections]
    for kind in DECODED:
        if kinds.count(kind) > 1:
            # PYNQ takes the last one and XRT the first: the meaning of the file would depend on its reader.
            raise XclbinError(f"{kinds.count(kind)} sections of one kind", where=kind.name, remedy="rebuild the file")
    _ = xclbin.metadata, xclbin.manifest_json, xclbin.clocks, xclbin.emulation
    for kind_t, kind_c in ((Kind.MEM_TOPOLOGY, Kind.CONNECTIVITY), (Kind.GROUP_TOPOLOGY, Kind.GROUP_CONNECTIVITY)):
        memories = decode(MemoryBank, xclbin.section(kind_t), kind_t.name)
        for index, connection in enumerate(decode(Connection, xclbin.section(kind_c), kind_c.name)):
            where = f"{kind_c.name}, connection {index}"
            # An index past the table makes PYNQ's parser fail with a bare IndexError, or pick the wrong bank.
            if not 0 <= connection.memory_index < len(memories):
                raise XclbinError(
                    f"names memory {connection.memory_index} of {len(memories)}", where=where, remedy="rebuild the file"
                )
            if not 0 <= connection.ip_index < len(xclbin.ip_layout):
                raise XclbinError(
                    f"names compute unit {connection.ip_index} of {len(xclbin.ip_layout)}",
                    where=where,
                    remedy="rebuild the file",
                )


def _text_end(user: bytes) -> int:
    """Where the manifest ends in USER_METADATA: at a NUL byte, or with the section."""
    found = user.find(b"\0")
    return len(user) if found < 0 else found


def _text(data: bytes | None, where: str) -> str | None:
    if data is None:
        return None
    if len(data) > MOST_TEXT_BYTES:
        raise XclbinError(
            f"has {len(data):,} bytes; at most {MOST_TEXT_BYTES:,} are read", where=where, remedy="rebuild the file"
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise XclbinError(f"not UTF-8 at byte {error.start}", where=where, remedy="rebuild the file") from error
