// The matrix-vector unit for binary weights: products are bits, and a sum counts them.
`default_nettype none

// Binary weights, 1 for +1 and 0 for -1:  sum w * a = 2 * sum (w and a) - sum a.  The second sum is common to all PEs
// and computed like that of a PE with all weights 1.
module farm_mvau_binary #(
    parameter int SYNAPSE_FOLDS = 1,
    parameter int NEURON_FOLDS = 1,
    parameter int PE = 1,
    parameter int SIMD = 1,
    parameter int INPUT_BITS = 2,
    parameter int SUM_BITS = 8,          // unsigned: holds the sum of a column
    parameter int ACCUMULATOR_BITS = 9,  // two's complement
    parameter int MMV = 1
) (
    input  wire                            clk,
    input  wire                            rst,
    input  wire  [MMV*SIMD*INPUT_BITS-1:0] in0_data,
    input  wire                            in0_valid,
    output logic                           in0_ready,
    input  wire  [PE*SIMD-1:0]             in1_data,
    input  wire                            in1_valid,
    output logic                           in1_ready,
    output logic [MMV*PE*ACCUMULATOR_BITS-1:0] out0_data,
    output logic                           out0_valid,
    input  wire                            out0_ready
);
    localparam int STAGES = 2;            // of farm_mvau_binary_sum
    localparam int LATENCY = STAGES + 2;  // plus the accumulator and the difference
    localparam int OUT_WIDTH = MMV * PE * ACCUMULATOR_BITS;

    logic [MMV*SIMD*INPUT_BITS-1:0] column;
    logic [OUT_WIDTH-1:0] results;
    logic add, last, total_valid, done;
    always_ff @(posedge clk) done <= !rst && total_valid;

    farm_mvau_control #(
        .IN_WIDTH(MMV * SIMD * INPUT_BITS), .OUT_WIDTH(OUT_WIDTH), .SYNAPSE_FOLDS(SYNAPSE_FOLDS),
        .NEURON_FOLDS(NEURON_FOLDS), .STAGES(STAGES), .LATENCY(LATENCY)
    ) control (
        .clk, .rst, .in0_data, .in0_valid, .in0_ready, .in1_valid, .in1_ready, .column, .add, .last, .total_valid,
        .results, .done, .out0_data, .out0_valid, .out0_ready
    );

    for (genvar m = 0; m < MMV; m++) begin : pixels
        // Bit planes, shared by all PEs: plane b is bit b of every lane.
        logic [INPUT_BITS*SIMD-1:0] a;
        for (genvar plane = 0; plane < INPUT_BITS; plane++) begin : planes
            for (genvar lane = 0; lane < SIMD; lane++) begin : lanes
                assign a[plane*SIMD+lane] = column[(m*SIMD+lane)*INPUT_BITS+plane];
            end
        end
        logic [SUM_BITS-1:0] all;

        farm_mvau_binary_sum #(.SIMD(SIMD), .INPUT_BITS(INPUT_BITS), .SUM_BITS(SUM_BITS)) whole (
            .clk, .rst, .a, .w('1), .add, .last, .total(all)
        );
        for (genvar p = 0; p < PE; p++) begin : pes
            farm_mvau_binary_pe #(
                .SIMD(SIMD), .INPUT_BITS(INPUT_BITS), .SUM_BITS(SUM_BITS), .ACCUMULATOR_BITS(ACCUMULATOR_BITS)
            ) pe (
                .clk, .rst, .a, .w(in1_data[p*SIMD+:SIMD]), .add, .last,
                .total_valid, .all, .result(results[(m*PE+p)*ACCUMULATOR_BITS+:ACCUMULATOR_BITS])
            );
        end
    end
endmodule

(* keep_hierarchy = "yes" *)
module farm_mvau_binary_pe #(
    parameter int SIMD = 1,
    parameter int INPUT_BITS = 2,
    parameter int SUM_BITS = 8,
    parameter int ACCUMULATOR_BITS = 9
) (
    input  wire                         clk,
    input  wire                         rst,
    input  wire  [INPUT_BITS*SIMD-1:0]  a,  // bit planes
    input  wire  [SIMD-1:0]             w,
    input  wire                         add,
    input  wire                         last,
    input  wire                         total_valid,
    input  wire  [SUM_BITS-1:0]         all,
    output logic [ACCUMULATOR_BITS-1:0] result
);
    logic [SUM_BITS-1:0] total;
    farm_mvau_binary_sum #(.SIMD(SIMD), .INPUT_BITS(INPUT_BITS), .SUM_BITS(SUM_BITS)) sum (
        .clk, .rst, .a, .w, .add, .last, .total
    );
    // The result stays until the next sum. farm_hold relies on this.
    always_ff @(posedge clk)
        if (total_valid) result <= ACCUMULATOR_BITS'({total, 1'b0}) - ACCUMULATOR_BITS'(all);
endmodule

// sum (w and a) over one row: bit planes counted in two stages, then accumulated.
module farm_mvau_binary_sum #(
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
    // Lanes that one counter of the first stage counts. More make the first stage deeper, fewer the second stage.
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
        // Cleared after the last beat, so the first beat needs no multiplexer.
        if (rst || (add && last)) accumulator <= '0;
        else if (add) accumulator <= next;
        if (add && last) total <= next;
    end
endmodule

`default_nettype wire
