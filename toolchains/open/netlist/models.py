"""Models of a netlist's cells, for simulation: the `.v` files here, and block RAMs with the ports that Yosys has."""

from __future__ import annotations

import re

from toolchains.open.synthesis.yosys import share


def cell_models(cells: str) -> str:
    """The Verilog of all models; `cells` is the text of the `.v` files here.

    Raises:
        YosysError: Yosys is not installed.
    """
    return cells + _block_ram("RAMB36E2", 128, 16) + _block_ram("RAMB18E2", 64, 8)


def _block_ram(name: str, inits: int, parities: int) -> str:
    """A RAMB36E2 or RAMB18E2 around `block_memory`, with the ports and parameters that Yosys declares for it."""
    half = name == "RAMB18E2"
    data, address = (16, 14) if half else (32, 15)
    library = (share() / "xilinx" / "cells_xtra.v").read_text()
    declared = re.search(rf"module {name}\((.*?)\);(.*?)endmodule", library, re.S)
    assert declared, name  # noqa: S101  a release of Yosys without it is not allowed
    body = "\n".join(line for line in declared[2].splitlines() if "(*" not in line)
    bits = ", ".join(f"INIT_{i:02X}" for i in reversed(range(inits)))
    parity = ", ".join(f"INITP_{i:02X}" for i in reversed(range(parities)))
    spare = f"{15 - address}'b0, " if address < 15 else ""
    return f"""module {name}({declared[1]});{body}
    block_memory #(
        .BYTES({32 * inits}), .HALF({data}), .READ_A(READ_WIDTH_A), .READ_B(READ_WIDTH_B), .WRITE_A(WRITE_WIDTH_A),
        .WRITE_B(WRITE_WIDTH_B), .REGISTER_A(DOA_REG), .REGISTER_B(DOB_REG), .FILLED(INIT_00 !== 256'bx),
        .CONTENTS({{{bits}}}), .PARITY({{{parity}}})
    ) memory (
        .clk(CLKARDCLK), .en_a(ENARDEN), .en_b(ENBWREN), .regce_a(REGCEAREGCE), .regce_b(REGCEB),
        .reset(RSTRAMARSTRAM | RSTRAMB | RSTREGARSTREG | RSTREGB | SLEEP),
        .address_a({{{spare}ADDRARDADDR}}), .address_b({{{spare}ADDRBWRADDR}}),
        .in_a(DINADIN), .in_b(DINBDIN), .parity_in_a(DINPADINP), .parity_in_b(DINPBDINP), .we_a(WEA), .we_b(WEBWE),
        .out_a(DOUTADOUT), .out_b(DOUTBDOUT), .parity_out_a(DOUTPADOUTP), .parity_out_b(DOUTPBDOUTP)
    );
endmodule
"""
