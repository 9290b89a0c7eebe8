"""The cells of `gates.hpp` beside those of models.v: every primitive, width and register in use, random inputs."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(1200)]

INPUTS = 512
ON = "on"
"""A net that is 1 in reset, so that no cell keeps what it had at power-on, and at random later."""


def hexadecimal(draw: random.Random, bits: int) -> str:
    return f"{bits}'h{draw.getrandbits(bits):0{-(-bits // 4)}X}"


class Kit:
    """Structural Verilog of a module around cells, each with inputs of its own choice."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.lines: list[str] = []
        self.outputs: list[str] = []

    def given(self, bits: int) -> str:
        """So many bits of the input."""
        picked = [f"in_TDATA[{self.draw.randrange(INPUTS)}]" for _ in range(bits)]
        return f"{{{', '.join(picked)}}}"

    def add(self, kind: str, inputs: dict[str, int | str], outputs: dict[str, int], **parameters: str) -> None:
        """A cell. An input is the number of its bits, or what it is joined to."""
        pins = {pin: self.given(what) if isinstance(what, int) else what for pin, what in inputs.items()}
        for pin, bits in outputs.items():
            pins[pin] = f"out{len(self.outputs)}"
            self.outputs.append(f"  wire [{bits - 1}:0] {pins[pin]};")
        keys = ", ".join(f".{key}({value})" for key, value in parameters.items())
        joined = ", ".join(f".{pin}({what})" for pin, what in pins.items())
        self.lines.append(f"  {kind} {f'#({keys}) ' if keys else ''}cell{len(self.lines)} ({joined});")

    def part(self, bits: int, looked_at: int) -> str:
        """The wire of an output whose lowest bits are looked at; the others keep what they had at power-on."""
        name = f"part{len(self.lines)}"
        self.lines.append(f"  wire [{bits - 1}:0] {name};")
        if looked_at:
            members = ", ".join(f"{name}[{place}]" for place in reversed(range(looked_at)))
            self.lines.append(f"  assign out{len(self.outputs)} = {{{members}}};")
            self.outputs.append(f"  wire [{looked_at - 1}:0] out{len(self.outputs)};")
        return name

    def text(self) -> str:
        """The module: a stream in, and a stream out with all outputs."""
        width = sum(int(high) + 1 for line in self.outputs for high in re.findall(r"\[(\d+):0\]", line))
        names = ", ".join(line.split()[-1].rstrip(";") for line in self.outputs)
        head = (
            "module kit (", "  input wire ap_clk,", "  input wire ap_rst_n,",
            f"  input wire [{INPUTS - 1}:0] in_TDATA,", "  input wire in_TVALID,", "  output wire in_TREADY,",
            f"  output wire [{width - 1}:0] out_TDATA,", "  output wire out_TVALID,", "  input wire out_TREADY", ");",
        )  # fmt: skip
        alive = (
            f"  wire {ON}, off;", f"  LUT2 #(.INIT(4'hD)) alive (.I0(ap_rst_n), .I1({self.given(1)}), .O({ON}));",
            "  LUT1 #(.INIT(2'h1)) resting (.I0(ap_rst_n), .O(off));",
        )  # fmt: skip
        tail = (
            "  assign in_TREADY = 1'b1;", "  assign out_TVALID = 1'b1;", f"  assign out_TDATA = {{{names}}};",
            "endmodule\n",
        )  # fmt: skip
        return "\n".join((*head, *self.outputs, *alive, *self.lines, *tail))


def slice_cells(kit: Kit) -> None:
    for size in range(1, 7):
        inputs: dict[str, int | str] = {f"I{place}": 1 for place in range(size)}
        kit.add(f"LUT{size}", inputs, {"O": 1}, INIT=hexadecimal(kit.draw, 2**size))
    inputs = {f"I{place}": 1 for place in range(6)}
    kit.add("LUT6_2", inputs, {"O5": 1, "O6": 1}, INIT=hexadecimal(kit.draw, 64))
    for kind in ("MUXF7", "MUXF8", "MUXF9"):
        kit.add(kind, {"I0": 1, "I1": 1, "S": 1}, {"O": 1})
    kit.add("CARRY8", {"CI": 1, "CI_TOP": "1'b0", "DI": 8, "S": 8}, {"CO": 8, "O": 8}, CARRY_TYPE='"SINGLE_CY8"')
    kit.add("CARRY8", {"CI": 1, "CI_TOP": 1, "DI": 8, "S": 8}, {"CO": 8, "O": 8}, CARRY_TYPE='"DUAL_CY4"')
    kit.add("FDRE", {"C": "ap_clk", "CE": 1, "D": 1, "R": 1}, {"Q": 1}, INIT="1'h1")
    kit.add("FDSE", {"C": "ap_clk", "CE": 1, "D": 1, "S": 1}, {"Q": 1}, INIT="1'h0")
    address: dict[str, int | str] = {f"A{place}": 1 for place in range(4)}
    kit.add("SRL16E", {**address, "CE": ON, "CLK": "ap_clk", "D": 1}, {"Q": 1}, INIT="16'h0000")
    for kind, bits, width in (("RAM32M16", 5, 2), ("RAM64M8", 6, 1)):
        inputs = {"WCLK": "ap_clk", "WE": 1}
        inputs |= {f"ADDR{letter}": bits for letter in "ABCDEFGH"} | {f"DI{letter}": width for letter in "ABCDEFGH"}
        contents = {f"INIT_{letter}": hexadecimal(kit.draw, 64) for letter in "ABCDEFGH"}
        kit.add(kind, inputs, {f"DO{letter}": width for letter in "ABCDEFGH"}, **contents)


def block_rams(kit: Kit) -> None:
    """Each port alone and both together, words of a bit to 72 bits, with and without registers at the outputs."""
    for kind, port in (("RAMB36E2", 4), ("RAMB18E2", 2)):
        half, wide = 9 * port, 18 * port
        uses = [
            (wide, 0, 0, wide), (half, half, half, half), (half // 2, half // 2, half, half), (9, 9, 9, 9),
            (4, 0, 0, 9), (2, 1, 9, 0), (half, 0, half, 0),
        ]  # fmt: skip
        for number, (read_a, read_b, write_a, write_b) in enumerate(uses):
            keys = {
                "READ_WIDTH_A": read_a, "READ_WIDTH_B": read_b, "WRITE_WIDTH_A": write_a, "WRITE_WIDTH_B": write_b,
                "DOA_REG": number % 2, "DOB_REG": number // 2 % 2,
            }  # fmt: skip
            address = 13 if port == 2 else 14
            inputs: dict[str, int | str] = {
                "CLKARDCLK": "ap_clk", "CLKBWRCLK": "ap_clk", "ENARDEN": ON, "ENBWREN": ON, "REGCEAREGCE": ON,
                "REGCEB": ON, "RSTRAMARSTRAM": "1'b0", "RSTRAMB": "1'b0", "RSTREGARSTREG": "1'b0", "RSTREGB": "1'b0",
                "SLEEP": "1'b0", "ADDRARDADDR": address + 1, "ADDRBWRADDR": address + 1, "DINADIN": 8 * port,
                "DINBDIN": 8 * port, "DINPADINP": port, "DINPBDINP": port, "WEA": port, "WEBWE": 2 * port,
            }  # fmt: skip
            shown = {"A": min(read_a, half), "B": half if read_a == wide else read_b}
            for side, pins in (("A", ("DOUTADOUT", "DOUTPADOUTP")), ("B", ("DOUTBDOUT", "DOUTPBDOUTP"))):
                bytes_ = shown[side] // 9
                for pin, bits, looked_at in zip(
                    pins, (8 * port, port), (8 * bytes_ or shown[side], bytes_), strict=True
                ):
                    inputs[pin] = kit.part(bits, looked_at)
            sized = {key: f"32'h{value:08X}" for key, value in keys.items()}
            contents = {f"INIT_{place:02X}": hexadecimal(kit.draw, 256) for place in range(32 * port)}
            contents |= {f"INITP_{place:02X}": hexadecimal(kit.draw, 256) for place in range(4 * port)}
            kit.add(kind, inputs, {}, **sized, **contents)


def multipliers(kit: Kit) -> None:
    """Registers at A and B (0 to 2), at C, at D and its sum with A, at the product and at the sum.

    The sum with nothing, a cascade, itself, and C, by Z and by W.
    """
    for number, (a, b, c, d, m, p, z, w) in enumerate([
        (0, 0, 0, None, 0, 0, 0, 0), (1, 1, 1, None, 1, 1, 3, 0), (2, 2, 0, None, 1, 1, 1, 0),
        (2, 1, 0, (0, 0), 0, 1, 2, 0), (1, 2, 0, (1, 1), 1, 1, 2, 3), (0, 1, 0, (1, 0), 1, 0, 3, 0),
        (1, 0, 1, (0, 1), 0, 1, 1, 3), (2, 2, 0, None, 0, 0, 1, 3),
        (0, 0, 0, (0, 0), 0, 0, 1, 0), (1, 2, 0, (1, 1), 0, 1, 1, 1), (0, 0, 0, (0, 1), 0, 0, 3, 0),
    ]):  # fmt: skip
        enables = ("CEA1", "CEA2", "CEB1", "CEB2", "CEC", "CED", "CEAD", "CEM", "CEP")
        inputs: dict[str, int | str] = {
            "CLK": "ap_clk", "A": 30, "B": 18, "C": 48, "D": 27, "OPMODE": opmode(z, w), "ALUMODE": zeros(4),
            "INMODE": f"{{1'b0, 1'b0, {kit.given(1)[1:-1]}, 1'b0, 1'b0}}", "CARRYIN": "1'b0", "CARRYINSEL": zeros(3),
            "PCIN": f"cascade{number}" if number else 48, **dict.fromkeys(enables, ON),
            **dict.fromkeys(("RSTM", "RSTA", "RSTB", "RSTC", "RSTD"), 1), "RSTP": "off", "RSTCTRL": "1'b0",
            "RSTINMODE": "1'b0",
        }  # fmt: skip
        kit.lines.append(f"  wire [47:0] cascade{number + 1};")
        inputs["PCOUT"] = f"cascade{number + 1}"
        registers = {"AREG": a, "BREG": b, "CREG": c, "MREG": m, "PREG": p, "OPMODEREG": 0, "INMODEREG": 0}
        registers |= {"DREG": d[0], "ADREG": d[1]} if d else {}
        keys = {key: f"32'h{value:08X}" for key, value in registers.items()}
        kit.add("DSP48E2", inputs, {"P": 48}, **keys, AMULTSEL='"AD"' if d else '"A"')


def zeros(bits: int) -> str:
    """So many bits of 0, each written out, as netlists do."""
    return "{" + ", ".join(["1'b0"] * bits) + "}"


def opmode(z: int, w: int) -> str:
    """Nine bits: the product, and `z` and `w` with it."""
    bits = (f"1'b{bit}" for bit in f"{w:02b}{z:03b}0101")
    return f"{{{', '.join(bits)}}}"


KITS = {"slice": slice_cells, "block RAM": block_rams, "DSP": multipliers}


@pytest.mark.parametrize("name", KITS)
def test_cells_equal_their_models(
    side_by_side: Any, netlist_models: tuple[Path, ...], tmp_path: Path, name: str
) -> None:
    kit = Kit(seed=18)
    KITS[name](kit)
    text = kit.text()
    (tmp_path / "kit.v").write_text(text)
    (tmp_path / "bench").mkdir()
    program = side_by_side.compile(tmp_path / "bench", "kit", [tmp_path / "kit.v", *netlist_models], text, "kit")
    assert re.fullmatch(r"\d+ cycles", program.run(tmp_path / "kit.v", "kit", beats=3000, stall=0))
    # The comparison itself: one bit of one parameter, or one net, is another.
    changed = re.sub(r"(INIT\(64'h|INIT_5A\(256'h|\.AREG\(32'h0000000)(.)", flipped, text)
    assert changed != text
    (tmp_path / "other.v").write_text(changed)
    assert "the netlist differs at out_TDATA" in program.run(tmp_path / "other.v", "kit", beats=3000, stall=0)


def flipped(found: re.Match[str]) -> str:
    return f"{found[1]}{int(found[2], 16) ^ 1:X}"
