// The matrix-vector unit for weights of 2 to 4 bits and activations of up to 4 bits: products are added bit by bit.
`default_nettype none

// Weights of WEIGHT_BITS, two's complement. A DSP would be nearly empty with products of a few bits.
module farm_mvau_bits #(
    parameter int SYNAPSE_FOLDS = 1,
    parameter int NEURON_FOLDS = 1,
    parameter int PE = 1,
    parameter int SIMD = 1,
    parameter int INPUT_BITS = 2,
    parameter int WEIGHT_BITS = 2,
    parameter int ACCUMULATOR_BITS = 9,
    parameter int STAGES = 2,  // from the column to the accumulators
    parameter int MMV = 1,
    parameter bit STEADY = 1
) (
    input  wire                            clk,
    input  wire                            rst,
    input  wire  [MMV*SIMD*INPUT_BITS-1:0] in0_data,
    input  wire                            in0_valid,
    output logic                           in0_ready,
    input  wire  [PE*SIMD*WEIGHT_BITS-1:0] in1_data,
    input  wire                            in1_valid,
    output logic                           in1_ready,
    output logic [MMV*PE*ACCUMULATOR_BITS-1:0] out0_data,
    output logic                           out0_valid,
    input  wire                            out0_ready
);
    localparam int OUT_WIDTH = MMV * PE * ACCUMULATOR_BITS;

    logic [MMV*SIMD*INPUT_BITS-1:0] column;
    logic [OUT_WIDTH-1:0] results;
    logic add, last, total_valid;

    farm_mvau_control #(
        .IN_WIDTH(MMV * SIMD * INPUT_BITS), .OUT_WIDTH(OUT_WIDTH), .SYNAPSE_FOLDS(SYNAPSE_FOLDS),
        .NEURON_FOLDS(NEURON_FOLDS), .STAGES(STAGES), .LATENCY(STAGES + 1), .STEADY(STEADY)
    ) control (
        .clk, .rst, .in0_data, .in0_valid, .in0_ready, .in1_valid, .in1_ready, .column, .add, .last, .total_valid,
        .results, .done(total_valid), .out0_data, .out0_valid, .out0_ready
    );

    // Bit planes: plane b is bit b of every lane.
    logic [PE*SIMD*WEIGHT_BITS-1:0] w;
    for (genvar p = 0; p < PE; p++) begin : weights
        for (genvar plane = 0; plane < WEIGHT_BITS; plane++) begin : planes
            for (genvar lane = 0; lane < SIMD; lane++) begin : lanes
                assign w[(p*WEIGHT_BITS+plane)*SIMD+lane] = in1_data[(p*SIMD+lane)*WEIGHT_BITS+plane];
            end
        end
    end
    for (genvar m = 0; m < MMV; m++) begin : pixels
        logic [INPUT_BITS*SIMD-1:0] a;
        for (genvar plane = 0; plane < INPUT_BITS; plane++) begin : planes
            for (genvar lane = 0; lane < SIMD; lane++) begin : lanes
                assign a[plane*SIMD+lane] = column[(m*SIMD+lane)*INPUT_BITS+plane];
            end
        end
        for (genvar p = 0; p < PE; p++) begin : pes
            farm_mvau_bits_pe #(
                .BEATS(SYNAPSE_FOLDS), .SIMD(SIMD), .INPUT_BITS(INPUT_BITS), .WEIGHT_BITS(WEIGHT_BITS),
                .ACCUMULATOR_BITS(ACCUMULATOR_BITS), .STAGES(STAGES)
            ) pe (
                .clk, .rst, .a, .w(w[p*SIMD*WEIGHT_BITS+:SIMD*WEIGHT_BITS]), .add, .last,
                .total(results[(m*PE+p)*ACCUMULATOR_BITS+:ACCUMULATOR_BITS])
            );
        end
    end
endmodule

(* keep_hierarchy = "yes" *)
module farm_mvau_bits_pe #(
    parameter int BEATS = 1,  // of a row
    parameter int SIMD = 1,
    parameter int INPUT_BITS = 2,
    parameter int WEIGHT_BITS = 2,
    parameter int ACCUMULATOR_BITS = 9,
    parameter int STAGES = 2
) (
    input  wire                        clk,
    input  wire                        rst,
    input  wire [SIMD*INPUT_BITS-1:0]  a,
    input  wire [SIMD*WEIGHT_BITS-1:0] w,
    input  wire                        add,
    input  wire                        last,
    output wire [ACCUMULATOR_BITS-1:0] total
);
    // What each beat counts too much, see farm_mvau_sum.
    localparam longint EXCESS = 64'(SIMD) * ((64'd1 << INPUT_BITS) - 1) << (WEIGHT_BITS - 1);
    farm_mvau_sum #(
        .LANES(SIMD), .WEIGHT_BITS(WEIGHT_BITS), .INPUT_BITS(INPUT_BITS), .SUM_BITS(ACCUMULATOR_BITS), .STAGES(STAGES),
        .START(-(EXCESS * BEATS))
    ) sum (.clk, .rst, .a, .w, .add, .last, .total);
endmodule

`default_nettype wire
