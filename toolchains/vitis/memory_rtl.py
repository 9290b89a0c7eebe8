"""A parameter memory with its contents, as plain Verilog and a `$readmemh` file: the source of one small IP.

It behaves as `parameter_memory/memory.sv` does, beat by beat, with the same ports. Vivado infers the memory and reads
its contents at synthesis, which is a matter of seconds; the cores, which hold no values, stay as they are.
"""

from __future__ import annotations

from blocks.memories import beat_bytes
from blocks.parameter_memory.contents import ContentsError
from blocks.parameter_memory.plan import LUTRAM_DEPTH

_MODULE = """\
// {depth} beats of {width} bits, over and over.
`default_nettype none

module {name} (
    input  wire ap_clk,
    input  wire ap_rst_n,
    output wire [{top}:0] out_TDATA,
    output wire out_TVALID,
    input  wire out_TREADY
);
    (* rom_style = "{style}" *) reg [{last_bit}:0] words [0:{last}];
    initial $readmemh("{name}.mem", words);

    reg rst;
    reg [{count_top}:0] count;
    reg [{last_bit}:0] word, data;
    reg read, valid;
    // A beat that waits stops both stages.
    wire go = !valid || out_TREADY;

    always @(posedge ap_clk) begin
        rst <= !ap_rst_n;
        if (rst) begin
            count <= 0;
            read <= 1'b0;
            valid <= 1'b0;
        end else if (go) begin
            count <= count == {last} ? 0 : count + 1'b1;
            read <= 1'b1;
            valid <= read;
        end
    end
    always @(posedge ap_clk) begin
        if (go) begin
            word <= words[count];
            data <= word;
        end
    end
    assign out_TDATA = {data};
    assign out_TVALID = valid;
endmodule

`default_nettype wire
"""


def memory_module(name: str, width_bits: int, depth: int) -> str:
    """The Verilog of a memory of `depth` beats of `width_bits` bits; its TDATA is whole bytes."""
    spare = beat_bytes(width_bits) * 8 - width_bits
    return _MODULE.format(
        name=name,
        width=width_bits,
        depth=depth,
        top=width_bits + spare - 1,
        last_bit=width_bits - 1,
        last=depth - 1,
        count_top=max(1, (depth - 1).bit_length()) - 1,
        style="block" if depth > LUTRAM_DEPTH else "distributed",
        data=f"{{{spare}'b0, data}}" if spare else "data",
    )


def memory_contents(image: bytes, width_bits: int, depth: int, name: str) -> str:
    """An image (`blocks/memories.py`) as the text of `$readmemh`: a beat a line, hexadecimal, highest digit first.

    Raises:
        ContentsError: an image of another size.
    """
    size = beat_bytes(width_bits)
    if len(image) != size * depth:
        what = f"the image has {len(image)} bytes, but {depth} beats of {width_bits} bits take {size * depth}"
        raise ContentsError(f"{name}: {what}; make it again: doit weights")
    digits = -(-width_bits // 4)
    beats = (int.from_bytes(image[at : at + size], "little") for at in range(0, len(image), size))
    return "".join(f"{beat:0{digits}x}\n" for beat in beats)
