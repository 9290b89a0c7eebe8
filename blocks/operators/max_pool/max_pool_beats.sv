// The largest value of each window, lane by lane, one beat of the padded map a cycle: first across the KERNEL_COLUMNS
// columns that end here, then down the KERNEL rows that end here. It keeps KERNEL_COLUMNS - 1 pixels and KERNEL - 1 rows
// of maxima.
`default_nettype none

module farm_max_pool_beats #(
    parameter int LANES = 1,
    parameter int BITS = 2,
    parameter int FOLDS = 1,
    parameter int ROWS = 2,
    parameter int COLUMNS = 2,
    parameter int KERNEL = 2,  // rows; a window has at least two pixels
    parameter int STRIDE = 2,  // rows
    parameter int KERNEL_COLUMNS = KERNEL,
    parameter int STRIDE_COLUMNS = STRIDE
) (
    input  wire                   clk,
    input  wire                   rst,
    input  wire  [LANES*BITS-1:0] in0_data,
    input  wire                   in0_valid,
    output logic                  in0_ready,
    output logic [LANES*BITS-1:0] out0_data,
    output logic                  out0_valid,
    input  wire                   out0_ready
);
    localparam int WIDTH = LANES * BITS;
    localparam int LEFT = (KERNEL_COLUMNS - 1) * WIDTH;
    localparam int KEPT = (KERNEL - 1) * WIDTH;
    localparam int PLACES = ((COLUMNS - KERNEL_COLUMNS) / STRIDE_COLUMNS + 1) * FOLDS;  // maxima across, of one row
    localparam int F_BITS = FOLDS > 1 ? $clog2(FOLDS) : 1;
    localparam int X_BITS = $clog2(COLUMNS + 1);
    localparam int Y_BITS = $clog2(ROWS + 1);
    localparam int P_BITS = PLACES > 1 ? $clog2(PLACES) : 1;
    localparam int WX_BITS = $clog2((KERNEL_COLUMNS > STRIDE_COLUMNS ? KERNEL_COLUMNS : STRIDE_COLUMNS) + 1);
    localparam int WY_BITS = $clog2((KERNEL > STRIDE ? KERNEL : STRIDE) + 1);

    logic [F_BITS-1:0] fold;
    logic [X_BITS-1:0] x;
    logic [Y_BITS-1:0] y;
    logic [WX_BITS-1:0] wait_x;  // columns until the next window ends
    logic [WY_BITS-1:0] wait_y;  // rows until then
    logic [P_BITS-1:0] place;
    wire last_fold = fold == F_BITS'(FOLDS - 1);
    wire last_x = x == X_BITS'(COLUMNS - 1);
    wire last_y = y == Y_BITS'(ROWS - 1);
    wire ends_x = wait_x == 0;
    wire ends_y = wait_y == 0;

    logic room;
    assign in0_ready = room;
    wire take = in0_valid && in0_ready;

    always_ff @(posedge clk) begin
        if (rst) begin
            fold <= '0;
            x <= '0;
            y <= '0;
            wait_x <= WX_BITS'(KERNEL_COLUMNS - 1);
            wait_y <= WY_BITS'(KERNEL - 1);
            place <= '0;
        end else if (take) begin
            fold <= last_fold ? '0 : fold + 1'b1;
            if (last_fold && last_x) place <= '0;
            else if (ends_x) place <= place + 1'b1;
            if (last_fold) begin
                x <= last_x ? '0 : x + 1'b1;
                wait_x <= last_x ? WX_BITS'(KERNEL_COLUMNS - 1) : ends_x ? WX_BITS'(STRIDE_COLUMNS - 1) : wait_x - 1'b1;
                if (last_x) begin
                    y <= last_y ? '0 : y + 1'b1;
                    wait_y <= last_y ? WY_BITS'(KERNEL - 1) : ends_y ? WY_BITS'(STRIDE - 1) : wait_y - 1'b1;
                end
            end
        end
    end

    // Across: the pixels to the left, per fold, the newest in the highest bits.
    logic [WIDTH-1:0] across;
    if (KERNEL_COLUMNS == 1) begin : column
        assign across = in0_data;
    end else begin : columns
        (* ram_style = "distributed" *) logic [LEFT-1:0] recent [FOLDS];
        wire [LEFT+WIDTH-1:0] row = {in0_data, recent[fold]};
        farm_max_of #(.COUNT(KERNEL_COLUMNS), .LANES(LANES), .BITS(BITS)) largest_of (.in(row), .out(across));
        always_ff @(posedge clk) if (take) recent[fold] <= LEFT'(row >> WIDTH);
    end

    // Down: the maxima of the rows above, per place, the newest in the highest bits.
    logic [WIDTH-1:0] largest, down, result;
    logic leaves, result_valid;
    if (KERNEL == 1) begin : row
        assign down = largest;
    end else begin : rows
        logic [KEPT-1:0] above [PLACES];
        logic [KEPT-1:0] upper;
        logic [P_BITS-1:0] at;
        logic hit;
        farm_max_of #(.COUNT(KERNEL), .LANES(LANES), .BITS(BITS)) largest_of (.in({largest, upper}), .out(down));
        always_ff @(posedge clk) begin
            hit <= take && ends_x && !rst;
        end
        always_ff @(posedge clk) begin
            upper <= above[place];
            at <= place;
            if (hit) above[at] <= KEPT'({largest, upper} >> WIDTH);
        end
    end
    always_ff @(posedge clk) begin
        leaves <= take && ends_x && ends_y && !rst;
        result_valid <= leaves && !rst;
    end
    always_ff @(posedge clk) begin
        largest <= across;
        result <= down;
    end

    farm_credit_fifo #(.WIDTH(WIDTH), .LATENCY(2)) leave (
        .clk, .rst, .issue(take && ends_x && ends_y), .room, .in0_data(result), .in0_valid(result_valid),
        .out0_data, .out0_valid, .out0_ready
    );
endmodule

// The largest of COUNT beats, lane by lane.
module farm_max_of #(
    parameter int COUNT = 2,
    parameter int LANES = 1,
    parameter int BITS = 2
) (
    input  wire  [COUNT*LANES*BITS-1:0] in,
    output logic [LANES*BITS-1:0]       out
);
    for (genvar lane = 0; lane < LANES; lane++) begin : lanes
        logic [BITS-1:0] best;
        always_comb begin
            best = in[lane*BITS+:BITS];
            for (int k = 1; k < COUNT; k++)
                if (in[(k*LANES+lane)*BITS+:BITS] > best) best = in[(k*LANES+lane)*BITS+:BITS];
        end
        assign out[lane*BITS+:BITS] = best;
    end
endmodule

`default_nettype wire
