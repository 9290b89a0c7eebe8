"""`kernel.xml`: the description of a kernel's ports and arguments for the linker and the runtime.

`language` is `c` or `ip`. Files of 2019 have no control protocol. Layouts from public files of 2019 and 2022.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reports.reading.errors import UnknownLayoutError
from reports.reading.expect import expect
from reports.reading.kind import Kind, Precedence
from reports.reading.markup import Branch, read_xml

_KERNEL = re.compile(r"<root [^>]{0,200}>\s{0,100}<kernel\s(?:[^>]{0,500}\s)?name ?=")


@dataclass(frozen=True)
class KernelPort:
    """A port. `mode` is master or slave, `type` addressable or stream."""

    name: str
    mode: str
    width_bits: int
    type: str | None


@dataclass(frozen=True)
class KernelArgument:
    """An argument: its port, the offset of its register as printed (`0x10`), its C type."""

    name: str
    port: str
    offset: str | None
    type: str | None


@dataclass(frozen=True)
class KernelDescription:
    """A kernel with its ports and arguments in order."""

    name: str
    language: str | None
    vlnv: str | None
    control_protocol: str | None
    ports: tuple[KernelPort, ...]
    arguments: tuple[KernelArgument, ...]


def matches(head: str) -> bool:
    """Whether a text begins like a kernel's description."""
    # HLS's data base has a file of this form for itself, in which the kernel has a `src_name` and no ports.
    return _KERNEL.search(head) is not None


def parse(text: str, file: str = "") -> KernelDescription:
    """Return the value of a `kernel.xml`. Raises ReportError."""
    expect(text, file, matches, "a kernel's description in XML")
    kernel = read_xml(text, file).needed("kernel")
    ports = tuple(
        KernelPort(
            name=port.needed_attribute("name"),
            mode=port.needed_attribute("mode"),
            width_bits=_width(port),
            type=port.attribute("portType"),
        )
        for port in kernel.needed("ports").children("port")
    )
    arguments = kernel.maybe("args")
    return KernelDescription(
        name=kernel.needed_attribute("name"),
        language=kernel.attribute("language"),
        vlnv=kernel.attribute("vlnv"),
        control_protocol=kernel.attribute("hwControlProtocol"),
        ports=ports,
        arguments=tuple(
            KernelArgument(
                name=argument.needed_attribute("name"),
                port=argument.needed_attribute("port"),
                offset=argument.attribute("offset"),
                type=argument.attribute("type"),
            )
            for argument in (arguments.children("arg") if arguments else ())
        ),
    )


def _width(port: Branch) -> int:
    text = port.needed_attribute("dataWidth")
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise UnknownLayoutError(port.file, port.line, f"dataWidth is '{text[:40]}'", "expected a number of bits")
    return int(text)


KIND = Kind("kernel_xml", Precedence.LAYOUT, matches, parse)
