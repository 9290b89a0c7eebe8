// Forms of some parts that take more LUTs than those in use. `python -m benchmarks.rtl.savings` sets them side by side.
`default_nettype none

// The sums of a matrix-vector unit, corrected in each PE and then taken apart: by a shift register, or where they stand.
module dearer_narrow #(
    parameter int PE = 2,
    parameter int MMV = 1,
    parameter int LANES_OUT = 1,
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
    localparam int WIDTH = LANES_OUT * ACCUMULATOR_BITS;
    localparam int RATIO = MMV * PE / LANES_OUT;
    localparam int BITS = $clog2(RATIO + 1);

    logic [MMV*PE*ACCUMULATOR_BITS-1:0] differences, results;
    for (genvar m = 0; m < MMV; m++) begin : pixels
        farm_mvau_difference #(.LANES(PE), .SUM_BITS(SUM_BITS), .ACCUMULATOR_BITS(ACCUMULATOR_BITS)) difference (
            .sums(in0_data[m*PE*SUM_BITS+:PE*SUM_BITS]), .all(in0_data[(MMV*PE+m)*SUM_BITS+:SUM_BITS]),
            .out(differences[m*PE*ACCUMULATOR_BITS+:PE*ACCUMULATOR_BITS])
        );
    end
    always_ff @(posedge clk) if (in0_valid) results <= differences;

    if (INPUT_HELD) begin : held
        farm_narrow #(.WIDTH(WIDTH), .RATIO(RATIO), .INPUT_HELD(1)) narrow (
            .clk, .rst, .in0_data(results), .in0_valid, .in0_ready, .out0_data, .out0_valid, .out0_ready
        );
    end else begin : spread
        logic [WIDTH*RATIO-1:0] left;
        logic [BITS-1:0] count;  // beats still to send
        logic last, none;        // count is 1, count is 0
        assign out0_valid = !none;
        assign out0_data = left[WIDTH-1:0];
        assign in0_ready = none || (last && out0_ready);

        always_ff @(posedge clk) begin
            if (rst) begin
                count <= '0;
                last <= 1'b0;
                none <= 1'b1;
            end else if (in0_ready) begin
                count <= in0_valid ? BITS'(RATIO) : '0;
                last <= 1'b0;
                none <= !in0_valid;
            end else if (out0_ready) begin
                count <= count - 1'b1;
                last <= count == BITS'(2);
            end
        end

        always_ff @(posedge clk) begin
            if (in0_ready) left <= results;
            else if (out0_ready) left <= (WIDTH * RATIO)'(left >> WIDTH);
        end
    end
endmodule

// One channel's thresholds, found by binary search: a stage per bit of the count, highest first, with a comparator each.
module dearer_threshold_lane #(
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
        wire [(HALF > 0 ? HALF : 1)*THRESHOLD_BITS-1:0] kept;
        if (stage < OUTPUT_BITS - 1) begin : halves
            wire [HALF*THRESHOLD_BITS-1:0] upper = t[(HALF+1)*THRESHOLD_BITS+:HALF*THRESHOLD_BITS];
            wire [HALF*THRESHOLD_BITS-1:0] lower = t[0+:HALF*THRESHOLD_BITS];
            assign kept = reached ? upper : lower;
        end else begin : done
            assign kept = '0;
        end
    end

    always_ff @(posedge clk) count <= stages[OUTPUT_BITS-1].found;
endmodule

`default_nettype wire
