"""The SystemVerilog module of a parameter memory: one per width and depth, around `memory.sv`."""

from __future__ import annotations

from blocks.parameter_memory.plan import MemoryPlan

FILE = "parameter_memory/memory.sv"


def render(plan: MemoryPlan) -> str:
    """The text of a memory's module. Its ports are `ap_clk`, `ap_rst_n`, `out_TDATA`, `out_TVALID`, `out_TREADY`."""
    last = plan.last
    parameters = {
        "WIDTH": plan.width_bits,
        "DEPTH": plan.depth,
        "COLUMNS": plan.columns,
        "BITS": plan.shape.bits,
        "READ_WIDTH": plan.shape.read_width,
        "LAST_BITS": last.bits if last else 0,
        "LAST_READ_WIDTH": last.read_width if last else 0,
    }
    given = ", ".join(f".{name}({value})" for name, value in parameters.items())
    width_bits = -(-plan.width_bits // 8) * 8
    spare = width_bits - plan.width_bits
    data = f"{{{spare}'b0, data}}" if spare else "data"
    return f"""\
// {plan.depth} beats of {plan.width_bits} bits.
`default_nettype none

module {plan.module} (
    input  wire ap_clk,
    input  wire ap_rst_n,
    output wire [{width_bits - 1}:0] out_TDATA,
    output wire out_TVALID,
    input  wire out_TREADY
);
    logic rst;
    always_ff @(posedge ap_clk) rst <= !ap_rst_n;
    wire [{plan.width_bits - 1}:0] data;
    assign out_TDATA = {data};
    farm_memory #({given}) beats (
        .clk(ap_clk), .rst(rst), .out0_data(data), .out0_valid(out_TVALID), .out0_ready(out_TREADY)
    );
endmodule

`default_nettype wire
"""
