// The sum of one row as it was before the compressors: bit planes counted in two stages, without explicit primitives.
// For comparison; ports and latency are those of farm_mvau_sum.
`default_nettype none

module counted_sum #(
    parameter int SIMD = 1,
    parameter int INPUT_BITS = 2,
    parameter int SUM_BITS = 8
) (
    input  wire                        clk,
    input  wire                        rst,
    input  wire  [INPUT_BITS*SIMD-1:0] a,  // bit planes
    input  wire  [SIMD-1:0]            w,
    input  wire                        add,
    input  wire                        last,
    output logic [SUM_BITS-1:0]        total
);
    localparam int GROUP = 12;
    localparam int GROUPS = (SIMD + GROUP - 1) / GROUP;
    localparam int COUNT_BITS = $clog2((SIMD < GROUP ? SIMD : GROUP) + 1);
    localparam int BEAT_BITS = $clog2(SIMD * ((1 << INPUT_BITS) - 1) + 1);

    logic [INPUT_BITS*GROUPS*COUNT_BITS-1:0] counts;
    for (genvar plane = 0; plane < INPUT_BITS; plane++) begin : planes
        for (genvar group = 0; group < GROUPS; group++) begin : groups
            localparam int WIDTH = SIMD - group * GROUP < GROUP ? SIMD - group * GROUP : GROUP;
            always_ff @(posedge clk)
                counts[(plane*GROUPS+group)*COUNT_BITS+:COUNT_BITS] <=
                    COUNT_BITS'($countones(a[plane*SIMD+group*GROUP+:WIDTH] & w[group*GROUP+:WIDTH]));
        end
    end

    logic [BEAT_BITS-1:0] beat, beat_sum;
    always_comb begin
        beat_sum = '0;
        for (int plane = 0; plane < INPUT_BITS; plane++)
            for (int group = 0; group < GROUPS; group++)
                beat_sum = beat_sum + (BEAT_BITS'(counts[(plane*GROUPS+group)*COUNT_BITS+:COUNT_BITS]) << plane);
    end

    logic [SUM_BITS-1:0] accumulator;
    wire [SUM_BITS-1:0] next = accumulator + SUM_BITS'(beat);
    always_ff @(posedge clk) begin
        beat <= beat_sum;
        if (rst || (add && last)) accumulator <= '0;
        else if (add) accumulator <= next;
        if (add && last) total <= next;
    end
endmodule

`default_nettype wire
