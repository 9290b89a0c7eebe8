// Beats of LANES_IN elements to beats of LANES_OUT. If neither is a multiple of the other, it goes through beats of
// their least common multiple. INPUT_HELD: when a beat is split, the input can hold it until its last part is taken.
`default_nettype none

module farm_width_converter #(
    parameter int LANES_IN = 1,
    parameter int LANES_OUT = 1,
    parameter int BITS = 1,
    parameter int COMMON = 1,  // the least common multiple of both
    parameter bit INPUT_HELD = 0
) (
    input  wire                       clk,
    input  wire                       rst,
    input  wire  [LANES_IN*BITS-1:0]  in0_data,
    input  wire                       in0_valid,
    output logic                      in0_ready,
    output logic [LANES_OUT*BITS-1:0] out0_data,
    output logic                      out0_valid,
    input  wire                       out0_ready
);
    logic [COMMON*BITS-1:0] data;
    logic valid, ready;

    farm_widen #(.WIDTH(LANES_IN * BITS), .RATIO(COMMON / LANES_IN)) widen (
        .clk, .rst, .in0_data, .in0_valid, .in0_ready, .out0_data(data), .out0_valid(valid), .out0_ready(ready)
    );
    farm_narrow #(.WIDTH(LANES_OUT * BITS), .RATIO(COMMON / LANES_OUT), .INPUT_HELD(INPUT_HELD)) narrow (
        .clk, .rst, .in0_data(data), .in0_valid(valid), .in0_ready(ready), .out0_data, .out0_valid, .out0_ready
    );
endmodule

// RATIO beats become one, the first in the lowest bits.
module farm_widen #(
    parameter int WIDTH = 8,
    parameter int RATIO = 2
) (
    input  wire                    clk,
    input  wire                    rst,
    input  wire  [WIDTH-1:0]       in0_data,
    input  wire                    in0_valid,
    output logic                   in0_ready,
    output logic [WIDTH*RATIO-1:0] out0_data,
    output logic                   out0_valid,
    input  wire                    out0_ready
);
    if (RATIO == 1) begin : pass
        assign out0_data = in0_data;
        assign out0_valid = in0_valid;
        assign in0_ready = out0_ready;
    end else begin : gather
        localparam int BITS = $clog2(RATIO + 1);
        // The last beat goes straight to the output register, so gathering never pauses.
        logic [WIDTH*(RATIO-1)-1:0] gathered;
        logic [BITS-1:0] count;
        logic last;  // count is RATIO - 1; a register, because it is in the path to ready
        wire free = !out0_valid || out0_ready;

        assign in0_ready = !last || free;
        wire take = in0_valid && in0_ready;

        always_ff @(posedge clk) begin
            if (rst) begin
                count <= '0;
                last <= 1'b0;
                out0_valid <= 1'b0;
            end else begin
                if (take) begin
                    count <= last ? '0 : count + 1'b1;
                    last <= count == BITS'(RATIO - 2) && !last;
                end
                out0_valid <= (take && last) || (out0_valid && !out0_ready);
            end
        end

        always_ff @(posedge clk) begin
            if (take) gathered <= (WIDTH * (RATIO - 1))'({in0_data, gathered} >> WIDTH);
            if (take && last) out0_data <= {in0_data, gathered};
        end
    end
endmodule

// One beat becomes RATIO beats, the lowest bits first. A multiplexer picks the parts, which takes fewer LUTs than shifting
// them out: a shift register has a multiplexer for each bit of the beat. With INPUT_HELD it picks them at the input, and
// the beat is taken with its last part. Otherwise a copy of the beat is kept.
module farm_narrow #(
    parameter int WIDTH = 8,
    parameter int RATIO = 2,
    parameter bit INPUT_HELD = 0
) (
    input  wire                    clk,
    input  wire                    rst,
    input  wire  [WIDTH*RATIO-1:0] in0_data,
    input  wire                    in0_valid,
    output logic                   in0_ready,
    output logic [WIDTH-1:0]       out0_data,
    output logic                   out0_valid,
    input  wire                    out0_ready
);
    if (RATIO == 1) begin : pass
        assign out0_data = in0_data;
        assign out0_valid = in0_valid;
        assign in0_ready = out0_ready;
    end else begin : choose
        localparam int BITS = $clog2(RATIO);
        // Yosys elaborates a module in a time that grows with the square of its multiplexers' inputs. In one module the
        // 768 of 32 inputs behind the stem of resnet50 took it more than ten minutes.
        localparam int SLICE = 24;
        logic [WIDTH*RATIO-1:0] beat;
        logic beat_valid;
        logic [BITS-1:0] part;
        logic last;  // part is RATIO - 1; a register, because it is in the path to ready
        wire free = !out0_valid || out0_ready;
        wire step = beat_valid && free;

        if (INPUT_HELD) begin : held
            assign beat = in0_data;
            assign beat_valid = in0_valid;
            assign in0_ready = last && free;
        end else begin : copied
            assign in0_ready = !beat_valid || (last && free);
            always_ff @(posedge clk) begin
                if (rst) beat_valid <= 1'b0;
                else if (in0_ready) beat_valid <= in0_valid;
            end
            always_ff @(posedge clk) if (in0_ready) beat <= in0_data;
        end

        always_ff @(posedge clk) begin
            if (rst) begin
                part <= '0;
                last <= 1'b0;
                out0_valid <= 1'b0;
            end else begin
                if (step) begin
                    part <= last ? '0 : part + 1'b1;
                    last <= part == BITS'(RATIO - 2) && !last;
                end
                out0_valid <= step || (out0_valid && !out0_ready);
            end
        end

        logic [WIDTH-1:0] chosen;
        for (genvar at = 0; at < WIDTH; at += SLICE) begin : slices
            localparam int BITS_HERE = WIDTH - at < SLICE ? WIDTH - at : SLICE;
            wire [BITS_HERE*RATIO-1:0] choices;
            for (genvar p = 0; p < RATIO; p++) begin : parts
                assign choices[p*BITS_HERE+:BITS_HERE] = beat[p*WIDTH+at+:BITS_HERE];
            end
            farm_pick #(.WIDTH(BITS_HERE), .COUNT(RATIO)) pick (
                .in(choices), .index(part), .out(chosen[at+:BITS_HERE])
            );
        end
        always_ff @(posedge clk) if (free) out0_data <= chosen;
    end
endmodule

// One of COUNT words, by a multiplexer for each bit. Halving the choice bit by bit of the index elaborates as fast, but 96
// bits of 32 words then take 1,637 estimated LCs and not 1,157.
module farm_pick #(
    parameter int WIDTH = 8,
    parameter int COUNT = 2
) (
    input  wire  [WIDTH*COUNT-1:0]    in,
    input  wire  [$clog2(COUNT)-1:0]  index,
    output logic [WIDTH-1:0]          out
);
    for (genvar bit_at = 0; bit_at < WIDTH; bit_at++) begin : bits
        wire [COUNT-1:0] choices;
        for (genvar c = 0; c < COUNT; c++) begin : words
            assign choices[c] = in[c*WIDTH+bit_at];
        end
        assign out[bit_at] = choices[index];
    end
endmodule

`default_nettype wire
