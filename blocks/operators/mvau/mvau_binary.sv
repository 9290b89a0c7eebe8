// The matrix-vector unit for binary weights: products are bits, and a sum counts them.
`default_nettype none

// Binary weights, 1 for +1 and 0 for -1:  sum w * a = 2 * sum (w and a) - sum a.  The second sum is common to all PEs
// and a sum without weights. With APART it is not subtracted here but in farm_mvau_narrow, which follows: there it costs an
// adder for each lane instead of one for each PE.
module farm_mvau_binary #(
    parameter int SYNAPSE_FOLDS = 1,
    parameter int NEURON_FOLDS = 1,
    parameter int PE = 1,
    parameter int SIMD = 1,
    parameter int INPUT_BITS = 2,
    parameter int SUM_BITS = 8,          // unsigned: holds the sum of a column
    parameter int ACCUMULATOR_BITS = 9,  // two's complement
    parameter int STAGES = 2,            // from the column to the accumulators
    parameter int MMV = 1,
    parameter bit APART = 0
) (
    input  wire                            clk,
    input  wire                            rst,
    input  wire  [MMV*SIMD*INPUT_BITS-1:0] in0_data,
    input  wire                            in0_valid,
    output logic                           in0_ready,
    input  wire  [PE*SIMD-1:0]             in1_data,
    input  wire                            in1_valid,
    output logic                           in1_ready,
    output logic [(APART?MMV*(PE+1)*SUM_BITS:MMV*PE*ACCUMULATOR_BITS)-1:0] out0_data,
    output logic                           out0_valid,
    input  wire                            out0_ready
);
    localparam int LATENCY = STAGES + 1;  // plus the accumulator
    localparam int OUT_WIDTH = MMV * (PE + 1) * SUM_BITS;

    logic [MMV*SIMD*INPUT_BITS-1:0] column;
    logic [OUT_WIDTH-1:0] results, left;  // the PEs' sums of all pixels, then the pixels' sums of activations
    logic add, last, total_valid;

    farm_mvau_control #(
        .IN_WIDTH(MMV * SIMD * INPUT_BITS), .OUT_WIDTH(OUT_WIDTH), .SYNAPSE_FOLDS(SYNAPSE_FOLDS),
        .NEURON_FOLDS(NEURON_FOLDS), .STAGES(STAGES), .LATENCY(LATENCY)
    ) control (
        .clk, .rst, .in0_data, .in0_valid, .in0_ready, .in1_valid, .in1_ready, .column, .add, .last, .total_valid,
        .results, .done(total_valid), .out0_data(left), .out0_valid, .out0_ready
    );

    for (genvar m = 0; m < MMV; m++) begin : pixels
        // Bit planes, shared by all PEs: plane b is bit b of every lane.
        logic [INPUT_BITS*SIMD-1:0] a;
        for (genvar plane = 0; plane < INPUT_BITS; plane++) begin : planes
            for (genvar lane = 0; lane < SIMD; lane++) begin : lanes
                assign a[plane*SIMD+lane] = column[(m*SIMD+lane)*INPUT_BITS+plane];
            end
        end

        farm_mvau_sum #(
            .LANES(SIMD), .WEIGHT_BITS(0), .INPUT_BITS(INPUT_BITS), .SUM_BITS(SUM_BITS), .STAGES(STAGES)
        ) whole (.clk, .rst, .a, .w('1), .add, .last, .total(results[(MMV*PE+m)*SUM_BITS+:SUM_BITS]));
        for (genvar p = 0; p < PE; p++) begin : pes
            farm_mvau_binary_pe #(
                .SIMD(SIMD), .INPUT_BITS(INPUT_BITS), .SUM_BITS(SUM_BITS), .STAGES(STAGES)
            ) pe (
                .clk, .rst, .a, .w(in1_data[p*SIMD+:SIMD]), .add, .last,
                .total(results[(m*PE+p)*SUM_BITS+:SUM_BITS])
            );
        end
    end

    if (APART) begin : apart
        assign out0_data = left;
    end else begin : subtracted
        for (genvar m = 0; m < MMV; m++) begin : pixels
            farm_mvau_difference #(.LANES(PE), .SUM_BITS(SUM_BITS), .ACCUMULATOR_BITS(ACCUMULATOR_BITS)) difference (
                .sums(left[m*PE*SUM_BITS+:PE*SUM_BITS]), .all(left[(MMV*PE+m)*SUM_BITS+:SUM_BITS]),
                .out(out0_data[m*PE*ACCUMULATOR_BITS+:PE*ACCUMULATOR_BITS])
            );
        end
    end
endmodule

// A unit's sums (APART) in parts of LANES_OUT, each with its pixel's sum of activations, which is subtracted here.
module farm_mvau_narrow #(
    parameter int PE = 2,
    parameter int MMV = 1,
    parameter int LANES_OUT = 1,  // divides PE
    parameter int SUM_BITS = 8,
    parameter int ACCUMULATOR_BITS = 9,
    parameter bit INPUT_HELD = 0
) (
    input  wire                             clk,
    input  wire                             rst,
    input  wire  [MMV*(PE+1)*SUM_BITS-1:0]  in0_data,
    input  wire                             in0_valid,
    output logic                            in0_ready,
    output logic [LANES_OUT*ACCUMULATOR_BITS-1:0] out0_data,
    output logic                            out0_valid,
    input  wire                             out0_ready
);
    localparam int PARTS = MMV * PE / LANES_OUT;
    localparam int WIDTH = (LANES_OUT + 1) * SUM_BITS;

    // The sum of activations stands in every part of its pixel. Synthesis merges what is equal.
    logic [PARTS*WIDTH-1:0] parts;
    for (genvar p = 0; p < PARTS; p++) begin : each
        assign parts[p*WIDTH+:WIDTH] = {
            in0_data[(MMV*PE+p*LANES_OUT/PE)*SUM_BITS+:SUM_BITS], in0_data[p*LANES_OUT*SUM_BITS+:LANES_OUT*SUM_BITS]
        };
    end

    logic [WIDTH-1:0] part;
    farm_narrow #(.WIDTH(WIDTH), .RATIO(PARTS), .INPUT_HELD(INPUT_HELD)) narrow (
        .clk, .rst, .in0_data(parts), .in0_valid, .in0_ready, .out0_data(part), .out0_valid, .out0_ready
    );
    farm_mvau_difference #(
        .LANES(LANES_OUT), .SUM_BITS(SUM_BITS), .ACCUMULATOR_BITS(ACCUMULATOR_BITS)
    ) difference (.sums(part[LANES_OUT*SUM_BITS-1:0]), .all(part[WIDTH-1-:SUM_BITS]), .out(out0_data));
endmodule

// 2 * sum (w and a) - sum a, lane by lane.
module farm_mvau_difference #(
    parameter int LANES = 1,
    parameter int SUM_BITS = 8,
    parameter int ACCUMULATOR_BITS = 9
) (
    input  wire  [LANES*SUM_BITS-1:0]         sums,
    input  wire  [SUM_BITS-1:0]               all,
    output logic [LANES*ACCUMULATOR_BITS-1:0] out
);
    for (genvar lane = 0; lane < LANES; lane++) begin : lanes
        assign out[lane*ACCUMULATOR_BITS+:ACCUMULATOR_BITS] =
            ACCUMULATOR_BITS'({sums[lane*SUM_BITS+:SUM_BITS], 1'b0}) - ACCUMULATOR_BITS'(all);
    end
endmodule

// The sum of one PE. It stays until the next one: farm_hold relies on this.
(* keep_hierarchy = "yes" *)
module farm_mvau_binary_pe #(
    parameter int SIMD = 1,
    parameter int INPUT_BITS = 2,
    parameter int SUM_BITS = 8,
    parameter int STAGES = 2
) (
    input  wire                         clk,
    input  wire                         rst,
    input  wire  [INPUT_BITS*SIMD-1:0]  a,  // bit planes
    input  wire  [SIMD-1:0]             w,
    input  wire                         add,
    input  wire                         last,
    output logic [SUM_BITS-1:0]         total
);
    farm_mvau_sum #(
        .LANES(SIMD), .WEIGHT_BITS(1), .INPUT_BITS(INPUT_BITS), .SUM_BITS(SUM_BITS), .STAGES(STAGES)
    ) sum (.clk, .rst, .a, .w, .add, .last, .total);
endmodule

`default_nettype wire
