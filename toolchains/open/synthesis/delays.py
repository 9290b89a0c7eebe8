"""Cell delays of UltraScale+ devices by type and pin, in picoseconds, for the logic part of a path.

Source: the delay terms of RapidWright's timing model for UltraScale+ (Apache-2.0, `timing/ultrascaleplus/` in
github.com/Xilinx/RapidWright, model v0.5; P. Maidee et al., "An Open-source Lightweight Timing Model for
RapidWright", FPT 2019). The numbers are facts taken from there; of a bus, the largest. Wires inside and outside a site
are not included.

Delays that the model lacks count as 0: setup of clock enables and resets of registers. MUXF8 and MUXF9 are timed as
MUXF7. Yosys maps to CARRY4, which is timed as the lower half of a CARRY8, so long chains come out too slow. Inputs of
a LUT are assigned to pins by arrival, the last one to the fastest pin, because placers swap pins in this way. LUTs used
as memory are read through their slowest pin.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

SOURCE = "RapidWright UltraScale+ delay model v0.5"
FAMILY = "UltraScale+"
LICENCE = "Apache-2.0"

LUT_PINS_PS = (35, 50, 90, 100, 125, 150)
"""Delays of the pins A6 (the fastest) to A1."""

LUTRAM_CLOCK_TO_OUT_PS = 312
LUTRAM_READ_PS = 150
LUTRAM_SETUP_PS = {"D": 81, "A": 117, "W": 180}
REGISTER_CLOCK_TO_OUT_PS = 77
REGISTER_SETUP_PS = 0
"""The model has -25 ps for D. It is set to 0 here, because a negative setup would hide delay before it."""

MUX_SELECT_PS = 77
MUX_DATA_PS = 70

_CARRY_O_PS = {
    "CI": (56, 76, 67, 82),
    "CYINIT": (56, 76, 67, 82),
    "DI0": (None, 81, 109, 115),
    "DI1": (None, None, 99, 102),
    "DI2": (None, None, None, 94),
    "DI3": (None, None, None, None),
    "S0": (65, 96, 134, 139),
    "S1": (None, 56, 117, 123),
    "S2": (None, None, 58, 86),
    "S3": (None, None, None, 61),
}
_CARRY_CO_PS = {
    "CI": (52, 42, 57, 60),
    "CYINIT": (52, 42, 57, 60),
    "DI0": (57, 83, 90, 182),
    "DI1": (None, 73, 78, 144),
    "DI2": (None, None, 69, 134),
    "DI3": (None, None, None, 131),
    "S0": (71, 109, 115, 186),
    "S1": (None, 91, 98, 184),
    "S2": (None, None, 63, 148),
    "S3": (None, None, None, 133),
}

BRAM_CLOCK_TO_OUT_PS = {"0": 1003, "1": 229}
"""By DOA_REG or DOB_REG: "0" from the memory's latch, "1" from its output register."""
BRAM_SETUP_PS = {"ADDR": 383, "DIN": 313, "EN": 342, "WE": 394, "REGCE": 233, "RSTREG": 313}


@dataclass(frozen=True, slots=True)
class Arc:
    """The delay through a cell from one pin to another."""

    start: str
    start_bit: int
    end: str
    end_bit: int
    delay_ps: int


@dataclass(frozen=True, slots=True)
class CellTiming:
    """The timing of a cell type, in picoseconds: combinational `arcs`; clock to output and setup by port."""

    arcs: tuple[Arc, ...] = ()
    launch: tuple[tuple[str, int], ...] = ()
    capture: tuple[tuple[str, int], ...] = ()


def is_lut(cell_type: str) -> bool:
    """Whether a cell is a LUT used as logic. INV counts as a LUT with one input."""
    return cell_type == "INV" or (len(cell_type) == 4 and cell_type.startswith("LUT"))


def _carry4() -> CellTiming:
    arcs = []
    for port, table in (("O", _CARRY_O_PS), ("CO", _CARRY_CO_PS)):
        for pin, delays in table.items():
            name, bit = (pin, 0) if pin in ("CI", "CYINIT") else (pin[:-1], int(pin[-1]))
            arcs += [Arc(name, bit, port, end, delay) for end, delay in enumerate(delays) if delay is not None]
    return CellTiming(tuple(arcs))


def _wide_mux() -> CellTiming:
    return CellTiming((
        Arc("I0", 0, "O", 0, MUX_DATA_PS),
        Arc("I1", 0, "O", 0, MUX_DATA_PS),
        Arc("S", 0, "O", 0, MUX_SELECT_PS),
    ))  # fmt: skip


def _register() -> CellTiming:
    ends = tuple((port, REGISTER_SETUP_PS) for port in ("D", "CE", "R", "S", "CLR", "PRE"))
    return CellTiming(launch=(("Q", REGISTER_CLOCK_TO_OUT_PS),), capture=ends)


def _shift_register(address: Iterator[str]) -> CellTiming:
    arcs = tuple(Arc(port, 0, "Q", 0, LUTRAM_READ_PS) for port in address)
    ends = (("D", LUTRAM_SETUP_PS["D"]), ("CE", LUTRAM_SETUP_PS["W"]))
    return CellTiming(arcs, (("Q", LUTRAM_CLOCK_TO_OUT_PS), ("Q31", LUTRAM_CLOCK_TO_OUT_PS)), ends)


def _wide_lutram(lanes: str, address_bits: int, data_bits: int) -> CellTiming:
    """Timing of RAM32M16, RAM64M8 and their halves; the last lane's address is the write address."""
    arcs = tuple(
        Arc(f"ADDR{lane}", bit, f"DO{lane}", out, LUTRAM_READ_PS)
        for lane in lanes
        for bit in range(address_bits)
        for out in range(data_bits)
    )
    launch = tuple((f"DO{lane}", LUTRAM_CLOCK_TO_OUT_PS) for lane in lanes)
    ends = tuple((f"DI{lane}", LUTRAM_SETUP_PS["D"]) for lane in lanes)
    ends += ((f"ADDR{lanes[-1]}", LUTRAM_SETUP_PS["A"]), ("WE", LUTRAM_SETUP_PS["W"]))
    return CellTiming(arcs, launch, ends)


def _narrow_lutram(reads: tuple[tuple[str, str], ...], address_bits: int, *, bus: bool) -> CellTiming:
    """Timing of RAM32X1S, RAM64X1D and the like; `reads` are pairs of address port and output."""
    arcs = []
    for address, out in reads:
        pins = [(address, bit) if bus else (f"{address}{bit}", 0) for bit in range(address_bits)]
        arcs += [Arc(port, bit, out, 0, LUTRAM_READ_PS) for port, bit in pins]
    launch = tuple((out, LUTRAM_CLOCK_TO_OUT_PS) for _, out in reads)
    write = ("A",) if bus else tuple(f"A{bit}" for bit in range(address_bits))
    ends = tuple((port, LUTRAM_SETUP_PS["A"]) for port in write)
    return CellTiming(tuple(arcs), launch, (*ends, ("D", LUTRAM_SETUP_PS["D"]), ("WE", LUTRAM_SETUP_PS["W"])))


def _block_ram(register_a: str, register_b: str) -> CellTiming:
    launch, ends = [], []
    for side, register in (("A", register_a), ("B", register_b)):
        launch += [(f"DOUT{side}DOUT", BRAM_CLOCK_TO_OUT_PS[register])]
        launch += [(f"DOUTP{side}DOUTP", BRAM_CLOCK_TO_OUT_PS[register])]
        ends += [(f"DIN{side}DIN", BRAM_SETUP_PS["DIN"]), (f"DINP{side}DINP", BRAM_SETUP_PS["DIN"])]
    pins = {
        "ADDR": ("ADDRARDADDR", "ADDRBWRADDR"),
        "EN": ("ENARDEN", "ENBWREN"),
        "WE": ("WEA", "WEBWE"),
        "REGCE": ("REGCEAREGCE", "REGCEB"),
        "RSTREG": ("RSTREGARSTREG", "RSTREGB"),
    }
    ends += [(port, BRAM_SETUP_PS[kind]) for kind, ports in pins.items() for port in ports]
    return CellTiming(launch=tuple(launch), capture=tuple(ends))


TIMING: dict[str, CellTiming] = {
    "CARRY4": _carry4(),
    **{name: _wide_mux() for name in ("MUXF7", "MUXF8", "MUXF9")},
    **{name: _register() for name in ("FDRE", "FDSE", "FDCE", "FDPE")},
    "SRL16E": _shift_register(f"A{bit}" for bit in range(4)),
    "RAM32M": _wide_lutram("ABCD", 5, 2),
    "RAM64M": _wide_lutram("ABCD", 6, 1),
    "RAM32M16": _wide_lutram("ABCDEFGH", 5, 2),
    "RAM64M8": _wide_lutram("ABCDEFGH", 6, 1),
    "RAM32X1S": _narrow_lutram((("A", "O"),), 5, bus=False),
    "RAM64X1S": _narrow_lutram((("A", "O"),), 6, bus=False),
    "RAM128X1S": _narrow_lutram((("A", "O"),), 7, bus=False),
    "RAM256X1S": _narrow_lutram((("A", "O"),), 8, bus=True),
    "RAM512X1S": _narrow_lutram((("A", "O"),), 9, bus=True),
    "RAM32X1D": _narrow_lutram((("A", "SPO"), ("DPRA", "DPO")), 5, bus=False),
    "RAM64X1D": _narrow_lutram((("A", "SPO"), ("DPRA", "DPO")), 6, bus=False),
    "RAM128X1D": _narrow_lutram((("A", "SPO"), ("DPRA", "DPO")), 7, bus=True),
    "RAM256X1D": _narrow_lutram((("A", "SPO"), ("DPRA", "DPO")), 8, bus=True),
}
_BLOCK_RAMS = {(a, b): _block_ram(a, b) for a in "01" for b in "01"}


def timing_of(cell_type: str, parameters: Mapping[str, str]) -> CellTiming | None:
    """Return the timing of a cell other than a LUT; None for a type that the model lacks."""
    if cell_type in ("RAMB36E2", "RAMB18E2"):
        return _BLOCK_RAMS[_last_bit(parameters, "DOA_REG"), _last_bit(parameters, "DOB_REG")]
    return TIMING.get(cell_type)


def _last_bit(parameters: Mapping[str, str], name: str) -> str:
    """The lowest bit of a parameter. Yosys writes binary digits; the library's default is 1."""
    return parameters.get(name, "1")[-1]
