"""The IP catalog: AMD's cores that a stitched design needs, and the cores of the repositories.

Parameters, their values and the pins: AMD PG085 (AXI4-Stream infrastructure), PG122 (shift RAM) and public scripts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from amd_stand_in.errors import ToolError
from amd_stand_in.hardware import component
from amd_stand_in.hardware.component import Bus, Component, Port
from amd_stand_in.hardware.verilog import Size
from amd_stand_in.release import order


def _stream(name: str, mode: str, width: int, flags: Mapping[str, int]) -> tuple[list[Port], Bus]:
    out, back = ("out", "in") if mode == "master" else ("in", "out")
    stem = name.lower()
    ports = [Port(f"{stem}_tdata", out, width), Port(f"{stem}_tvalid", out, 1), Port(f"{stem}_tready", back, 1)]
    if flags.get("HAS_TLAST"):
        ports.append(Port(f"{stem}_tlast", out, 1))
    if flags.get("HAS_TKEEP"):
        ports.append(Port(f"{stem}_tkeep", out, width // 8))
    return ports, Bus(name, "axis", mode, {port.name.rpartition("_")[2].upper(): port.name for port in ports})


def _clocked(clock: str, reset: str, buses: list[Bus]) -> tuple[list[Port], list[Bus]]:
    names = ":".join(bus.name for bus in buses)
    return [Port(clock, "in", 1), Port(reset, "in", 1)], [
        Bus(clock, "clock", "slave", {"CLK": clock}, {"ASSOCIATED_BUSIF": names, "ASSOCIATED_RESET": reset}),
        Bus(reset, "reset", "slave", {"RST": reset}, {"POLARITY": "ACTIVE_LOW"}),
    ]


def _pair(
    values: Mapping[str, str], clock: str, reset: str, s_bytes: int, m_bytes: int
) -> tuple[list[Port], list[Bus]]:
    flags = {name: int(values.get(name, "0")) for name in ("HAS_TLAST", "HAS_TKEEP")}
    s_ports, s_bus = _stream("S_AXIS", "slave", s_bytes * 8, flags)
    m_ports, m_bus = _stream("M_AXIS", "master", m_bytes * 8, flags)
    c_ports, c_buses = _clocked(clock, reset, [s_bus, m_bus])
    return [*s_ports, *m_ports, *c_ports], [s_bus, m_bus, *c_buses]


def _fifo(values: Mapping[str, str]) -> tuple[list[Port], list[Bus]]:
    size = int(values.get("TDATA_NUM_BYTES", "1"))
    if values.get("FIFO_MODE") == "2" and values.get("HAS_TLAST", "0") != "1":
        raise ToolError(
            "IP_Flow 19-3461", "Value '2' is out of the range for parameter 'FIFO MODE': packet mode needs TLAST."
        )
    return _pair(values, "s_axis_aclk", "s_axis_aresetn", size, size)


def _slice(values: Mapping[str, str]) -> tuple[list[Port], list[Bus]]:
    size = int(values.get("TDATA_NUM_BYTES", "1"))
    if values.get("REG_CONFIG") == "15" and int(values.get("NUM_SLR_CROSSINGS", "0")) < 1:
        raise ToolError(
            "IP_Flow 19-3461", "Value '15' of parameter 'REG CONFIG' needs NUM_SLR_CROSSINGS of at least 1."
        )
    return _pair(values, "aclk", "aresetn", size, size)


def _converter(values: Mapping[str, str]) -> tuple[list[Port], list[Bus]]:
    s, m = int(values.get("S_TDATA_NUM_BYTES", "1")), int(values.get("M_TDATA_NUM_BYTES", "1"))
    common = s * m // _gcd(s, m)
    if common > 512:
        raise ToolError(
            "IP_Flow 19-3461",
            f"{s} to {m} bytes go through {common} bytes, over the 512 that the converter has: chain two.",
        )
    return _pair(values, "aclk", "aresetn", s, m)


def _gcd(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return a


def _shift(values: Mapping[str, str]) -> tuple[list[Port], list[Bus]]:
    width = int(values.get("Width", "16"))
    return [Port("D", "in", width), Port("CLK", "in", 1), Port("Q", "out", width)], [
        Bus("CLK", "clock", "slave", {"CLK": "CLK"})
    ]


def _reduced(values: Mapping[str, str]) -> tuple[list[Port], list[Bus]]:
    return [Port("Op1", "in", int(values.get("C_SIZE", "8"))), Port("Res", "out", 1)], []


def _buffer(values: Mapping[str, str]) -> tuple[list[Port], list[Bus]]:
    size = int(values.get("C_SIZE", "1"))
    return [Port("BUFG_I", "in", size), Port("BUFG_O", "out", size)], []


_FLAG = ("0", "1")
_BYTES = range(1, 513)
Make = Callable[[Mapping[str, str]], tuple[list[Port], list[Bus]]]


@dataclass
class Definition:
    """An IP of the catalog. `parameters`: name to its values (None: any); a core of a repository has none."""

    vlnv: str
    parameters: Mapping[str, object]
    make: Make
    core: Component | None = None
    size: Callable[[Mapping[str, str]], Size] = field(default=lambda values: Size(lut=32, ff=64))
    defaults: Mapping[str, str] = field(default_factory=dict)

    def check(self, name: str, value: str) -> None:
        """Raise ToolError if the IP lacks the parameter or does not accept the value."""
        if name not in self.parameters:
            raise ToolError("Stand-in 1-8", f"Parameter '{name}' does not exist on IP '{self.vlnv}'.")
        allowed = self.parameters[name]
        if allowed is None:
            return
        good = int(value) in allowed if isinstance(allowed, range) and value.isdigit() else value in map(str, allowed)
        if not good:
            raise ToolError(
                "IP_Flow 19-3461",
                f"Value '{value}' is out of the range for parameter '{name}' of '{self.vlnv}'. Valid values are - {_shown(allowed)}",
            )


def _shown(allowed: object) -> str:
    if isinstance(allowed, range):
        return f"{allowed.start} to {allowed.stop - 1}"
    return ", ".join(map(str, allowed))


_SIDE = {
    "TID_WIDTH": range(33),
    "TDEST_WIDTH": range(33),
    "HAS_TLAST": _FLAG,
    "HAS_TKEEP": _FLAG,
    "HAS_TSTRB": _FLAG,
    "HAS_ACLKEN": _FLAG,
}


def _bits(values: Mapping[str, str]) -> Size:
    bits = int(values.get("TDATA_NUM_BYTES", values.get("S_TDATA_NUM_BYTES", "1"))) * 8
    depth = int(values.get("FIFO_DEPTH", "0"))
    memory = values.get("FIFO_MEMORY_TYPE", "auto")
    if depth and memory == "ultra":
        return Size(90, 0, 2 * bits, 0, -(-bits // 72) * -(-depth // 4096))
    if depth and (memory == "block" or (memory == "auto" and depth > 64)):
        return Size(80, 0, 2 * bits, -(-bits // 36) * -(-depth // 512))
    lut_memory = bits * -(-depth // 64)
    return Size(60 + lut_memory, lut_memory, 2 * bits)


def builtin(release: str) -> list[Definition]:
    """AMD's cores of a release."""
    buffer = "2.1" if order(release) < (2021, 1) else "2.2"
    return [
        Definition("xilinx.com:ip:axis_dwidth_converter:1.1", {**_SIDE, "S_TDATA_NUM_BYTES": _BYTES, "M_TDATA_NUM_BYTES": _BYTES, "TUSER_BITS_PER_BYTE": range(2049), "HAS_TREADY": _FLAG, "HAS_MI_TKEEP": _FLAG}, _converter, size=_bits),
        Definition(
            "xilinx.com:ip:axis_data_fifo:2.0",
            {**_SIDE, "TDATA_NUM_BYTES": range(513), "FIFO_DEPTH": tuple(2**n for n in range(4, 16)), "FIFO_MODE": ("1", "2"), "FIFO_MEMORY_TYPE": ("auto", "block", "distributed", "ultra"), "IS_ACLK_ASYNC": _FLAG, "SYNCHRONIZATION_STAGES": range(2, 9), "TUSER_WIDTH": range(4097),
             "HAS_WR_DATA_COUNT": _FLAG, "HAS_RD_DATA_COUNT": _FLAG, "HAS_AFULL": _FLAG, "HAS_AEMPTY": _FLAG, "HAS_PROG_FULL": _FLAG, "PROG_FULL_THRESH": None, "HAS_PROG_EMPTY": _FLAG, "PROG_EMPTY_THRESH": None, "ENABLE_ECC": _FLAG},
            _fifo, size=_bits, defaults={"TDATA_NUM_BYTES": "1", "FIFO_DEPTH": "512", "FIFO_MEMORY_TYPE": "auto"},
        ),
        Definition("xilinx.com:ip:axis_register_slice:1.1", {**_SIDE, "TDATA_NUM_BYTES": range(513), "TUSER_WIDTH": range(4097), "HAS_TREADY": _FLAG, "REG_CONFIG": (0, 1, 7, 8, 9, 10, 12, 13, 15, 16), "NUM_SLR_CROSSINGS": range(16), "PIPELINES_MASTER": range(33), "PIPELINES_SLAVE": range(33), "PIPELINES_MIDDLE": range(33)}, _slice, size=_bits, defaults={"TDATA_NUM_BYTES": "1", "REG_CONFIG": "1", "NUM_SLR_CROSSINGS": "0"}),
        Definition("xilinx.com:ip:c_shift_ram:12.0", {"Width": range(1, 257), "Depth": range(1, 1089), "DefaultData": None, "AsyncInitVal": None, "SyncInitVal": None, "SSET": ("true", "false"), "SCLR": ("true", "false"), "CE": ("true", "false")}, _shift, defaults={"Width": "16", "Depth": "16"}),
        Definition("xilinx.com:ip:util_reduced_logic:2.0", {"C_SIZE": range(1, 257), "C_OPERATION": ("and", "or", "xor")}, _reduced, size=lambda values: Size(lut=1), defaults={"C_SIZE": "8", "C_OPERATION": "and"}),
        Definition(f"xilinx.com:ip:util_ds_buf:{buffer}", {"C_BUF_TYPE": ("BUFG", "IBUFDS", "OBUFDS", "BUFGCE", "IBUFDSGTE", "BUFG_GT"), "C_SIZE": range(1, 33)}, _buffer, size=lambda values: Size()),
    ]  # fmt: skip


class Catalog:
    """The IPs that `create_bd_cell -vlnv` can make."""

    def __init__(self, release: str) -> None:
        self.definitions = {definition.vlnv: definition for definition in builtin(release)}
        self.stale = False

    def refresh(self, folders: list[Path]) -> list[tuple[str, str]]:
        """Read every `component.xml` below the repositories. Returns message ids and texts of mistakes.

        If two cores have the same name, the first one found counts.
        """
        faults = []
        places: dict[str, Path] = {}
        for folder in folders:
            if not folder.is_dir():
                raise ToolError("IP_Flow 19-2207", f"Repository '{folder}' does not exist.")
            for path in sorted(folder.rglob("component.xml")):
                try:
                    core = component.read(path)
                except ValueError as error:
                    faults.append(("Stand-in 1-7", str(error)))
                    continue
                first = places.setdefault(core.vlnv, path.parent)
                if first != path.parent:
                    text = f"Duplicate IP found for '{core.vlnv}'. The one found in IP location '{first}' will take precedence over the same IP in location {path.parent}"
                    faults.append(("IP_Flow 19-1663", text))
                    continue
                self.definitions[core.vlnv] = Definition(
                    core.vlnv, {}, lambda values, core=core: (core.ports, core.buses), core
                )
        self.stale = False
        return faults

    def find(self, vlnv: str) -> Definition:
        """The definition of a VLNV. Raises ToolError."""
        if vlnv not in self.definitions:
            near = sorted(name for name in self.definitions if name.rpartition(":")[0] == vlnv.rpartition(":")[0])
            hint = f" The catalog has {', '.join(near)}." if near else ""
            refresh = " ip_repo_paths changed since the last update_ip_catalog." if self.stale else ""
            raise ToolError("BD 5-216", f"VLNV <{vlnv}> is not supported for the current part.{hint}{refresh}")
        return self.definitions[vlnv]
