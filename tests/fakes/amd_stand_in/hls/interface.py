"""From a C++ top to the ports of its RTL: the result of an argument's INTERFACE pragma in each release."""

from __future__ import annotations

from dataclasses import dataclass, field

from amd_stand_in.errors import ToolError
from amd_stand_in.hardware.component import Port
from amd_stand_in.hls.cpp import Argument, Directions, Top, calls
from amd_stand_in.release import order

_RESERVED = {"input", "output", "reg", "wire", "module", "begin", "end", "in", "out", "inout", "signal", "entity"}


@dataclass
class Interface:
    """The RTL ports, the bundles, and the registers (name, offset, bits)."""

    ports: list[Port] = field(default_factory=list)
    masters: dict[str, tuple[int, int]] = field(default_factory=dict)
    registers: list[tuple[str, int, int]] = field(default_factory=list)
    pointers: dict[str, str] = field(default_factory=dict)
    slave: str | None = None
    protocol: str = "ap_ctrl_hs"
    streams: dict[str, str] = field(default_factory=dict)


def interface_of(top: Top, release: str, flow: str, address64: bool) -> Interface:
    """The interface of a top. Raises ToolError for an argument that has none."""
    result = Interface(ports=[Port("ap_clk", "in", 1), Port("ap_rst_n", "in", 1)])
    bundles: dict[str, list[Argument]] = {}
    slaves: set[str] = set()
    directions = Directions(top.text)
    for argument in top.arguments:
        modes = top.interface(argument.name)
        for mode, values in modes:
            if mode == "s_axilite":
                slaves.add(values.get("bundle", "control"))
            elif mode == "m_axi":
                bundles.setdefault(values.get("bundle", "gmem"), []).append(argument)
        main = next((mode for mode, _ in modes if mode != "s_axilite"), "s_axilite" if modes else "")
        if main == "axis":
            _stream(result, top, argument, release, directions)
        elif argument.stream:
            raise ToolError(
                "HLS 214-320",
                f"argument '{argument.name}' is a stream without an axis interface: the stand-in does not model ap_fifo ports",
            )
        elif argument.pointer and main != "m_axi":
            raise ToolError("HLS 214-253", f"argument '{argument.name}' is a pointer without an m_axi interface")
        elif not modes and flow == "vivado":
            result.ports.append(Port(argument.name, "in", argument.width))
    control = top.interface("return")
    if control:
        protocols = [mode for mode, _ in control if mode.startswith("ap_ctrl")]
        result.protocol = protocols[0] if protocols else "ap_ctrl_chain" if flow == "vitis" else "ap_ctrl_hs"
        slaves |= {values.get("bundle", "control") for mode, values in control if mode == "s_axilite"}
    if flow == "vitis" and len(slaves) > 1:
        raise ToolError("v++ 214-219", f"more than one s_axilite bundle: {', '.join(sorted(slaves))}")
    registered = control and any(mode == "s_axilite" for mode, _ in control)
    if result.protocol in ("ap_ctrl_hs", "ap_ctrl_chain") and not registered:
        result.ports += [Port("ap_start", "in", 1), *(Port(f"ap_{n}", "out", 1) for n in ("done", "idle", "ready"))]
    for bundle, arguments in bundles.items():
        width = max(argument.width for argument in arguments)
        address = 64 if address64 else 32
        result.masters[f"m_axi_{bundle}"] = (width, address)
        result.ports += _master(f"m_axi_{bundle}", width, address)
        result.pointers.update({argument.name: f"m_axi_{bundle}" for argument in arguments})
    if slaves:
        _slave(result, top, sorted(slaves)[0], address64)
    return result


def _stream(result: Interface, top: Top, argument: Argument, release: str, directions: Directions) -> None:
    way = next(
        (
            way
            for name, words in calls(top.body)
            if argument.name in words and (way := directions.of(name).get(words.index(argument.name)))
        ),
        directions._way(argument.name, top.body),
    )
    if way is None:
        raise ToolError("HLS 200-992", f"stream '{argument.name}' of '{top.name}' is neither read nor written")
    # Vivado HLS keeps the member names of stream and ap_uint; Vitis HLS drops them, and renames what RTL reserves.
    name = (
        f"{argument.name}_V_V"
        if order(release) < (2020, 1)
        else f"{argument.name}_r"
        if argument.name in _RESERVED
        else argument.name
    )
    back = "out" if way == "in" else "in"
    result.streams[argument.name] = name
    result.ports += [
        Port(f"{name}_TDATA", way, -(-argument.width // 8) * 8),
        Port(f"{name}_TVALID", way, 1),
        Port(f"{name}_TREADY", back, 1),
    ]


def _master(name: str, width: int, address: int) -> list[Port]:
    ports = []
    for channel in ("AW", "AR"):
        ports += [
            Port(f"{name}_{channel}ADDR", "out", address),
            Port(f"{name}_{channel}LEN", "out", 8),
            Port(f"{name}_{channel}VALID", "out", 1),
            Port(f"{name}_{channel}READY", "in", 1),
        ]
    ports += [
        Port(f"{name}_WDATA", "out", width),
        Port(f"{name}_WSTRB", "out", width // 8),
        Port(f"{name}_WLAST", "out", 1),
        Port(f"{name}_WVALID", "out", 1),
        Port(f"{name}_WREADY", "in", 1),
    ]
    ports += [
        Port(f"{name}_RDATA", "in", width),
        Port(f"{name}_RLAST", "in", 1),
        Port(f"{name}_RVALID", "in", 1),
        Port(f"{name}_RREADY", "out", 1),
    ]
    return [*ports, Port(f"{name}_BRESP", "in", 2), Port(f"{name}_BVALID", "in", 1), Port(f"{name}_BREADY", "out", 1)]


def _slave(result: Interface, top: Top, bundle: str, address64: bool) -> None:
    """The registers: arguments begin at 0x10; a 64-bit pointer takes 12 bytes, a 32-bit value 8."""
    name = result.slave = f"s_axi_{bundle}"
    offset = 0x10
    for argument in top.arguments:
        if not any(mode == "s_axilite" for mode, _ in top.interface(argument.name)):
            continue
        bits = (64 if address64 else 32) if argument.pointer else argument.width
        result.registers.append((argument.name, offset, bits))
        offset += 12 if bits > 32 else 8
    width = max(4, (offset - 1).bit_length())
    for channel in ("AW", "AR"):
        result.ports += [
            Port(f"{name}_{channel}ADDR", "in", width),
            Port(f"{name}_{channel}VALID", "in", 1),
            Port(f"{name}_{channel}READY", "out", 1),
        ]
    result.ports += [
        Port(f"{name}_WDATA", "in", 32),
        Port(f"{name}_WSTRB", "in", 4),
        Port(f"{name}_WVALID", "in", 1),
        Port(f"{name}_WREADY", "out", 1),
    ]
    result.ports += [
        Port(f"{name}_RDATA", "out", 32),
        Port(f"{name}_RRESP", "out", 2),
        Port(f"{name}_RVALID", "out", 1),
        Port(f"{name}_RREADY", "in", 1),
    ]
    result.ports += [
        Port(f"{name}_BRESP", "out", 2),
        Port(f"{name}_BVALID", "out", 1),
        Port(f"{name}_BREADY", "in", 1),
        Port("interrupt", "out", 1),
    ]
