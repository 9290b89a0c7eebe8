// The sum of each window, lane by lane: takes windows from farm_sliding_window and keeps a sum per fold.
`default_nettype none

module farm_sum_pool #(
    parameter int LANES = 1,
    parameter int BITS = 2,
    parameter int OUTPUT_BITS = 4,
    parameter int FOLDS = 1,
    parameter int ROWS = 2,
    parameter int COLUMNS = 2,
    parameter int KERNEL = 2,  // rows
    parameter int STRIDE = 2,  // rows
    parameter int KERNEL_COLUMNS = KERNEL,
    parameter int STRIDE_COLUMNS = STRIDE
) (
    input  wire                   clk,
    input  wire                   rst,
    input  wire  [LANES*BITS-1:0] in0_data,
    input  wire                   in0_valid,
    output logic                  in0_ready,
    output logic [LANES*OUTPUT_BITS-1:0] out0_data,
    output logic                  out0_valid,
    input  wire                   out0_ready
);
    localparam int F_BITS = FOLDS > 1 ? $clog2(FOLDS) : 1;
    localparam int P_BITS = $clog2(KERNEL * KERNEL_COLUMNS + 1);

    logic [LANES*BITS-1:0] beat;
    logic [LANES*OUTPUT_BITS-1:0] after;
    logic beat_valid, beat_ready, slice_ready;

    // A window of one pixel needs no buffer.
    if (KERNEL * KERNEL_COLUMNS == 1) begin : pixels
        farm_subsample #(
            .WIDTH(LANES * BITS), .FOLDS(FOLDS), .ROWS(ROWS), .COLUMNS(COLUMNS), .STRIDE(STRIDE),
            .STRIDE_COLUMNS(STRIDE_COLUMNS)
        ) windows (
            .clk, .rst, .in0_data, .in0_valid, .in0_ready,
            .out0_data(beat), .out0_valid(beat_valid), .out0_ready(beat_ready)
        );
    end else begin : buffered
        farm_sliding_window #(
            .WIDTH(LANES * BITS), .FOLDS(FOLDS), .ROWS(ROWS), .COLUMNS(COLUMNS), .KERNEL(KERNEL), .STRIDE(STRIDE),
            .KERNEL_COLUMNS(KERNEL_COLUMNS), .STRIDE_COLUMNS(STRIDE_COLUMNS)
        ) windows (
            .clk, .rst, .in0_data, .in0_valid, .in0_ready,
            .out0_data(beat), .out0_valid(beat_valid), .out0_ready(beat_ready)
        );
    end

    logic [F_BITS-1:0] fold;
    logic [P_BITS-1:0] place;  // kernel row and column
    wire last_fold = fold == F_BITS'(FOLDS - 1);
    wire first = place == 0;
    wire last = place == P_BITS'(KERNEL * KERNEL_COLUMNS - 1);
    assign beat_ready = (!last || slice_ready) && !rst;
    wire take = beat_valid && beat_ready;

    (* ram_style = "distributed" *) logic [LANES*OUTPUT_BITS-1:0] sums [FOLDS];
    wire [LANES*OUTPUT_BITS-1:0] held = sums[fold];
    for (genvar lane = 0; lane < LANES; lane++) begin : lanes
        wire [OUTPUT_BITS-1:0] sum = first ? '0 : held[lane*OUTPUT_BITS+:OUTPUT_BITS];
        assign after[lane*OUTPUT_BITS+:OUTPUT_BITS] = sum + OUTPUT_BITS'(beat[lane*BITS+:BITS]);
    end

    always_ff @(posedge clk) begin
        if (rst) begin
            fold <= '0;
            place <= '0;
        end else if (take) begin
            fold <= last_fold ? '0 : fold + 1'b1;
            if (last_fold) place <= last ? '0 : place + 1'b1;
        end
    end

    always_ff @(posedge clk) if (take) sums[fold] <= after;

    farm_skid #(.WIDTH(LANES * OUTPUT_BITS)) leave (
        .clk, .rst, .in0_data(after), .in0_valid(beat_valid && last), .in0_ready(slice_ready),
        .out0_data, .out0_valid, .out0_ready
    );
endmodule

`default_nettype wire
