"""A parameter memory without contents, as SystemVerilog of explicit primitives; `memory_contents.py` has what fills it.

There is one module for each width and depth, synthesised once; its instances get their contents in the netlist of the
kernel, by the INIT properties of these primitives, so that new weights need no synthesis. It behaves as
`parameter_memory/memory.sv` does, beat by beat, whose block RAMs it takes. Memories up to 64 beats are a look-up table
for each bit: their INIT is what an engineering change sets too (AMD UG904), and they need no LUTs of the memory kind.
"""

from __future__ import annotations

from collections.abc import Iterator

from blocks.parameter_memory.plan import LUTRAM_DEPTH, MemoryPlan

SOURCE = "parameter_memory/memory.sv"
"""Where the block RAMs are, relative to `blocks/` and in the step's folder alike."""

_SCATTER = 0x9E3779B97F4A7C15
"""2**64 divided by the golden ratio: its multiples look like noise, so that no table is a function of fewer inputs."""

_HEAD = """\
// {depth} beats of {width} bits, over and over; what they are is set in the netlist.
`default_nettype none

module {name} (
    input  wire ap_clk,
    input  wire ap_rst_n,
    output wire [{top}:0] out_TDATA,
    output wire out_TVALID,
    input  wire out_TREADY
);
    logic rst, read, valid;
    logic [{count_top}:0] count;
    // A beat that waits stops the whole pipeline.
    wire go = !valid || out_TREADY;
    always_ff @(posedge ap_clk) begin
        rst <= !ap_rst_n;
        if (rst) begin
            count <= '0;
            read <= 1'b0;
            valid <= 1'b0;
        end else if (go) begin
            count <= count == {last} ? '0 : count + 1'b1;
            read <= 1'b1;
            valid <= {valid};
        end
    end
    wire [14:0] address = 15'(count);
    wire [{all_top}:0] data;
    assign out_TDATA = {data};
    assign out_TVALID = valid;
"""


def memory_module(plan: MemoryPlan) -> str:
    """The SystemVerilog of a memory; its TDATA is whole bytes."""
    return "\n".join(_module(plan)) + "\n"


def _module(plan: MemoryPlan) -> Iterator[str]:
    width, width_bits = plan.width_bits, -(-plan.width_bits // 8) * 8
    whole = sum(shape.bits for shape in plan.shapes) if is_block(plan) else width
    data = f"data[{width - 1}:0]"
    yield _HEAD.format(
        name=plan.module,
        width=width,
        depth=plan.depth,
        top=width_bits - 1,
        all_top=whole - 1,
        last=plan.depth - 1,
        count_top=max(1, (plan.depth - 1).bit_length()) - 1,
        # A block RAM has a register for what is read and another one for what leaves.
        valid="read" if is_block(plan) else "1'b1",
        data=f"{{{width_bits - width}'b0, {data}}}" if width_bits > width else data,
    )
    yield from _columns(plan) if is_block(plan) else _tables(plan)
    yield "endmodule"
    yield ""
    yield "`default_nettype wire"


def _columns(plan: MemoryPlan) -> Iterator[str]:
    low = 0
    for index, shape in enumerate(plan.shapes):
        kind = "farm_block_ram36" if shape.primitive == "RAMB36E2" else "farm_block_ram18"
        yield (
            f"    {kind} #(.BITS({shape.bits}), .READ_WIDTH({shape.read_width})) column{index} "
            f"(.clk(ap_clk), .go(go), .address(address), .data(data[{low + shape.bits - 1}:{low}]));"
        )
        low += shape.bits


def _tables(plan: MemoryPlan) -> Iterator[str]:
    primitive, inputs = table(plan)
    pins = ", ".join(f".I{pin}(address[{pin}])" for pin in range(inputs))
    yield f"    wire [{plan.width_bits - 1}:0] word;"
    yield f"    logic [{plan.width_bits - 1}:0] held;"
    yield "    always_ff @(posedge ap_clk) if (go) held <= word;"
    yield "    assign data = held;"
    yield "    // Not what they will hold: with constants or equal tables a tool could leave them without a load."
    for bit in range(plan.width_bits):
        init = placeholder(bit, 2**inputs)
        yield f'    (* DONT_TOUCH = "yes" *) {primitive} #(.INIT({init})) bit{bit} (.O(word[{bit}]), {pins});'


def placeholder(bit: int, size: int) -> str:
    """What the table of a bit holds until it is filled: `size` bits that no other bit's table has."""
    # An odd multiple of an odd number: different for each bit as long as there are fewer than 2**(size - 1).
    return f"{size}'h{_SCATTER * (2 * bit + 1) % 2**size:0{size // 4}X}"


def is_block(plan: MemoryPlan) -> bool:
    """Whether a memory is block RAM; else it is look-up tables."""
    return plan.depth > LUTRAM_DEPTH


def table(plan: MemoryPlan) -> tuple[str, int]:
    """The look-up table of one bit, and its inputs."""
    return ("LUT5", 5) if plan.depth <= 2**5 else ("LUT6", 6)
