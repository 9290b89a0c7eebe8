// Depthwise products, PE channels at once: kernel positions outermost, channel folds inside. Each fold keeps its sums
// until the last position.
`default_nettype none

module farm_depthwise #(
    parameter int PE = 1,
    parameter int FOLDS = 1,
    parameter int POSITIONS = 9,
    parameter int INPUT_BITS = 4,
    parameter int WEIGHT_BITS = 4,
    parameter int ACCUMULATOR_BITS = 12
) (
    input  wire                      clk,
    input  wire                      rst,
    input  wire  [PE*INPUT_BITS-1:0] in0_data,
    input  wire                      in0_valid,
    output logic                     in0_ready,
    input  wire  [PE*WEIGHT_BITS-1:0] in1_data,
    input  wire                      in1_valid,
    output logic                     in1_ready,
    output logic [PE*ACCUMULATOR_BITS-1:0] out0_data,
    output logic                     out0_valid,
    input  wire                      out0_ready
);
    localparam int F_BITS = FOLDS > 1 ? $clog2(FOLDS) : 1;
    localparam int P_BITS = $clog2(POSITIONS + 1);
    localparam int LATENCY = 3;  // values wait for their weights, are multiplied, and added

    logic room, started;
    logic [F_BITS-1:0] fold;
    logic [P_BITS-1:0] position;
    logic last;  // this is the last position; a register, because it is in the path to ready
    wire last_fold = fold == F_BITS'(FOLDS - 1);
    wire take = in0_valid && started && (room || !last);
    assign in0_ready = take;

    farm_steady port (.clk, .rst, .in_valid(in1_valid), .in_ready(in1_ready), .started, .take);

    always_ff @(posedge clk) begin
        if (rst) begin
            fold <= '0;
            position <= '0;
            last <= POSITIONS == 1;
        end else if (take) begin
            fold <= last_fold ? '0 : fold + 1'b1;
            if (last_fold) begin
                position <= last ? '0 : position + 1'b1;
                last <= POSITIONS == 1 || position == P_BITS'(POSITIONS - 2);
            end
        end
    end

    logic [PE*INPUT_BITS-1:0] values;
    logic [LATENCY-1:0] leaves;  // [s]: the sums of a window enter stage s + 1
    logic [1:0] valid, first;
    logic [F_BITS-1:0] waiting_fold, adding_fold;
    always_ff @(posedge clk) begin
        leaves <= rst ? '0 : LATENCY'({leaves, take && last});
        valid <= rst ? '0 : 2'({valid, take});
        first <= 2'({first, position == 0});
        waiting_fold <= fold;
        adding_fold <= waiting_fold;
        values <= in0_data;
    end

    (* ram_style = "distributed" *) logic [PE*ACCUMULATOR_BITS-1:0] sums [FOLDS];
    wire [PE*ACCUMULATOR_BITS-1:0] held = sums[adding_fold];
    logic [PE*ACCUMULATOR_BITS-1:0] after, results;
    for (genvar p = 0; p < PE; p++) begin : lanes
        logic signed [INPUT_BITS+WEIGHT_BITS-1:0] product;
        farm_depthwise_product #(.INPUT_BITS(INPUT_BITS), .WEIGHT_BITS(WEIGHT_BITS)) multiply (
            .clk, .a(values[p*INPUT_BITS+:INPUT_BITS]), .w(in1_data[p*WEIGHT_BITS+:WEIGHT_BITS]), .product
        );
        wire signed [ACCUMULATOR_BITS-1:0] sum = first[1] ? '0 : held[p*ACCUMULATOR_BITS+:ACCUMULATOR_BITS];
        assign after[p*ACCUMULATOR_BITS+:ACCUMULATOR_BITS] = sum + ACCUMULATOR_BITS'(product);
    end
    always_ff @(posedge clk) begin
        results <= after;
        if (valid[1]) sums[adding_fold] <= after;
    end

    farm_credit_fifo #(.WIDTH(PE * ACCUMULATOR_BITS), .LATENCY(LATENCY)) leave (
        .clk, .rst, .issue(take && last), .room, .in0_data(results), .in0_valid(leaves[LATENCY-1]),
        .out0_data, .out0_valid, .out0_ready
    );
endmodule

// An unsigned activation times a weight in two's complement. A weight of 1 bit is +1 where it is set, else -1.
module farm_depthwise_product #(
    parameter int INPUT_BITS = 4,
    parameter int WEIGHT_BITS = 4
) (
    input  wire                                      clk,
    input  wire  [INPUT_BITS-1:0]                    a,
    input  wire  [WEIGHT_BITS-1:0]                   w,
    output logic signed [INPUT_BITS+WEIGHT_BITS-1:0] product
);
    wire signed [INPUT_BITS:0] x = {1'b0, a};
    if (WEIGHT_BITS == 1) begin : binary
        always_ff @(posedge clk) product <= w[0] ? x : -x;
    end else begin : integer_weight
        wire signed [WEIGHT_BITS-1:0] y = w;
        always_ff @(posedge clk) product <= (INPUT_BITS + WEIGHT_BITS)'(x * y);
    end
endmodule

`default_nettype wire
