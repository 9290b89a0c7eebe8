"""A memory's SystemVerilog, with its primitives filled by INIT as the script fills them: the image, over and over."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path

import needs
import pytest

from blocks.parameter_memory.contents import ContentsError
from blocks.parameter_memory.plan import plan_memory
from toolchains.vitis.ooc.memory_rtl import SOURCE, memory_module
from toolchains.vitis.stitch.memory_contents import contents_of

pytestmark = pytest.mark.slow

BLOCKS = Path(__file__).resolve().parents[4] / "blocks"
#: One beat of one bit; LUT5 and LUT6, with spare bits; block RAM of 72 bits with half a one; deep and narrow.
SHAPES = ((1, 1), (9, 5), (33, 32), (17, 64), (100, 70), (20, 600), (5, 5000))

# Look-up tables as UG974 has them, and block RAMs that only read, with a register for the word and one for the output:
# INIT bits are in the order of the address, parity bits apart (UG573).
LUT = """
module LUT{n} #(parameter [{top}:0] INIT = 0) (output O, input {pins});
    assign O = INIT[{{{bits}}}];
endmodule
"""
RAM = """
module {name} #(
    parameter READ_WIDTH_A = 0, parameter READ_WIDTH_B = 0, parameter DOA_REG = 0, parameter DOB_REG = 0,
    parameter CLOCK_DOMAINS = "", parameter WRITE_MODE_A = "", parameter WRITE_MODE_B = "",
    {inits}
) (
    input CLKARDCLK, CLKBWRCLK, ENARDEN, ENBWREN, REGCEAREGCE, REGCEB,
    input [{address}:0] ADDRARDADDR, ADDRBWRADDR,
    output reg [{out}:0] DOUTADOUT, DOUTBDOUT, output reg [{parity}:0] DOUTPADOUTP, DOUTPBDOUTP,
    {unused}
);
    wire [{bits}:0] data = {{{all_inits}}};
    wire [{pbits}:0] ties = {{{all_parities}}};
    reg [{out}:0] a, b;
    reg [{parity}:0] pa, pb;
    always @(posedge CLKARDCLK) begin
        if (ENARDEN) begin
            a <= data >> (ADDRARDADDR >> skip(READ_WIDTH_A)) * plain(READ_WIDTH_A);
            pa <= ties >> (ADDRARDADDR >> skip(READ_WIDTH_A)) * (READ_WIDTH_A / 9);
        end
        if (REGCEAREGCE) begin DOUTADOUT <= a; DOUTPADOUTP <= pa; end
        if (ENBWREN) begin
            b <= data >> (ADDRBWRADDR >> skip(READ_WIDTH_B)) * plain(READ_WIDTH_B);
            pb <= ties >> (ADDRBWRADDR >> skip(READ_WIDTH_B)) * (READ_WIDTH_B / 9);
        end
        if (REGCEB) begin DOUTBDOUT <= b; DOUTPBDOUTP <= pb; end
    end
    function integer skip(input integer width);
        skip = width >= 36 ? 5 : width >= 18 ? 4 : width >= 9 ? 3 : width >= 4 ? 2 : width >= 2 ? 1 : 0;
    endfunction
    function integer plain(input integer width);
        plain = width >= 36 ? 32 : width >= 18 ? 16 : width >= 9 ? 8 : width >= 4 ? 4 : width >= 2 ? 2 : 1;
    endfunction
endmodule
"""
BENCH = """
module bench;
    reg clk = 0, rst_n = 0, ready = 0;
    wire [{top}:0] data; wire valid;
    {module} dut (.ap_clk(clk), .ap_rst_n(rst_n), .out_TDATA(data), .out_TVALID(valid), .out_TREADY(ready));
{defparams}
    integer seed = 7, cycle, beats = 0;
    always #1 clk = ~clk;
    initial begin
        for (cycle = 0; beats < {beats}; cycle = cycle + 1) begin
            @(negedge clk);
            rst_n = cycle > 5;
            ready = cycle > 6 && $urandom(seed) % 4 != 0;
            #0.5;
            if (valid === 1 && ready) begin $display("%h", data); beats = beats + 1; end
        end
        $finish;
    end
endmodule
"""


def lut(inputs: int) -> str:
    pins = [f"I{pin}" for pin in range(inputs)]
    return LUT.format(n=inputs, top=2**inputs - 1, pins=", ".join(pins), bits=", ".join(reversed(pins)))


def block_ram(name: str, memory: str) -> str:
    """A model with the ports that the module of `memory.sv` connects."""
    half = name == "RAMB18E2"
    inits, parities, out = (64, 8, 16) if half else (128, 16, 32)
    named = re.search(rf"{name} #\(.*?\) memory \((.*?)\);\nendmodule", memory, re.S)
    assert named
    known = {"CLKARDCLK", "CLKBWRCLK", "ENARDEN", "ENBWREN", "REGCEAREGCE", "REGCEB", "ADDRARDADDR", "ADDRBWRADDR"}
    known |= {"DOUTADOUT", "DOUTBDOUT", "DOUTPADOUTP", "DOUTPBDOUTP"}
    others = [pin for pin in re.findall(r"\.(\w+)\(", named[1]) if pin not in known]
    words = [f"INIT_{at:02X}" for at in range(inits)] + [f"INITP_{at:02X}" for at in range(parities)]
    return RAM.format(
        name=name, address=13 if half else 14, out=out - 1, parity=out // 8 - 1, bits=256 * inits - 1,
        pbits=256 * parities - 1, inits=",\n    ".join(f"parameter [255:0] {word} = 0" for word in words),
        unused=", ".join(f"input [31:0] {pin}" for pin in others),
        all_inits=", ".join(reversed(words[:inits])), all_parities=", ".join(reversed(words[inits:])),
    )  # fmt: skip


def image_of(words: list[int], width_bits: int) -> bytes:
    return b"".join(word.to_bytes(-(-width_bits // 8), "little") for word in words)


@pytest.mark.parametrize(("width_bits", "depth"), SHAPES)
def test_the_beats_of_the_image_come_over_and_over(width_bits: int, depth: int, tmp_path: Path) -> None:
    needs.program("iverilog")
    draw = random.Random(3)
    words = [draw.getrandbits(width_bits) for _ in range(depth)]
    plan = plan_memory(width_bits, depth)
    memory = (BLOCKS / SOURCE).read_text()
    count = depth + 20 if depth > 100 else 2 * depth + 3
    found = contents_of(image_of(words, width_bits), width_bits, depth, "memory")
    sets = [
        f"    defparam dut.{cell.replace('/', '.')}.{key} = {value};"
        for cell, values in found.items()
        for key, value in values.items()
    ]
    top = -(-width_bits // 8) * 8 - 1
    bench = BENCH.format(top=top, module=plan.module, beats=count, defparams="\n".join(sets))
    models = [lut(5), lut(6), *(block_ram(name, memory) for name in ("RAMB36E2", "RAMB18E2"))]
    (tmp_path / "memory.sv").write_text(memory)
    (tmp_path / "top.sv").write_text(memory_module(plan))
    (tmp_path / "bench.v").write_text("\n".join([*models, bench]))
    command = ["iverilog", "-g2012", "-s", "bench", "-o", "run", "memory.sv", "top.sv", "bench.v"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    done = subprocess.run(["vvp", "run"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=100)
    beats = [int(line, 16) for line in done.stdout.split()[:count]]
    assert beats == (words * 6)[:count]


def test_an_image_of_another_size_is_refused() -> None:
    with pytest.raises(ContentsError, match=r"res2a\.conv1: the image has 7 bytes, but 4 beats of 9 bits take 8"):
        contents_of(bytes(7), 9, 4, "res2a.conv1")
