// Counts how many of its channel's thresholds a value has reached, for LANES channels a beat. Thresholds ascend, so a
// binary search finds the count bit by bit, highest first: compare with the middle threshold, then keep the half with
// the answer. That takes OUTPUT_BITS comparators a lane instead of 2^OUTPUT_BITS - 1.
`default_nettype none

module farm_threshold #(
    parameter int LANES = 1,
    parameter int INPUT_BITS = 8,
    parameter int THRESHOLD_BITS = 8,
    parameter int OUTPUT_BITS = 2,
    parameter bit SIGNED = 1
) (
    input  wire                        clk,
    input  wire                        rst,
    input  wire  [LANES*INPUT_BITS-1:0] in0_data,
    input  wire                        in0_valid,
    output logic                       in0_ready,
    input  wire  [LANES*((1<<OUTPUT_BITS)-1)*THRESHOLD_BITS-1:0] in1_data,
    input  wire                        in1_valid,
    output logic                       in1_ready,
    output logic [LANES*OUTPUT_BITS-1:0] out0_data,
    output logic                       out0_valid,
    input  wire                        out0_ready
);
    localparam int STEPS = (1 << OUTPUT_BITS) - 1;

    localparam int LATENCY = OUTPUT_BITS + 1;  // a value waits for its thresholds, then a stage per output bit

    logic room, started;
    logic [LATENCY-1:0] stage_valid;
    logic [LANES*INPUT_BITS-1:0] values;
    logic [LANES*OUTPUT_BITS-1:0] counts;
    wire take = in0_valid && started && room;
    assign in0_ready = take;

    farm_steady port (.clk, .rst, .in_valid(in1_valid), .in_ready(in1_ready), .started, .take);
    always_ff @(posedge clk) values <= in0_data;

    for (genvar lane = 0; lane < LANES; lane++) begin : lanes
        farm_threshold_lane #(
            .INPUT_BITS(INPUT_BITS), .THRESHOLD_BITS(THRESHOLD_BITS), .OUTPUT_BITS(OUTPUT_BITS), .SIGNED(SIGNED)
        ) search (
            .clk,
            .value(values[lane*INPUT_BITS+:INPUT_BITS]),
            .thresholds(in1_data[lane*STEPS*THRESHOLD_BITS+:STEPS*THRESHOLD_BITS]),
            .count(counts[lane*OUTPUT_BITS+:OUTPUT_BITS])
        );
    end

    always_ff @(posedge clk) stage_valid <= rst ? '0 : LATENCY'({stage_valid, take});

    farm_credit_fifo #(.WIDTH(LANES * OUTPUT_BITS), .LATENCY(LATENCY)) leave (
        .clk, .rst, .issue(take), .room, .in0_data(counts), .in0_valid(stage_valid[LATENCY-1]),
        .out0_data, .out0_valid, .out0_ready
    );
endmodule

// One channel: a stage per bit of the count.
(* keep_hierarchy = "yes" *)
module farm_threshold_lane #(
    parameter int INPUT_BITS = 8,
    parameter int THRESHOLD_BITS = 8,
    parameter int OUTPUT_BITS = 2,
    parameter bit SIGNED = 1
) (
    input  wire                    clk,
    input  wire  [INPUT_BITS-1:0]  value,
    input  wire  [((1<<OUTPUT_BITS)-1)*THRESHOLD_BITS-1:0] thresholds,
    output logic [OUTPUT_BITS-1:0] count
);
    // Both are compared as signed numbers; unsigned ones are extended by a zero bit.
    localparam int WIDTH = SIGNED ? THRESHOLD_BITS : THRESHOLD_BITS + 1;

    for (genvar stage = 0; stage < OUTPUT_BITS; stage++) begin : stages
        localparam int LEFT = (1 << (OUTPUT_BITS - stage)) - 1;  // thresholds that remain in the search
        localparam int HALF = LEFT / 2;
        logic [INPUT_BITS-1:0] v;
        logic [LEFT*THRESHOLD_BITS-1:0] t;
        logic [OUTPUT_BITS-1:0] known;  // the bits found so far

        if (stage == 0) begin : first
            assign v = value;
            assign t = thresholds;
            assign known = '0;
        end else begin : later
            always_ff @(posedge clk) begin
                v <= stages[stage-1].v;
                t <= stages[stage-1].kept;
                known <= stages[stage-1].found;
            end
        end

        wire value_sign = SIGNED && v[INPUT_BITS-1];
        wire threshold_sign = SIGNED && t[(HALF+1)*THRESHOLD_BITS-1];
        wire signed [WIDTH-1:0] wide = WIDTH'({{WIDTH{value_sign}}, v});
        wire signed [WIDTH-1:0] middle = WIDTH'({{WIDTH{threshold_sign}}, t[HALF*THRESHOLD_BITS+:THRESHOLD_BITS]});
        wire reached = wide >= middle;
        wire [OUTPUT_BITS-1:0] found = OUTPUT_BITS'({known, reached});
        if (stage < OUTPUT_BITS - 1) begin : halves
            wire [HALF*THRESHOLD_BITS-1:0] upper = t[(HALF+1)*THRESHOLD_BITS+:HALF*THRESHOLD_BITS];
            wire [HALF*THRESHOLD_BITS-1:0] lower = t[0+:HALF*THRESHOLD_BITS];
        end
        wire [(HALF > 0 ? HALF : 1)*THRESHOLD_BITS-1:0] kept;
        if (stage < OUTPUT_BITS - 1) begin : keep
            assign kept = reached ? halves.upper : halves.lower;
        end else begin : done
            assign kept = '0;
        end
    end

    always_ff @(posedge clk) count <= stages[OUTPUT_BITS-1].found;
endmodule

`default_nettype wire
