"""Cell delays of UltraScale+ devices by type and pin, in picoseconds, for the logic part of a path.

Source: the delay terms of RapidWright's timing model for UltraScale+ (Apache-2.0, `timing/ultrascaleplus/` in
github.com/Xilinx/RapidWright, model v0.5; P. Maidee et al., "An Open-source Lightweight Timing Model for
RapidWright", FPT 2019). The numbers are facts taken from there; of a bus, the largest. Wires inside and outside a site
are not included.

Delays that the model lacks count as 0: setup of clock enables and resets of registers. DSPs are in `block_delays`, from
another source. MUXF8 and MUXF9 are timed as
MUXF7. Yosys maps to CARRY4, which is timed as the lower half of a CARRY8, so long chains come out too slow. Inputs of
a LUT are assigned to pins by arrival, the last one to the fastest pin, because placers swap pins in this way. LUTs used
as memory are read through their slowest pin.
"""

from __future__ import annotations

from collections.abc import Mapping

from toolchains.open.synthesis.block_delays import dsp, ultra_ram
from toolchains.open.synthesis.cell_timing import Arc, CellTiming
from toolchains.open.synthesis.primitives import LUTS, REGISTERS, WIDE_MUXES

SOURCE = "RapidWright UltraScale+ delay model v0.5"
FAMILY = "UltraScale+"
LICENCE = "Apache-2.0"

LUT_PINS_PS = (35, 50, 90, 100, 125, 150)
"""Delays of the pins A6 (the fastest) to A1, to output O6."""
LUT_O5_PINS_PS = (70, 100, 115, 140, 165)
"""Delays of the pins A5 to A1 to output O5 of a LUT6_2, which does not depend on A6."""

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
_CARRY8_O_PS = {
    "CIN": (56, 76, 67, 82, 86, 116, 103, 116),
    "AX": (110, 132, 131, 135, 193, 228, 216, 231),
    "EX": (None, None, None, None, 99, 134, 132, 139),
    "DI0": (None, 81, 109, 115, 178, 208, 196, 211),
    "DI1": (None, None, 99, 102, 162, 196, 183, 198),
    "DI2": (None, None, None, 94, 150, 186, 174, 188),
    "DI3": (None, None, None, None, 147, 182, 170, 185),
    "DI4": (None, None, None, None, None, 84, 115, 123),
    "DI5": (None, None, None, None, None, None, 102, 107),
    "DI6": (None, None, None, None, None, None, None, 93),
    "DI7": (None, None, None, None, None, None, None, None),
    "S0": (65, 96, 134, 139, 206, 240, 226, 241),
    "S1": (None, 56, 117, 123, 204, 237, 224, 238),
    "S2": (None, None, 58, 86, 167, 200, 188, 202),
    "S3": (None, None, None, 61, 149, 184, 172, 187),
    "S4": (None, None, None, None, 63, 95, 129, 137),
    "S5": (None, None, None, None, None, 58, 131, 138),
    "S6": (None, None, None, None, None, None, 56, 85),
    "S7": (None, None, None, None, None, None, None, 56),
}
_CARRY8_CO_PS = {
    "CIN": (52, 42, 57, 60, 92, 77, 92, 23),
    "AX": (107, 105, 110, 177, 203, 191, 206, 160),
    "EX": (None, None, None, None, 109, 105, 114, 117),
    "DI0": (57, 83, 90, 182, 184, 170, 186, 140),
    "DI1": (None, 73, 78, 144, 172, 158, 173, 127),
    "DI2": (None, None, 69, 134, 160, 148, 163, 117),
    "DI3": (None, None, None, 131, 157, 144, 160, 113),
    "DI4": (None, None, None, None, 59, 87, 98, 100),
    "DI5": (None, None, None, None, None, 74, 82, 95),
    "DI6": (None, None, None, None, None, None, 69, 67),
    "DI7": (None, None, None, None, None, None, None, 60),
    "S0": (71, 109, 115, 186, 216, 201, 217, 199),
    "S1": (None, 91, 98, 184, 213, 199, 214, 197),
    "S2": (None, None, 63, 148, 176, 162, 177, 168),
    "S3": (None, None, None, 133, 159, 146, 162, 170),
    "S4": (None, None, None, None, 70, 103, 113, 163),
    "S5": (None, None, None, None, None, 105, 113, 166),
    "S6": (None, None, None, None, None, None, 61, 124),
    "S7": (None, None, None, None, None, None, None, 124),
}
"""By pin: CIN is the carry of the CARRY8 below, AX and EX are wires of the fabric at CI and CI_TOP."""

BRAM_CLOCK_TO_OUT_PS = {"0": 1003, "1": 229}
"""By DOA_REG or DOB_REG: "0" from the memory's latch, "1" from its output register."""
BRAM_SETUP_PS = {"ADDR": 383, "DIN": 313, "EN": 342, "WE": 394, "REGCE": 233, "RSTREG": 313}


def is_lut(cell_type: str) -> bool:
    """Whether a cell is a LUT used as logic. INV counts as a LUT with one input."""
    return cell_type == "INV" or cell_type in LUTS


def _carry4() -> CellTiming:
    arcs = []
    for port, table in (("O", _CARRY_O_PS), ("CO", _CARRY_CO_PS)):
        for pin, delays in table.items():
            name, bit = (pin, 0) if pin in ("CI", "CYINIT") else (pin[:-1], int(pin[-1]))
            arcs += [Arc(name, bit, port, end, delay) for end, delay in enumerate(delays) if delay is not None]
    return CellTiming(tuple(arcs))


def _carry8(*, cascaded: bool, dual: bool) -> CellTiming:
    """A CARRY8. `cascaded`: CI is the carry of the one below; `dual`: two chains of four, one begins at CI_TOP."""
    entry = "CIN" if cascaded or dual else "AX"
    arcs = []
    for port, table in (("O", _CARRY8_O_PS), ("CO", _CARRY8_CO_PS)):
        for pin, delays in table.items():
            if pin in ("CIN", "AX"):
                name, bit, used = "CI", 0, pin == entry
            elif pin == "EX":
                name, bit, used = "CI_TOP", 0, dual
            else:
                name, bit, used = pin[:-1], int(pin[-1]), True
            lower = name == "CI" or (name != "CI_TOP" and bit < 4)
            ends = range(4) if dual and lower else range(8)
            found = ((end, delays[end]) for end in ends if used)
            arcs += [Arc(name, bit, port, end, delay) for end, delay in found if delay is not None]
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


def _shift_register(address: tuple[tuple[str, int], ...]) -> CellTiming:
    arcs = tuple(Arc(port, bit, "Q", 0, LUTRAM_READ_PS) for port, bit in address)
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
    **{name: _wide_mux() for name in WIDE_MUXES},
    **{name: _register() for name in REGISTERS},
    "SRL16E": _shift_register(tuple((f"A{bit}", 0) for bit in range(4))),
    "SRLC32E": _shift_register(tuple(("A", bit) for bit in range(5))),
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


_CARRY8S = {(a, b): _carry8(cascaded=a, dual=b) for a in (False, True) for b in (False, True)}


def timing_of(cell_type: str, parameters: Mapping[str, str], *, cascaded: bool = False) -> CellTiming | None:
    """Return the timing of a cell other than a LUT; None for a type that the model lacks.

    `cascaded`: a CARRY8 whose CI is the carry out of another one.
    """
    if cell_type in ("RAMB36E2", "RAMB18E2"):
        return _BLOCK_RAMS[_zero_or_one(parameters, "DOA_REG"), _zero_or_one(parameters, "DOB_REG")]
    if cell_type == "CARRY8":
        return _CARRY8S[cascaded, parameters.get("CARRY_TYPE", "SINGLE_CY8").strip() == "DUAL_CY4"]
    if cell_type == "DSP48E2":
        return dsp(*(_zero_or_one(parameters, name) != "0" for name in ("AREG", "BREG", "CREG", "MREG", "PREG")))
    if cell_type == "URAM288":
        return ultra_ram(*(parameters.get(name, "FALSE").strip() == "TRUE" for name in ("OREG_A", "OREG_B")))
    return TIMING.get(cell_type)


def _zero_or_one(parameters: Mapping[str, str], name: str) -> str:
    """0 if a parameter, which Yosys writes in binary, is 0; else 1, the library's default. AREG and BREG may be 2."""
    return "1" if "1" in parameters.get(name, "1") else "0"
