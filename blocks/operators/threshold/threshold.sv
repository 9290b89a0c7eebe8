// Counts how many of its channel's thresholds a value has reached, for LANES channels a beat. A lane compares with all
// thresholds at once. A search with one comparator per output bit takes more LUTs, because it moves thresholds: each
// further stage has a multiplexer for half of them, and registers. For 4-bit outputs and values of 11 bits that is 155
// estimated LCs a lane instead of 127.
`default_nettype none

module farm_threshold #(
    parameter int LANES = 1,
    parameter int INPUT_BITS = 8,
    parameter int THRESHOLD_BITS = 8,
    parameter int OUTPUT_BITS = 2,
    parameter bit SIGNED = 1,
    parameter bit INVERTS = 0  // a beat of in1 ends with a flag for each lane, which inverts its counts
) (
    input  wire                        clk,
    input  wire                        rst,
    input  wire  [LANES*INPUT_BITS-1:0] in0_data,
    input  wire                        in0_valid,
    output logic                       in0_ready,
    input  wire  [(LANES*((1<<OUTPUT_BITS)-1)+(INVERTS?(LANES+THRESHOLD_BITS-1)/THRESHOLD_BITS:0))*THRESHOLD_BITS-1:0] in1_data,
    input  wire                        in1_valid,
    output logic                       in1_ready,
    output logic [LANES*OUTPUT_BITS-1:0] out0_data,
    output logic                       out0_valid,
    input  wire                        out0_ready
);
    localparam int STEPS = (1 << OUTPUT_BITS) - 1;

    localparam int LATENCY = 3;  // a value waits for its thresholds, is compared, and the comparisons are counted

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
        ) compare (
            .clk,
            .value(values[lane*INPUT_BITS+:INPUT_BITS]),
            .thresholds(in1_data[lane*STEPS*THRESHOLD_BITS+:STEPS*THRESHOLD_BITS]),
            .count(counts[lane*OUTPUT_BITS+:OUTPUT_BITS])
        );
    end

    logic [LANES*OUTPUT_BITS-1:0] results;
    if (INVERTS) begin : inverting
        // The flags stand at the port beside the thresholds; two registers later the counts are there.
        logic [LANES-1:0] early, flags;
        always_ff @(posedge clk) begin
            early <= in1_data[LANES*STEPS*THRESHOLD_BITS+:LANES];
            flags <= early;
        end
        for (genvar lane = 0; lane < LANES; lane++) begin : inverted
            assign results[lane*OUTPUT_BITS+:OUTPUT_BITS] =
                counts[lane*OUTPUT_BITS+:OUTPUT_BITS] ^ {OUTPUT_BITS{flags[lane]}};
        end
    end else begin : straight
        assign results = counts;
    end

    always_ff @(posedge clk) stage_valid <= rst ? '0 : LATENCY'({stage_valid, take});

    farm_credit_fifo #(.WIDTH(LANES * OUTPUT_BITS), .LATENCY(LATENCY)) leave (
        .clk, .rst, .issue(take), .room, .in0_data(results), .in0_valid(stage_valid[LATENCY-1]),
        .out0_data, .out0_valid, .out0_ready
    );
endmodule

// One channel. Thresholds ascend, so the comparisons are ones below zeros, and each bit of their number is one of them,
// chosen by the bits above it.
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
    localparam int STEPS = (1 << OUTPUT_BITS) - 1;
    // Both are compared as signed numbers; unsigned ones are extended by a zero bit.
    localparam int WIDTH = SIGNED ? THRESHOLD_BITS : THRESHOLD_BITS + 1;

    wire value_sign = SIGNED && value[INPUT_BITS-1];
    wire signed [WIDTH-1:0] wide = WIDTH'({{WIDTH{value_sign}}, value});
    logic [STEPS-1:0] reached;
    for (genvar step = 0; step < STEPS; step++) begin : steps
        wire sign = SIGNED && thresholds[(step+1)*THRESHOLD_BITS-1];
        wire signed [WIDTH-1:0] threshold = WIDTH'({{WIDTH{sign}}, thresholds[step*THRESHOLD_BITS+:THRESHOLD_BITS]});
        always_ff @(posedge clk) reached[step] <= wide >= threshold;
    end

    logic [OUTPUT_BITS-1:0] number;
    always_comb begin
        number = '0;
        // With the bits above it as they are, a bit is set if the middle one of the thresholds that remain is reached.
        for (int b = OUTPUT_BITS - 1; b >= 0; b--) number[b] = reached[number|OUTPUT_BITS'((1<<b)-1)];
    end
    always_ff @(posedge clk) count <= number;
endmodule

`default_nettype wire
