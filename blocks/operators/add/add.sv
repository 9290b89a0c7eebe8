// out = saturate(in0 + b - OFFSET), lane by lane; b is the second stream, or the parameter stream.
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
    parameter int OFFSET = 0
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

    wire take;
    logic summed;
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

        always_ff @(posedge clk) sums[lane*SUM_BITS+:SUM_BITS] <= a + b - SUM_BITS'(OFFSET);
        assign saturated[lane*OUTPUT_BITS+:OUTPUT_BITS] =
            OUTPUT_BITS'(sum < LOWEST ? LOWEST : sum > HIGHEST ? HIGHEST : sum);
    end

    always_ff @(posedge clk) summed <= take && !rst;

    farm_credit_fifo #(.WIDTH(LANES * OUTPUT_BITS), .LATENCY(1)) leave (
        .clk, .rst, .issue(take), .room, .in0_data(saturated), .in0_valid(summed),
        .out0_data, .out0_valid, .out0_ready
    );
endmodule

`default_nettype wire
