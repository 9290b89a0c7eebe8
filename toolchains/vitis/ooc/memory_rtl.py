"""An empty parameter memory as SystemVerilog of explicit primitives; `memory_contents.py` makes its contents.

There is one module for each width and depth, synthesised once. Its instances get their contents in the kernel's
netlist, by INIT properties of the primitives, so new weights need no synthesis. Beat by beat it behaves like
`parameter_memory/memory.sv`, and it uses the same block RAMs. Memories of up to 64 beats use one look-up table per bit:
engineering changes set its INIT as well (AMD UG904), and it needs no LUT that can be memory.
"""

from __future__ import annotations

from collections.abc import Iterator

from blocks.parameter_memory.plan import LUTRAM_DEPTH, MemoryPlan

SOURCE = "parameter_memory/memory.sv"
"""The source of the block RAMs, relative both to `blocks/` and to the step's folder."""

_SCATTER = 0x9E3779B97F4A7C15
"""2**64 divided by the golden ratio. Its multiples look random, so every table depends on all its inputs."""

_HEAD = """\
// Sends {depth} beats of {width} bits over and over; their values are set in the netlist.
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
    // A waiting beat stalls the whole pipeline.
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
    """Render the SystemVerilog of a memory. TDATA is padded to whole bytes."""
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
        # A block RAM has two registers: one after the read and one at its output.
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
    yield "    // Placeholders, all different: a tool could merge or remove tables that are constant or equal."
    for bit in range(plan.width_bits):
        init = placeholder(bit, 2**inputs)
        yield f'    (* DONT_TOUCH = "yes" *) {primitive} #(.INIT({init})) bit{bit} (.O(word[{bit}]), {pins});'


def placeholder(bit: int, size: int) -> str:
    """The placeholder for the table of a bit: `size` bits, different for every bit."""
    # Odd multiples of an odd number differ modulo 2**size for up to 2**(size - 1) bits.
    return f"{size}'h{_SCATTER * (2 * bit + 1) % 2**size:0{size // 4}X}"


def is_block(plan: MemoryPlan) -> bool:
    """Whether a memory is block RAM; otherwise it is look-up tables."""
    return plan.depth > LUTRAM_DEPTH


def table(plan: MemoryPlan) -> tuple[str, int]:
    """The primitive that holds one bit of all beats, and its number of inputs."""
    return ("LUT5", 5) if plan.depth <= 2**5 else ("LUT6", 6)
