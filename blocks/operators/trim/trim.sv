// Drops the lanes behind the last channel of each pixel, and gives full beats of LANES_OUT. Beat f of a pixel goes to lane
// f * LANES_IN % LANES_OUT behind what waits. A full beat leaves with the beat that fills it; the rest waits.
`default_nettype none

module farm_trim #(
    parameter int BITS = 2,
    parameter int CHANNELS = 4,
    parameter int LANES_IN = 3,
    parameter int LANES_OUT = 4  // at least LANES_IN; divides CHANNELS
) (
    input  wire                       clk,
    input  wire                       rst,
    input  wire  [LANES_IN*BITS-1:0]  in0_data,
    input  wire                       in0_valid,
    output logic                      in0_ready,
    output logic [LANES_OUT*BITS-1:0] out0_data,
    output logic                      out0_valid,
    input  wire                       out0_ready
);
    localparam int FOLDS = (CHANNELS + LANES_IN - 1) / LANES_IN;
    localparam int F_BITS = $clog2(FOLDS + 1);
    localparam int PLACES = LANES_OUT + LANES_IN;
    localparam bit FIRST_FILLS = LANES_IN >= LANES_OUT || FOLDS == 1;

    logic [F_BITS-1:0] fold, fold_next;
    logic fills, fills_next;  // this beat completes a beat of the output; a register, because it is in the path to ready
    wire last = fold == F_BITS'(FOLDS - 1);
    wire free = !out0_valid || out0_ready;
    assign in0_ready = (!fills || free) && !rst;
    wire take = in0_valid && in0_ready;

    // The place of this beat; lanes that it does not reach keep what waits there.
    logic [LANES_OUT*BITS-1:0] waiting;
    logic [PLACES*BITS-1:0] joined;
    always_comb begin
        joined = (PLACES*BITS)'(waiting);
        for (int f = 0; f < FOLDS; f++)
            if (fold == F_BITS'(f)) joined[((f*LANES_IN)%LANES_OUT)*BITS+:LANES_IN*BITS] = in0_data;
        fold_next = last ? '0 : fold + 1'b1;
        fills_next = FIRST_FILLS;
        for (int f = 1; f < FOLDS; f++)
            if (fold_next == F_BITS'(f)) fills_next = (f * LANES_IN) % LANES_OUT + LANES_IN >= LANES_OUT || f == FOLDS - 1;
    end

    always_ff @(posedge clk) begin
        if (rst) begin
            fold <= '0;
            fills <= FIRST_FILLS;
            out0_valid <= 1'b0;
        end else begin
            if (take) begin
                fold <= fold_next;
                fills <= fills_next;
            end
            out0_valid <= (take && fills) || (out0_valid && !out0_ready);
        end
    end

    always_ff @(posedge clk) begin
        if (take) waiting <= fills ? (LANES_OUT*BITS)'(joined >> (LANES_OUT * BITS)) : joined[LANES_OUT*BITS-1:0];
        if (take && fills) out0_data <= joined[LANES_OUT*BITS-1:0];
    end
endmodule

`default_nettype wire
