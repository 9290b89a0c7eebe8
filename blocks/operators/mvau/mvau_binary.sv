// The matrix-vector unit for binary weights: products are bits, and a sum counts them.
`default_nettype none

// Binary weights, 1 for +1 and 0 for -1:  sum w * a = 2 * sum (w and a) - sum a.  The second sum is common to all PEs
// and a sum without weights.
module farm_mvau_binary #(
    parameter int SYNAPSE_FOLDS = 1,
    parameter int NEURON_FOLDS = 1,
    parameter int PE = 1,
    parameter int SIMD = 1,
    parameter int INPUT_BITS = 2,
    parameter int SUM_BITS = 8,          // unsigned: holds the sum of a column
    parameter int ACCUMULATOR_BITS = 9,  // two's complement
    parameter int STAGES = 2,            // from the column to the accumulators
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

        farm_mvau_sum #(
            .LANES(SIMD), .WEIGHT_BITS(0), .INPUT_BITS(INPUT_BITS), .SUM_BITS(SUM_BITS), .STAGES(STAGES)
        ) whole (.clk, .rst, .a, .w('1), .add, .last, .total(all));
        for (genvar p = 0; p < PE; p++) begin : pes
            farm_mvau_binary_pe #(
                .SIMD(SIMD), .INPUT_BITS(INPUT_BITS), .SUM_BITS(SUM_BITS), .ACCUMULATOR_BITS(ACCUMULATOR_BITS),
                .STAGES(STAGES)
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
    parameter int ACCUMULATOR_BITS = 9,
    parameter int STAGES = 2
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
    farm_mvau_sum #(
        .LANES(SIMD), .WEIGHT_BITS(1), .INPUT_BITS(INPUT_BITS), .SUM_BITS(SUM_BITS), .STAGES(STAGES)
    ) sum (.clk, .rst, .a, .w, .add, .last, .total);
    // The result stays until the next sum. farm_hold relies on this.
    always_ff @(posedge clk)
        if (total_valid) result <= ACCUMULATOR_BITS'({total, 1'b0}) - ACCUMULATOR_BITS'(all);
endmodule

`default_nettype wire
