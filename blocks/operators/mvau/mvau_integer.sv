// The matrix-vector unit for weights of several bits, on the multipliers of DSPs.
`default_nettype none

// Weights of several bits, two's complement. DSPs multiply and add in chains of up to CHAIN SIMD lanes: each DSP adds
// its product to its neighbour's sum. Lane s of a chain is delayed by s cycles.
module farm_mvau_integer #(
    parameter int SYNAPSE_FOLDS = 1,
    parameter int NEURON_FOLDS = 1,
    parameter int PE = 1,
    parameter int SIMD = 1,
    parameter int INPUT_BITS = 8,
    parameter int WEIGHT_BITS = 8,
    parameter int ACCUMULATOR_BITS = 24,
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
    localparam int CHAIN = SIMD < 4 ? SIMD : 4;
    localparam int CHAINS = (SIMD + CHAIN - 1) / CHAIN;
    localparam int TREE = CHAINS == 1 ? 0 : ($clog2(CHAINS) + 1) / 2;  // stages that add four each
    localparam int STAGES = CHAIN + 1 + TREE;
    localparam int LATENCY = STAGES + 1;
    localparam int OUT_WIDTH = MMV * PE * ACCUMULATOR_BITS;

    logic [MMV*SIMD*INPUT_BITS-1:0] column;
    logic [OUT_WIDTH-1:0] results;
    logic add, last, total_valid;

    farm_mvau_control #(
        .IN_WIDTH(MMV * SIMD * INPUT_BITS), .OUT_WIDTH(OUT_WIDTH), .SYNAPSE_FOLDS(SYNAPSE_FOLDS),
        .NEURON_FOLDS(NEURON_FOLDS), .STAGES(STAGES), .LATENCY(LATENCY), .STEADY(STEADY)
    ) control (
        .clk, .rst, .in0_data, .in0_valid, .in0_ready, .in1_valid, .in1_ready, .column, .add, .last, .total_valid,
        .results, .done(total_valid), .out0_data, .out0_valid, .out0_ready
    );

    // Activations are delayed here, once for all PEs.
    logic [MMV*SIMD*INPUT_BITS-1:0] skewed;
    for (genvar m = 0; m < MMV; m++) begin : skew_pixels
        for (genvar s = 0; s < SIMD; s++) begin : skew_lanes
            farm_delay #(.WIDTH(INPUT_BITS), .CYCLES(s % CHAIN)) delay (
                .clk, .in(column[(m*SIMD+s)*INPUT_BITS+:INPUT_BITS]),
                .out(skewed[(m*SIMD+s)*INPUT_BITS+:INPUT_BITS])
            );
        end
    end

    for (genvar p = 0; p < PE; p++) begin : pes
        logic [MMV*ACCUMULATOR_BITS-1:0] sums;
        farm_mvau_integer_pe #(
            .SIMD(SIMD), .CHAIN(CHAIN), .TREE(TREE), .INPUT_BITS(INPUT_BITS), .WEIGHT_BITS(WEIGHT_BITS),
            .ACCUMULATOR_BITS(ACCUMULATOR_BITS), .MMV(MMV)
        ) pe (
            .clk, .rst, .a(skewed), .w(in1_data[p*SIMD*WEIGHT_BITS+:SIMD*WEIGHT_BITS]),
            .add, .last, .sums
        );
        for (genvar m = 0; m < MMV; m++) begin : pixels
            assign results[(m*PE+p)*ACCUMULATOR_BITS+:ACCUMULATOR_BITS] = sums[m*ACCUMULATOR_BITS+:ACCUMULATOR_BITS];
        end
    end
endmodule

module farm_delay #(
    parameter int WIDTH = 8,
    parameter int CYCLES = 1
) (
    input  wire              clk,
    input  wire  [WIDTH-1:0] in,
    output logic [WIDTH-1:0] out
);
    if (CYCLES == 0) begin : none
        assign out = in;
    end else begin : shifted
        logic [WIDTH*CYCLES-1:0] line;
        always_ff @(posedge clk) line <= (WIDTH * CYCLES)'({line, in});
        assign out = line[WIDTH*CYCLES-1-:WIDTH];
    end
endmodule

(* keep_hierarchy = "yes" *)
module farm_mvau_integer_pe #(
    parameter int SIMD = 1,
    parameter int CHAIN = 1,
    parameter int TREE = 0,
    parameter int INPUT_BITS = 8,
    parameter int WEIGHT_BITS = 8,
    parameter int ACCUMULATOR_BITS = 24,
    parameter int MMV = 1
) (
    input  wire                                clk,
    input  wire                                rst,
    input  wire  [MMV*SIMD*INPUT_BITS-1:0]     a,
    input  wire  [SIMD*WEIGHT_BITS-1:0]        w,
    input  wire                                add,
    input  wire                                last,
    output logic [MMV*ACCUMULATOR_BITS-1:0]    sums
);
    localparam int CHAINS = (SIMD + CHAIN - 1) / CHAIN;
    localparam int PRODUCT_BITS = INPUT_BITS + WEIGHT_BITS + 1;
    localparam int CHAIN_BITS = PRODUCT_BITS + $clog2(CHAIN + 1);
    localparam int BEAT_BITS = CHAIN_BITS + $clog2(CHAINS + 1);

    logic [SIMD*WEIGHT_BITS-1:0] weights;
    for (genvar s = 0; s < SIMD; s++) begin : skew
        farm_delay #(.WIDTH(WEIGHT_BITS), .CYCLES(s % CHAIN)) delay (
            .clk, .in(w[s*WEIGHT_BITS+:WEIGHT_BITS]), .out(weights[s*WEIGHT_BITS+:WEIGHT_BITS])
        );
    end

    for (genvar m = 0; m < MMV; m++) begin : pixels
        logic [CHAINS*BEAT_BITS-1:0] chain_sums;
        for (genvar c = 0; c < CHAINS; c++) begin : chains
            localparam int LENGTH = SIMD - c * CHAIN < CHAIN ? SIMD - c * CHAIN : CHAIN;
            for (genvar s = 0; s < LENGTH; s++) begin : lanes
                wire signed [INPUT_BITS:0] x = {1'b0, a[(m*SIMD+c*CHAIN+s)*INPUT_BITS+:INPUT_BITS]};
                wire signed [WEIGHT_BITS-1:0] y = weights[(c*CHAIN+s)*WEIGHT_BITS+:WEIGHT_BITS];
                logic signed [PRODUCT_BITS-1:0] product;
                logic signed [CHAIN_BITS-1:0] sum;
                always_ff @(posedge clk) product <= x * y;
                if (s == 0) begin : first
                    always_ff @(posedge clk) sum <= CHAIN_BITS'(product);
                end else begin : later
                    always_ff @(posedge clk) sum <= CHAIN_BITS'(product) + lanes[s-1].sum;
                end
            end
            // A shorter chain is ready earlier; its sum waits for the others.
            logic signed [CHAIN_BITS-1:0] aligned;
            farm_delay #(.WIDTH(CHAIN_BITS), .CYCLES(CHAIN - LENGTH)) delay (
                .clk, .in(lanes[LENGTH-1].sum), .out(aligned)
            );
            assign chain_sums[c*BEAT_BITS+:BEAT_BITS] = BEAT_BITS'(aligned);
        end

        logic signed [BEAT_BITS-1:0] beat;
        farm_adder_tree #(.COUNT(CHAINS), .WIDTH(BEAT_BITS), .STAGES(TREE)) tree (.clk, .in(chain_sums), .out(beat));

        logic signed [ACCUMULATOR_BITS-1:0] accumulator, total;
        wire signed [ACCUMULATOR_BITS-1:0] next = accumulator + ACCUMULATOR_BITS'(beat);
        always_ff @(posedge clk) begin
            if (rst || (add && last)) accumulator <= '0;
            else if (add) accumulator <= next;
            if (add && last) total <= next;
        end
        assign sums[m*ACCUMULATOR_BITS+:ACCUMULATOR_BITS] = total;
    end
endmodule

// Adds two's complement numbers of one width, four at a time, with a register after each stage.
module farm_adder_tree #(
    parameter int COUNT = 1,
    parameter int WIDTH = 8,
    parameter int STAGES = 0
) (
    input  wire                    clk,
    input  wire  [COUNT*WIDTH-1:0] in,
    output logic [WIDTH-1:0]       out
);
    if (STAGES == 0) begin : leaf
        assign out = in[WIDTH-1:0];
    end else begin : stage
        localparam int NEXT = (COUNT + 3) / 4;
        logic [NEXT*4*WIDTH-1:0] padded;
        logic [NEXT*WIDTH-1:0] sums;
        assign padded = (NEXT * 4 * WIDTH)'(in);
        for (genvar i = 0; i < NEXT; i++) begin : fours
            always_ff @(posedge clk)
                sums[i*WIDTH+:WIDTH] <= (padded[(4*i)*WIDTH+:WIDTH] + padded[(4*i+1)*WIDTH+:WIDTH])
                    + (padded[(4*i+2)*WIDTH+:WIDTH] + padded[(4*i+3)*WIDTH+:WIDTH]);
        end
        farm_adder_tree #(.COUNT(NEXT), .WIDTH(WIDTH), .STAGES(STAGES - 1)) rest (.clk, .in(sums), .out);
    end
endmodule

`default_nettype wire
