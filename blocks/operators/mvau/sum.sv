// The sum of one row of a matrix times a column, beat by beat.
`default_nettype none

// Bit planes of LANES activations and weights in, STAGES cycles later their sum is added to the accumulator. Weights of 1
// bit are 0 or 1, wider ones two's complement; with WEIGHT_BITS 0 the activations are added alone. A beat counts LANES
// times 2**(WEIGHT_BITS-1) times the highest activation too much if weights are two's complement, so that it is never
// negative; START takes this from each row.
module farm_mvau_sum #(
    parameter int LANES = 1,
    parameter int WEIGHT_BITS = 1,
    parameter int INPUT_BITS = 2,
    parameter int SUM_BITS = 8,
    parameter int STAGES = 2,
    parameter bit [63:0] START = 0
) (
    input  wire                             clk,
    input  wire                             rst,
    input  wire  [INPUT_BITS*LANES-1:0]     a,
    input  wire  [(WEIGHT_BITS > 0 ? WEIGHT_BITS : 1)*LANES-1:0] w,
    input  wire                             add,
    input  wire                             last,
    output logic [SUM_BITS-1:0]             total
);
    localparam longint WEIGHT = (64'd1 << (WEIGHT_BITS > 0 ? WEIGHT_BITS : 1)) - 1;
    localparam longint INPUT = (64'd1 << INPUT_BITS) - 1;
    localparam int BEAT_BITS = $clog2(LANES * WEIGHT * INPUT + 1);

    logic [SUM_BITS-1:0] accumulator;
    wire [SUM_BITS-1:0] next;
`ifdef SYNTHESIS
    wire [BEAT_BITS-1:0] beat;
    wire one;  // another bit of column 0
    localparam bit [SUM_BITS-1:0] PAIRS = SUM_BITS'((65'd1 << BEAT_BITS) - 1);
    farm_compress #(
        .LANES(LANES), .WEIGHT_BITS(WEIGHT_BITS), .INPUT_BITS(INPUT_BITS), .STAGES(STAGES), .BEAT_BITS(BEAT_BITS)
    ) compress (.clk, .a, .w, .beat, .one);
    farm_row_adder #(.BITS(SUM_BITS), .PAIRS(PAIRS)) adder (
        .x(accumulator), .y(SUM_BITS'(beat)), .enter(one), .sum(next)
    );
`else
    localparam int ROWS = WEIGHT_BITS > 0 ? WEIGHT_BITS : 1;
    // [n] is the sum of the first n terms: a weight's bit times an activation's bit, in all lanes.
    wire [BEAT_BITS-1:0] parts [INPUT_BITS*ROWS+1];
    assign parts[0] = '0;
    for (genvar plane = 0; plane < INPUT_BITS; plane++) begin : planes
        for (genvar row = 0; row < ROWS; row++) begin : rows
            wire [LANES-1:0] gated;
            if (WEIGHT_BITS == 0) begin : plain
                assign gated = a[plane*LANES+:LANES];
            end else if (WEIGHT_BITS > 1 && row == WEIGHT_BITS - 1) begin : negative
                assign gated = ~(a[plane*LANES+:LANES] & w[row*LANES+:LANES]);
            end else begin : positive
                assign gated = a[plane*LANES+:LANES] & w[row*LANES+:LANES];
            end
            wire [BEAT_BITS-1:0] count = BEAT_BITS'($countones(gated));
            assign parts[plane*ROWS+row+1] = parts[plane*ROWS+row] + (count << (plane + row));
        end
    end
    wire [BEAT_BITS-1:0] beat = parts[INPUT_BITS*ROWS];
    logic [STAGES*BEAT_BITS-1:0] beats;
    always_ff @(posedge clk) beats <= (STAGES*BEAT_BITS)'({beats, beat});
    assign next = accumulator + SUM_BITS'(beats[STAGES*BEAT_BITS-1-:BEAT_BITS]);
`endif
    always_ff @(posedge clk) begin
        // Set back after the last beat, so the first beat needs no multiplexer.
        if (rst || (add && last)) accumulator <= SUM_BITS'(START);
        else if (add) accumulator <= next;
        if (add && last) total <= next;
    end
endmodule

`default_nettype wire
