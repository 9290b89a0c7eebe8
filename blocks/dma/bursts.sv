// The bursts of one call: WORDS words for each of `images` images. Images follow each other from `base`; with REPEAT
// each one starts at `base`. A burst never continues past an address that is a multiple of BURST words, and BURST words
// are at most 4 KiB. So no burst crosses a 4 KiB boundary, which AXI forbids.
`default_nettype none

module farm_dma_bursts #(
    parameter int BYTES = 64,
    parameter int WORDS = 1,
    parameter int BURST = 64,
    parameter int REPEAT = 0
) (
    input  wire         clk,
    input  wire         rst,
    input  wire         start,
    input  wire  [63:0] base,
    input  wire  [31:0] images,
    output logic        busy,
    output wire  [63:0] address,
    // 1..BURST. Two bursts are at least three cycles apart.
    output logic [$clog2(BURST):0] words,
    output logic        valid,
    input  wire         ready
);
    localparam int SHIFT = $clog2(BYTES);
    localparam int PLACE_BITS = $clog2(BURST);
    localparam int WORDS_BITS = $clog2(WORDS + 1);
    localparam int LEFT_BITS = WORDS_BITS > PLACE_BITS + 1 ? WORDS_BITS : PLACE_BITS + 1;

    // Long counters are split into pieces of 16 bits, and a carry takes a cycle from one to the next. This bounds the
    // carry chains.
    logic [63:0] block;            // address in blocks of BURST words
    logic [PLACE_BITS-1:0] place;  // word within the block
    logic [3:0] carry;
    logic [31:0] images_left;
    logic low_none, high_none;
    logic [LEFT_BITS-1:0] left;    // words of this image that are not offered yet
    logic flags, image, size, settle;  // states: at most one of these and `valid` is high

    wire [63:0] first = base >> SHIFT;
    wire [63+PLACE_BITS:0] place_in_memory = {block, place};
    assign address = 64'(place_in_memory[63-SHIFT:0]) << SHIFT;

    wire [PLACE_BITS:0] room = (PLACE_BITS + 1)'(BURST) - (PLACE_BITS + 1)'(place);
    wire ends_block = left >= LEFT_BITS'(room);
    logic ended_block;

    wire settled = settle && carry == 0;
    wire none = low_none && high_none;
    wire none_left = left == 0;
    wire next_image = image && !none;
    wire offered = valid && ready;

    always_ff @(posedge clk) begin
        if (rst) begin
            busy <= 1'b0;
            flags <= 1'b0;
            image <= 1'b0;
            size <= 1'b0;
            valid <= 1'b0;
            settle <= 1'b0;
        end else begin
            busy <= start || (busy && !(image && none));
            flags <= start;
            image <= flags || (settled && none_left);
            size <= next_image || (settled && !none_left);
            valid <= size || (valid && !ready);
            settle <= offered || (settle && !settled);
        end
    end

    always_ff @(posedge clk) begin
        low_none <= images_left[15:0] == 0;
        high_none <= images_left[31:16] == 0;
        if (start) images_left <= images;
        else if (next_image) begin
            images_left[15:0] <= images_left[15:0] - 1'b1;
            if (low_none) images_left[31:16] <= images_left[31:16] - 1'b1;
        end
        if (size) begin
            words <= ends_block ? room : (PLACE_BITS + 1)'(left);
            ended_block <= ends_block;
        end
        if (next_image) left <= LEFT_BITS'(WORDS);
        else if (offered) left <= left - LEFT_BITS'(words);
    end

    wire load;
    wire [63:0] from;
    generate
        if (REPEAT != 0) begin : origin
            logic [63:0] kept;
            always_ff @(posedge clk) if (start) kept <= first;
            assign load = next_image;
            assign from = kept;
        end else begin : onward
            assign load = start;
            assign from = first;
        end
    endgenerate

    integer piece;
    always_ff @(posedge clk) begin
        carry[0] <= offered && ended_block && !rst;
        for (piece = 1; piece < 4; piece = piece + 1)
            carry[piece] <= carry[piece-1] && (&block[16*(piece-1) +: 16]) && !rst;
        if (load) begin
            block <= from >> PLACE_BITS;
            place <= from[PLACE_BITS-1:0];
        end else begin
            // After a burst that ends the block, `place` is 0.
            if (offered) place <= place + words[PLACE_BITS-1:0];
            for (piece = 0; piece < 4; piece = piece + 1)
                if (carry[piece]) block[16*piece +: 16] <= block[16*piece +: 16] + 1'b1;
        end
    end

    // Bits above an address and below a word.
    wire unused = &{1'b0, place_in_memory[63+PLACE_BITS:64-SHIFT], base};
endmodule

`default_nettype wire
