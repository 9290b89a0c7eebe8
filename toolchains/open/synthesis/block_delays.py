"""Delays of DSP48E2 and URAM288 of UltraScale+, in picoseconds.

URAM288: the terms of RapidWright's timing model, as in `delays`; of a bus, the largest; without cascade, ECC and input
registers, which nothing here uses.

DSP48E2: the model has none. These are the parts of paths through a DSP in Vivado's own timing reports: the one in the
comments of RapidWright's `tcl/rwroute/dump_all_dsp_delay.tcl` (Apache-2.0), and one of an xczu7ev of speed grade 2 with
the same delays, for the cascade. Clock to output of a DSP's registers is in neither; it is taken to be that of a
register of a slice.
"""

from __future__ import annotations

from functools import cache

from toolchains.open.synthesis.cell_timing import Arc, CellTiming

_INPUT_PS = 192
_PREADD_PS = 76
_MULTIPLY_PS = 505
_PRODUCT_PS = 47
_ALU_PS = 585
_ALU_CASCADE_PS = 546
_OUTPUT_PS = {"P": 109, "PCOUT": 122}
_ENABLE_SETUP_PS = 159
_REGISTER_PS = 77

_INPUT_BITS = {"A": 30, "B": 18, "D": 27}
_ADDEND_BITS = {"C": 48, "PCIN": 48}
_ENABLES = ("CEA1", "CEA2", "CEB1", "CEB2", "CEC", "CED", "CEAD", "CEM", "CEP", "CECTRL", "CEINMODE")
_RESETS = ("RSTA", "RSTB", "RSTC", "RSTD", "RSTM", "RSTP", "RSTCTRL", "RSTINMODE")


@cache
def dsp(a: bool, b: bool, c: bool, m: bool, p: bool) -> CellTiming:
    """Timing of a DSP48E2 with or without its registers at A, B, C, behind the multiplier and at the output.

    D is timed like A. A control input (INMODE, OPMODE) ends a path.
    """
    capture = [(port, _ENABLE_SETUP_PS) for port in _ENABLES] + [(port, 0) for port in _RESETS]
    capture += [(port, 0) for port in ("INMODE", "OPMODE", "ALUMODE", "CARRYIN")]
    through: list[tuple[str, int, int]] = []
    product = _INPUT_PS + _PREADD_PS + _MULTIPLY_PS
    for port, registered in (("A", a), ("B", b), ("D", a)):
        if registered or m:
            capture.append((port, 0 if registered else product))
        else:
            through.append((port, _INPUT_BITS[port], product + _PRODUCT_PS + _ALU_PS))
    capture += [("C", 0)] if c else []
    through += [] if c else [("C", _ADDEND_BITS["C"], _ALU_PS)]
    through.append(("PCIN", _ADDEND_BITS["PCIN"], _ALU_CASCADE_PS))
    if p:
        capture += [(port, delay) for port, _, delay in through]
        return CellTiming((), tuple((port, _REGISTER_PS + delay) for port, delay in _OUTPUT_PS.items()), tuple(capture))
    # Of the bits of a bus the last output is the slowest, and each output bit waits for all inputs below it.
    arcs = tuple(
        Arc(port, bit, out, end, delay + behind)
        for port, bits, delay in through
        for out, behind in _OUTPUT_PS.items()
        for bit in range(bits)
        for end in range(48)
    )
    start = _REGISTER_PS + _ALU_PS if m or c else None
    if not m and (a or b):
        start = _REGISTER_PS + _PREADD_PS + _MULTIPLY_PS + _PRODUCT_PS + _ALU_PS
    launch = () if start is None else tuple((port, start + delay) for port, delay in _OUTPUT_PS.items())
    return CellTiming(arcs, launch, tuple(capture))


_URAM_CLOCK_TO_OUT_PS = {"A": {False: 1292, True: 767}, "B": {False: 2059, True: 698}}
_URAM_SETUP_PS = {
    "A": {"ADDR": 522, "DIN": 536, "BWE": 491, "EN": 458, "RDB_WR": 456},
    "B": {"ADDR": 373, "DIN": 392, "BWE": 410, "EN": 306, "RDB_WR": 376},
}


@cache
def ultra_ram(a: bool, b: bool) -> CellTiming:
    """Timing of a URAM288 with or without the output registers of its two ports."""
    launch = tuple(
        (f"DOUT_{side}", _URAM_CLOCK_TO_OUT_PS[side][registered]) for side, registered in (("A", a), ("B", b))
    )
    capture = tuple((f"{pin}_{side}", delay) for side, pins in _URAM_SETUP_PS.items() for pin, delay in pins.items())
    return CellTiming((), launch, capture)
