// Sum over PIXELS of max(v - ZERO_POINT, 0), channel by channel.
`default_nettype none

module farm_acc_pool #(
    parameter int LANES = 1,
    parameter int FOLDS = 1,
    parameter int PIXELS = 1,
    parameter int INPUT_BITS = 4,
    parameter int OUTPUT_BITS = 9,
    parameter int ZERO_POINT = 8
) (
    input  wire                          clk,
    input  wire                          rst,
    input  wire  [LANES*INPUT_BITS-1:0]  in0_data,
    input  wire                          in0_valid,
    output logic                         in0_ready,
    output logic [LANES*OUTPUT_BITS-1:0] out0_data,
    output logic                         out0_valid,
    input  wire                          out0_ready
);
    localparam int F_BITS = FOLDS > 1 ? $clog2(FOLDS) : 1;
    localparam int P_BITS = $clog2(PIXELS + 1);

    logic [F_BITS-1:0] fold;
    logic [P_BITS-1:0] pixel;
    wire last_fold = fold == F_BITS'(FOLDS - 1);
    wire first = pixel == 0;
    wire last = pixel == P_BITS'(PIXELS - 1);

    logic slice_ready;
    assign in0_ready = (!last || slice_ready) && !rst;
    wire take = in0_valid && in0_ready;

    (* ram_style = "distributed" *) logic [LANES*OUTPUT_BITS-1:0] sums [FOLDS];
    wire [LANES*OUTPUT_BITS-1:0] held = sums[fold];
    logic [LANES*OUTPUT_BITS-1:0] after;
    for (genvar lane = 0; lane < LANES; lane++) begin : lanes
        wire [INPUT_BITS-1:0] v = in0_data[lane*INPUT_BITS+:INPUT_BITS];
        wire [INPUT_BITS-1:0] positive = v > INPUT_BITS'(ZERO_POINT) ? v - INPUT_BITS'(ZERO_POINT) : '0;
        wire [OUTPUT_BITS-1:0] sum = first ? '0 : held[lane*OUTPUT_BITS+:OUTPUT_BITS];
        assign after[lane*OUTPUT_BITS+:OUTPUT_BITS] = sum + OUTPUT_BITS'(positive);
    end

    always_ff @(posedge clk) begin
        if (rst) begin
            fold <= '0;
            pixel <= '0;
        end else if (take) begin
            fold <= last_fold ? '0 : fold + 1'b1;
            if (last_fold) pixel <= last ? '0 : pixel + 1'b1;
        end
    end

    always_ff @(posedge clk) if (take) sums[fold] <= after;

    farm_skid #(.WIDTH(LANES * OUTPUT_BITS)) leave (
        .clk, .rst, .in0_data(after), .in0_valid(in0_valid && last), .in0_ready(slice_ready),
        .out0_data, .out0_valid, .out0_ready
    );
endmodule

`default_nettype wire
