// Straightforward versions of some operators, for comparison; they replace the real modules of the same names.
//   - a PE adds signed products (the activation, or its negative) in a tree, and shares nothing with its neighbours.
// Function, ports and latency are those of the real modules.
`default_nettype none

module farm_mvau_binary #(
    parameter int SYNAPSE_FOLDS = 1,
    parameter int NEURON_FOLDS = 1,
    parameter int PE = 1,
    parameter int SIMD = 1,
    parameter int INPUT_BITS = 2,
    parameter int SUM_BITS = 8,
    parameter int ACCUMULATOR_BITS = 9,
    parameter int STAGES = 2,  // of the real PE, whatever it is: this one has its own
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
    localparam int PLAIN_STAGES = 2;
    localparam int OUT_WIDTH = MMV * PE * ACCUMULATOR_BITS;

    logic [MMV*SIMD*INPUT_BITS-1:0] column;
    logic [OUT_WIDTH-1:0] results;
    logic add, last, total_valid;

    farm_mvau_control #(
        .IN_WIDTH(MMV * SIMD * INPUT_BITS), .OUT_WIDTH(OUT_WIDTH), .SYNAPSE_FOLDS(SYNAPSE_FOLDS),
        .NEURON_FOLDS(NEURON_FOLDS), .STAGES(PLAIN_STAGES), .LATENCY(PLAIN_STAGES + 1)
    ) control (
        .clk, .rst, .in0_data, .in0_valid, .in0_ready, .in1_valid, .in1_ready, .column, .add, .last, .total_valid,
        .results, .done(total_valid), .out0_data, .out0_valid, .out0_ready
    );

    for (genvar m = 0; m < MMV; m++) begin : pixels
        for (genvar p = 0; p < PE; p++) begin : pes
            plain_mvau_pe #(.SIMD(SIMD), .INPUT_BITS(INPUT_BITS), .ACCUMULATOR_BITS(ACCUMULATOR_BITS)) pe (
                .clk, .rst, .a(column[m*SIMD*INPUT_BITS+:SIMD*INPUT_BITS]), .w(in1_data[p*SIMD+:SIMD]),
                .add, .last,
                .result(results[(m*PE+p)*ACCUMULATOR_BITS+:ACCUMULATOR_BITS])
            );
        end
    end
endmodule

(* keep_hierarchy = "yes" *)
module plain_mvau_pe #(
    parameter int SIMD = 1,
    parameter int INPUT_BITS = 2,
    parameter int ACCUMULATOR_BITS = 9
) (
    input  wire                                clk,
    input  wire                                rst,
    input  wire  [SIMD*INPUT_BITS-1:0]         a,
    input  wire  [SIMD-1:0]                    w,
    input  wire                                add,
    input  wire                                last,
    output logic signed [ACCUMULATOR_BITS-1:0] result
);
    // Two registered stages, as in the real PE: first sums of 16 lanes, then the sum of these groups.
    localparam int GROUP = 16;
    localparam int GROUPS = (SIMD + GROUP - 1) / GROUP;
    localparam int GROUP_BITS = INPUT_BITS + 1 + $clog2(SIMD < GROUP ? SIMD : GROUP);
    localparam int SUM_BITS = INPUT_BITS + 1 + $clog2(SIMD);

    logic signed [GROUP_BITS-1:0] groups [GROUPS];
    logic signed [SUM_BITS-1:0] beat;
    logic signed [ACCUMULATOR_BITS-1:0] accumulator;
    wire signed [ACCUMULATOR_BITS-1:0] next = accumulator + ACCUMULATOR_BITS'(beat);

    for (genvar g = 0; g < GROUPS; g++) begin : group
        localparam int LANES = SIMD - g * GROUP < GROUP ? SIMD - g * GROUP : GROUP;
        wire [LANES*GROUP_BITS-1:0] products;
        for (genvar lane = 0; lane < LANES; lane++) begin : lanes
            wire signed [INPUT_BITS:0] positive = {1'b0, a[(g*GROUP+lane)*INPUT_BITS+:INPUT_BITS]};
            wire signed [INPUT_BITS:0] product = w[g*GROUP+lane] ? positive : -positive;
            assign products[lane*GROUP_BITS+:GROUP_BITS] = GROUP_BITS'(product);
        end
        wire [GROUP_BITS-1:0] sum;
        plain_tree #(.COUNT(LANES), .WIDTH(GROUP_BITS)) tree (.in(products), .out(sum));
        always_ff @(posedge clk) groups[g] <= sum;
    end

    wire [GROUPS*SUM_BITS-1:0] wide;
    for (genvar g = 0; g < GROUPS; g++) begin : widen
        assign wide[g*SUM_BITS+:SUM_BITS] = SUM_BITS'(groups[g]);
    end
    wire [SUM_BITS-1:0] total;
    plain_tree #(.COUNT(GROUPS), .WIDTH(SUM_BITS)) tree (.in(wide), .out(total));

    always_ff @(posedge clk) begin
        beat <= total;
        if (rst || (add && last)) accumulator <= '0;
        else if (add) accumulator <= next;
        if (add && last) result <= next;
    end
endmodule

// A balanced tree of two-input adders.
module plain_tree #(
    parameter int COUNT = 1,
    parameter int WIDTH = 8
) (
    input  wire [COUNT*WIDTH-1:0] in,
    output wire [WIDTH-1:0]       out
);
    if (COUNT == 1) begin : leaf
        assign out = in;
    end
    if (COUNT > 1) begin : node
        localparam int LEFT = COUNT / 2;
        wire [WIDTH-1:0] left, right;
        plain_tree #(.COUNT(LEFT), .WIDTH(WIDTH)) lower (.in(in[LEFT*WIDTH-1:0]), .out(left));
        plain_tree #(.COUNT(COUNT - LEFT), .WIDTH(WIDTH)) upper (.in(in[COUNT*WIDTH-1:LEFT*WIDTH]), .out(right));
        assign out = left + right;
    end
endmodule

`default_nettype wire
