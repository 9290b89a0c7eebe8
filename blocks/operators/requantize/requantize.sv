// Requantize: clamp((value * multiplier + addend) >> SHIFT, 0, 2^OUTPUT_BITS - 1), for LANES channels a beat. The
// product and its register are a DSP's, and so is the sum where it has room for it.
`default_nettype none

module farm_requantize #(
    parameter int LANES = 1,
    parameter int INPUT_BITS = 16,
    parameter bit SIGNED = 1,
    parameter int MULTIPLIER_BITS = 16,
    parameter int ADDEND_BITS = 32,
    parameter int SUM_BITS = 33,
    parameter int SHIFT = 16,
    parameter int OUTPUT_BITS = 8
) (
    input  wire                           clk,
    input  wire                           rst,
    input  wire  [LANES*INPUT_BITS-1:0]   in0_data,
    input  wire                           in0_valid,
    output logic                          in0_ready,
    input  wire  [LANES*MULTIPLIER_BITS-1:0] in1_data,
    input  wire                           in1_valid,
    output logic                          in1_ready,
    input  wire  [LANES*ADDEND_BITS-1:0]  in2_data,
    input  wire                           in2_valid,
    output logic                          in2_ready,
    output logic [LANES*OUTPUT_BITS-1:0]  out0_data,
    output logic                          out0_valid,
    input  wire                           out0_ready
);
    localparam int LATENCY = 4;  // a value waits for its parameters, is multiplied, added to and clamped

    logic room, multipliers_started, addends_started;
    logic [LATENCY-1:0] stage_valid;
    logic [LANES*INPUT_BITS-1:0] values;
    logic [LANES*OUTPUT_BITS-1:0] codes;
    wire take = in0_valid && multipliers_started && addends_started && room;
    assign in0_ready = take;

    farm_steady multipliers (
        .clk, .rst, .in_valid(in1_valid), .in_ready(in1_ready), .started(multipliers_started), .take
    );
    farm_steady addends (.clk, .rst, .in_valid(in2_valid), .in_ready(in2_ready), .started(addends_started), .take);
    always_ff @(posedge clk) values <= in0_data;

    for (genvar lane = 0; lane < LANES; lane++) begin : lanes
        farm_requantize_lane #(
            .INPUT_BITS(INPUT_BITS), .SIGNED(SIGNED), .MULTIPLIER_BITS(MULTIPLIER_BITS), .ADDEND_BITS(ADDEND_BITS),
            .SUM_BITS(SUM_BITS), .SHIFT(SHIFT), .OUTPUT_BITS(OUTPUT_BITS)
        ) scale (
            .clk,
            .value(values[lane*INPUT_BITS+:INPUT_BITS]),
            .multiplier(in1_data[lane*MULTIPLIER_BITS+:MULTIPLIER_BITS]),
            .addend(in2_data[lane*ADDEND_BITS+:ADDEND_BITS]),
            .code(codes[lane*OUTPUT_BITS+:OUTPUT_BITS])
        );
    end

    always_ff @(posedge clk) stage_valid <= rst ? '0 : LATENCY'({stage_valid, take});

    farm_credit_fifo #(.WIDTH(LANES * OUTPUT_BITS), .LATENCY(LATENCY)) leave (
        .clk, .rst, .issue(take), .room, .in0_data(codes), .in0_valid(stage_valid[LATENCY-1]),
        .out0_data, .out0_valid, .out0_ready
    );
endmodule

module farm_requantize_lane #(
    parameter int INPUT_BITS = 16,
    parameter bit SIGNED = 1,
    parameter int MULTIPLIER_BITS = 16,
    parameter int ADDEND_BITS = 32,
    parameter int SUM_BITS = 33,
    parameter int SHIFT = 16,
    parameter int OUTPUT_BITS = 8
) (
    input  wire                              clk,
    input  wire  [INPUT_BITS-1:0]            value,
    input  wire  signed [MULTIPLIER_BITS-1:0] multiplier,
    input  wire  signed [ADDEND_BITS-1:0]    addend,
    output logic [OUTPUT_BITS-1:0]           code
);
    localparam int VALUE_BITS = SIGNED ? INPUT_BITS : INPUT_BITS + 1;
    localparam int PRODUCT_BITS = VALUE_BITS + MULTIPLIER_BITS;
    localparam int HIGH_BITS = SUM_BITS - SHIFT;  // of a sum behind the shift

    wire sign = SIGNED && value[INPUT_BITS-1];
    wire signed [VALUE_BITS-1:0] x = VALUE_BITS'({sign, value});
    logic signed [PRODUCT_BITS-1:0] product;
    logic signed [ADDEND_BITS-1:0] term;
    logic signed [SUM_BITS-1:0] sum;
    always_ff @(posedge clk) begin
        product <= PRODUCT_BITS'(x * multiplier);
        term <= addend;
        sum <= SUM_BITS'(product) + SUM_BITS'(term);
    end

    if (HIGH_BITS <= OUTPUT_BITS) begin : narrow
        // The shift leaves no more bits than a code has and a sign: nothing is too high.
        wire signed [OUTPUT_BITS:0] shifted = (OUTPUT_BITS + 1)'(sum >>> SHIFT);
        always_ff @(posedge clk) code <= shifted[OUTPUT_BITS] ? '0 : shifted[OUTPUT_BITS-1:0];
    end else begin : wide
        wire signed [HIGH_BITS-1:0] shifted = sum[SUM_BITS-1:SHIFT];
        wire negative = shifted[HIGH_BITS-1];
        wire above = |shifted[HIGH_BITS-1:OUTPUT_BITS];
        always_ff @(posedge clk) code <= negative ? '0 : above ? '1 : shifted[OUTPUT_BITS-1:0];
    end
endmodule

`default_nettype wire
