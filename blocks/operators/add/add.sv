// out = saturate(A_FACTOR * in0 + B_FACTOR * b - OFFSET), lane by lane; b is the second stream, or the parameter stream.
`default_nettype none

module farm_add #(
    parameter int LANES = 1,
    parameter int A_BITS = 4,
    parameter int B_BITS = 4,
    parameter bit A_SIGNED = 0,
    parameter bit B_SIGNED = 0,
    parameter int SUM_BITS = 6,
    parameter int OUTPUT_BITS = 4,
    parameter bit OUTPUT_SIGNED = 0,
    parameter int OFFSET = 0,
    parameter int A_FACTOR = 1,
    parameter int B_FACTOR = 1,
    parameter bit SATURATES = 1  // 0: the output holds every sum
) (
    input  wire                     clk,
    input  wire                     rst,
    input  wire  [LANES*A_BITS-1:0] in0_data,
    input  wire                     in0_valid,
    output logic                    in0_ready,
    input  wire  [LANES*B_BITS-1:0] in1_data,
    input  wire                     in1_valid,
    output logic                    in1_ready,
    output logic [LANES*OUTPUT_BITS-1:0] out0_data,
    output logic                    out0_valid,
    input  wire                     out0_ready
);
    localparam logic signed [SUM_BITS-1:0] LOWEST =
        OUTPUT_SIGNED ? -(SUM_BITS'(1) << (OUTPUT_BITS - 1)) : '0;
    localparam logic signed [SUM_BITS-1:0] HIGHEST =
        OUTPUT_SIGNED ? (SUM_BITS'(1) << (OUTPUT_BITS - 1)) - SUM_BITS'(1) : (SUM_BITS'(1) << OUTPUT_BITS) - SUM_BITS'(1);

    // Factors take a cycle of their own.
    localparam int LATENCY = A_FACTOR == 1 && B_FACTOR == 1 ? 1 : 2;

    wire take;
    logic [LATENCY-1:0] summed;
    logic room;
    logic [LANES*SUM_BITS-1:0] sums;
    logic [LANES*OUTPUT_BITS-1:0] saturated;

    assign take = in0_valid && in1_valid && room;
    assign in0_ready = take;
    assign in1_ready = take;

    for (genvar lane = 0; lane < LANES; lane++) begin : lanes
        wire a_sign = A_SIGNED && in0_data[lane*A_BITS+A_BITS-1];
        wire b_sign = B_SIGNED && in1_data[lane*B_BITS+B_BITS-1];
        wire signed [SUM_BITS-1:0] a = SUM_BITS'({{SUM_BITS{a_sign}}, in0_data[lane*A_BITS+:A_BITS]});
        wire signed [SUM_BITS-1:0] b = SUM_BITS'({{SUM_BITS{b_sign}}, in1_data[lane*B_BITS+:B_BITS]});
        wire signed [SUM_BITS-1:0] sum = sums[lane*SUM_BITS+:SUM_BITS];

        if (LATENCY == 1) begin : plain
            always_ff @(posedge clk) sums[lane*SUM_BITS+:SUM_BITS] <= a + b - SUM_BITS'(OFFSET);
        end else begin : scaled
            wire signed [SUM_BITS-1:0] fa, fb;
            farm_times #(.WIDTH(SUM_BITS), .FACTOR(A_FACTOR)) times_a (.clk, .in(a), .out(fa));
            farm_times #(.WIDTH(SUM_BITS), .FACTOR(B_FACTOR)) times_b (.clk, .in(b), .out(fb));
            always_ff @(posedge clk) sums[lane*SUM_BITS+:SUM_BITS] <= fa + fb - SUM_BITS'(OFFSET);
        end
        if (SATURATES) begin : ends
            assign saturated[lane*OUTPUT_BITS+:OUTPUT_BITS] =
                OUTPUT_BITS'(sum < LOWEST ? LOWEST : sum > HIGHEST ? HIGHEST : sum);
        end else begin : all
            assign saturated[lane*OUTPUT_BITS+:OUTPUT_BITS] = OUTPUT_BITS'(sum);
        end
    end

    always_ff @(posedge clk) summed <= rst ? '0 : LATENCY'({summed, take});

    farm_credit_fifo #(.WIDTH(LANES * OUTPUT_BITS), .LATENCY(LATENCY)) leave (
        .clk, .rst, .issue(take), .room, .in0_data(saturated), .in0_valid(summed[LATENCY-1]),
        .out0_data, .out0_valid, .out0_ready
    );
endmodule

// A number times a constant, a cycle later: an addition for each further 1 of the factor.
module farm_times #(
    parameter int WIDTH = 8,
    parameter int FACTOR = 1
) (
    input  wire              clk,
    input  wire  [WIDTH-1:0] in,
    output logic [WIDTH-1:0] out
);
    logic [WIDTH-1:0] product;
    always_comb begin
        product = '0;
        for (int k = 0; k < 9; k++) if (FACTOR[k]) product = product + (in << k);
    end
    always_ff @(posedge clk) out <= product;
endmodule

`default_nettype wire
