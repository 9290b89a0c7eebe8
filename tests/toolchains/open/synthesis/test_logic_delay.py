"""Logic delay and levels, against sums by hand from the source's table."""

from __future__ import annotations

import pytest

from toolchains.open.synthesis.dissolve import FlatCell, FlatNetlist, dissolve
from toolchains.open.synthesis.logic_delay import LoopError, analyse
from toolchains.open.synthesis.netlist import Cell, Module, Netlist


def cell(name: str, kind: str, pins: dict[str, tuple[int, ...]], outputs: str) -> FlatCell:
    return FlatCell(name, kind, {}, pins, frozenset(outputs.split()))


def register(name: str, data: int, out: int) -> FlatCell:
    return cell(name, "FDRE", {"D": (data,), "C": (-1,), "CE": (-1,), "R": (-1,), "Q": (out,)}, "Q")


def lut(name: str, out: int, *inputs: int) -> FlatCell:
    pins = {f"I{index}": (net,) for index, net in enumerate(inputs)}
    return cell(name, f"LUT{len(inputs)}", {**pins, "O": (out,)}, "O")


def names(count: int, **named: str) -> tuple[str, ...]:
    return tuple(named.get(f"n{net}", "") for net in range(count))


def test_two_luts_between_registers() -> None:
    """77 to the output, then the last signal of each LUT through pin A6: 35 twice; the other input comes at 77 too."""
    cells = (register("a", -1, 0), register("b", -1, 1), lut("x", 2, 0, 1), lut("y", 3, 1, 2), register("c", 3, 4))
    timing = analyse(FlatNetlist(cells, names(5, n0="a_q", n4="c_q")))
    # Both inputs of the first LUT come at 77: one of them has to take pin A5, 50.
    assert timing.logic_ns == pytest.approx((77 + 50 + 35) / 1000)
    assert timing.levels == 2
    path = timing.slowest[0]
    assert (path.end, path.cells, path.levels) == ("c_q", ("LUT2", "LUT2"), 2)


def test_a_lut_of_six_equal_signals_is_as_slow_as_its_slowest_pin() -> None:
    registers = [register(f"r{net}", -1, net) for net in range(6)]
    timing = analyse(FlatNetlist((*registers, lut("x", 6, *range(6)), register("q", 6, 7)), names(8)))
    assert timing.logic_ns == pytest.approx((77 + 150) / 1000)


def test_a_chain_of_carries_counts_a_carry8_as_one_level() -> None:
    """S[0] to CO[3] of the first: 186; then CI to CO[3], 60 each; then CI to O[3], 82."""
    cells = [register("a", -1, 0)]
    for index in range(4):
        carry_in = -1 if index == 0 else 10 * index + 3
        sums = tuple(10 * index + 14 + bit for bit in range(4))
        pins = {
            "S": (0 if index == 0 else -1, -1, -1, -1),
            "DI": (-1,) * 4,
            "CI": (carry_in,),
            "CYINIT": (-1,),
            "CO": (-1, -1, -1, 10 * index + 13),
            "O": sums,
        }
        cells.append(cell(f"carry{index}", "CARRY4", pins, "CO O"))
    cells.append(register("q", 10 * 3 + 14 + 3, 60))
    timing = analyse(FlatNetlist(tuple(cells), names(61)))
    assert timing.logic_ns == pytest.approx((77 + 186 + 60 + 60 + 82) / 1000)
    assert timing.levels == 2
    assert timing.slowest[0].cells == ("CARRY4",) * 4


def test_block_ram_and_distributed_ram() -> None:
    ram = FlatCell(
        "ram", "RAMB36E2", {"DOA_REG": "0", "DOB_REG": "1"},
        {"DOUTADOUT": (0, 1), "DOUTBDOUT": (2,), "ADDRARDADDR": (4,)}, frozenset(("DOUTADOUT", "DOUTBDOUT")),
    )  # fmt: skip
    timing = analyse(FlatNetlist((ram, lut("x", 4, 0), register("q", 2, 3)), names(5)))
    by_end = {path.end: path.logic_ns for path in timing.slowest}
    assert by_end == {"ram": pytest.approx((1003 + 35 + 383) / 1000), "q": pytest.approx(0.229)}
    small = cell("ram", "RAM32M16", {"ADDRA": (0,) * 5, "DOA": (1, 2), "ADDRH": (0,) * 5, "WE": (0,)}, "DOA")
    timing = analyse(FlatNetlist((register("a", -1, 0), small, register("q", 1, 3)), names(4)))
    # Its clock is slower than its address: 312, against 77 + 150.
    assert {path.end: path.logic_ns for path in timing.slowest} == {
        "q": pytest.approx(0.312),
        "ram": pytest.approx((77 + 180) / 1000),
    }


def test_a_path_across_the_hierarchy_counts() -> None:
    """A register outside, a LUT in each of two modules, a register in the second; a wire straight through the first."""

    def bits(*nets: int) -> tuple[int | str, ...]:
        return nets

    def inside(name: str, kind: str, pins: dict[str, tuple[int | str, ...]], outputs: str) -> Cell:
        return Cell(name, kind, {}, pins, frozenset(outputs.split()))

    inverter = inside("inv", "LUT1", {"I0": bits(2), "O": bits(3)}, "O")
    ports = {"i": ("input", bits(2)), "o": ("output", bits(3)), "same": ("output", bits(2))}
    middle = Module("middle", ports, (inverter,), {})
    store = inside("store", "FDRE", {"D": bits(3), "Q": bits(4)}, "Q")
    both = inside("both", "LUT2", {"I0": bits(2), "I1": bits(5), "O": bits(3)}, "O")
    last = Module("last", {"i": ("input", bits(2)), "k": ("input", bits(5))}, (both, store), {4: "q[0]"})
    cells = (
        inside("first", "FDRE", {"D": ("0",), "Q": bits(7)}, "Q"),
        inside("m", "middle", {"i": bits(7), "o": bits(8), "same": bits(9)}, "o same"),
        inside("l", "last", {"i": bits(8), "k": bits(9)}, ""),
    )
    top = Module("top", {}, cells, {7: "first_q"})
    timing = analyse(dissolve(Netlist("top", {"top": top, "middle": middle, "last": last})))
    (path,) = timing.slowest
    assert (path.start, path.end, path.levels) == ("first_q", "l.q[0]", 2)
    assert path.logic_ns == pytest.approx((77 + 35 + 35) / 1000)


def test_limits_are_reported_by_name() -> None:
    chain = [register("a", -1, 0), *(lut(f"x{net}", net + 1, net) for net in range(9)), register("q", 9, 10)]
    timing = analyse(FlatNetlist(tuple(chain), names(11, n0="a_q", n10="word[3]")))
    (path,) = timing.doubtful
    assert (path.start, path.end, path.levels) == ("a_q", "word[3]", 9)
    assert not analyse(FlatNetlist((*chain[:9], register("q", 8, 10)), names(11))).doubtful


def test_cells_that_the_model_does_not_have_are_counted() -> None:
    table = cell("table", "CFGLUT5", {"CDI": (1,), "O6": (2,)}, "O6")
    timing = analyse(FlatNetlist((register("a", -1, 0), lut("x", 1, 0), table, register("q", 2, 3)), names(4)))
    assert timing.untimed == (("CFGLUT5", 1),)
    assert {path.end for path in timing.slowest} == {"table", "q"}


def test_output_o5_of_a_lut6_2_does_not_wait_for_i5() -> None:
    """I5 comes late, through a LUT: O6 waits for it, two levels; O5 is a level behind the registers."""
    pins = {**{f"I{bit}": (bit,) for bit in range(5)}, "I5": (6,), "O6": (7,), "O5": (8,)}
    cells = [register(f"r{net}", -1, net) for net in range(6)] + [lut("late", 6, 5)]
    cells += [cell("both", "LUT6_2", pins, "O5 O6"), register("six", 7, 9), register("five", 8, 10)]
    timing = analyse(FlatNetlist(tuple(cells), names(11)))
    by_end = {path.end: (path.logic_ns, path.levels) for path in timing.slowest}
    # O6: I5 arrives at 112 and has the fastest pin, the last of the others the slowest.
    assert {end: delay for end, (delay, _) in by_end.items()} == {
        "six": pytest.approx((77 + 150) / 1000),
        "five": pytest.approx((77 + 165) / 1000),
    }
    deepest = {path.end: path.levels for path in timing.deepest}
    assert deepest == {"six": 2, "five": 1}


def carry8(name: str, entry: int, select: tuple[int, ...], top: int, out: int) -> FlatCell:
    """Its last carry is the net `top`, its last sum `out`."""
    pins = {"CI": (entry,), "CI_TOP": (-1,), "S": select, "DI": (-1,) * 8}
    return cell(name, "CARRY8", {**pins, "CO": (-1,) * 7 + (top,), "O": (-1,) * 7 + (out,)}, "CO O")


def test_a_chain_of_explicit_carry8() -> None:
    """S[0] to CO[7], 199; from the CARRY8 below, CI to CO[7], 23; then CI to O[7], 116. From a wire CI takes longer."""
    none = (-1,) * 8
    first = carry8("c0", -1, (0, *none[1:]), 1, -1)
    chain = (
        register("a", -1, 0),
        first,
        carry8("c1", 1, none, 2, -1),
        carry8("c2", 2, none, -1, 3),
        register("q", 3, 4),
    )
    timing = analyse(FlatNetlist(chain, names(5)))
    assert timing.logic_ns == pytest.approx((77 + 199 + 23 + 116) / 1000)
    assert timing.levels == 3
    alone = (register("a", -1, 0), carry8("c", 0, none, -1, 1), register("q", 1, 2))
    assert analyse(FlatNetlist(alone, names(3))).logic_ns == pytest.approx((77 + 231) / 1000)


@pytest.mark.parametrize(
    ("registers", "into", "out"),
    [("00011", 192 + 76 + 505, 77 + 109), ("11111", 0, 77 + 109), ("00001", 192 + 76 + 505 + 47 + 585, 77 + 109)],
)
def test_a_dsp(registers: str, into: int, out: int) -> None:
    """A register in the DSP ends the path where it stands: at A, behind the multiplier or at the output."""
    given = dict(zip(("AREG", "BREG", "CREG", "MREG", "PREG"), registers, strict=True))
    dsp = FlatCell("dsp", "DSP48E2", given, {"A": (0,), "P": (1,)}, frozenset("P"))
    timing = analyse(FlatNetlist((register("a", -1, 0), dsp, register("q", 1, 2)), names(3)))
    by_end = {path.end: path.logic_ns for path in timing.slowest}
    assert by_end == {"dsp": pytest.approx((77 + into) / 1000), "q": pytest.approx(out / 1000)}


def test_a_dsp_without_registers_is_a_long_path() -> None:
    dsp = FlatCell("dsp", "DSP48E2", dict.fromkeys(("AREG", "BREG", "CREG", "MREG", "PREG"), "0"),
                   {"B": (0,), "P": (1,)}, frozenset("P"))  # fmt: skip
    timing = analyse(FlatNetlist((register("a", -1, 0), dsp, register("q", 1, 2)), names(3)))
    assert timing.logic_ns == pytest.approx((77 + 192 + 76 + 505 + 47 + 585 + 109) / 1000)


def test_a_loop_is_an_error_with_its_name() -> None:
    with pytest.raises(LoopError, match="combinational loop through ring"):
        analyse(FlatNetlist((lut("x", 0, 1), lut("y", 1, 0)), names(2, n0="ring")))
