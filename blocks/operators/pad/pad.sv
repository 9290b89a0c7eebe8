// Rows and columns of VALUE around a map; FOLDS beats a pixel. The top rows of an image leave only once its first beat has
// arrived, so nothing leaves without an image. The bottom rows need not wait.
`default_nettype none

module farm_pad #(
    parameter int WIDTH = 8,
    parameter int FOLDS = 1,
    parameter int ROWS = 1,
    parameter int COLUMNS = 1,
    parameter int TOP = 0,
    parameter int LEFT = 0,
    parameter int BOTTOM = 0,
    parameter int RIGHT = 0,
    parameter int SHIFT = 0,  // highest bits of a beat that leave with the next one; a row then ends with a beat of VALUE
    parameter int BITS = WIDTH,  // of an element
    parameter int VALUE = 0
) (
    input  wire              clk,
    input  wire              rst,
    input  wire  [WIDTH-1:0] in0_data,
    input  wire              in0_valid,
    output logic             in0_ready,
    output logic [WIDTH-1:0] out0_data,
    output logic             out0_valid,
    input  wire              out0_ready
);
    localparam logic [WIDTH-1:0] FILL = {(WIDTH / BITS){BITS'(VALUE)}};
    localparam int OUT_ROWS = TOP + ROWS + BOTTOM;
    localparam int OUT_COLUMNS = LEFT + COLUMNS + RIGHT;
    localparam int Y_BITS = $clog2(OUT_ROWS + 1);
    localparam int X_BITS = $clog2(OUT_COLUMNS + 1);
    localparam int F_BITS = $clog2(FOLDS + 1);

    logic [Y_BITS-1:0] y;
    logic [X_BITS-1:0] x;
    logic [F_BITS-1:0] fold;
    wire last_fold = fold == F_BITS'(FOLDS - 1);
    wire last_x = x == X_BITS'(OUT_COLUMNS - 1);
    wire last_y = y == Y_BITS'(OUT_ROWS - 1);
    // Registers, because they are in the path to ready: y and x are on the map; this is an image's first beat.
    logic on_row, on_column, begins;
    wire on_map = on_row && on_column;

    logic slice_ready;
    wire offered = on_map || begins ? in0_valid : !rst;
    wire moved = offered && slice_ready;
    assign in0_ready = on_map && slice_ready;

    always_ff @(posedge clk) begin
        if (rst) begin
            y <= '0;
            x <= '0;
            fold <= '0;
            begins <= 1'b1;
            on_row <= TOP == 0;
            on_column <= LEFT == 0;
        end else if (moved) begin
            fold <= last_fold ? '0 : fold + 1'b1;
            begins <= last_fold && last_x && last_y;
            if (last_fold) begin
                x <= last_x ? '0 : x + 1'b1;
                if (last_x) on_column <= LEFT == 0;
                else if (x == X_BITS'(LEFT - 1)) on_column <= 1'b1;
                else if (x == X_BITS'(LEFT + COLUMNS - 1)) on_column <= 1'b0;
                if (last_x) begin
                    y <= last_y ? '0 : y + 1'b1;
                    if (last_y) on_row <= TOP == 0;
                    else if (y == Y_BITS'(TOP - 1)) on_row <= 1'b1;
                    else if (y == Y_BITS'(TOP + ROWS - 1)) on_row <= 1'b0;
                end
            end
        end
    end

    wire [WIDTH-1:0] now = on_map ? in0_data : FILL;
    logic [WIDTH-1:0] beat;
    if (SHIFT == 0) begin : straight
        assign beat = now;
    end else begin : shifted
        logic [SHIFT-1:0] carried;
        assign beat = {now[WIDTH-SHIFT-1:0], carried};
        always_ff @(posedge clk) begin
            if (rst) carried <= FILL[WIDTH-1:WIDTH-SHIFT];
            else if (moved) carried <= now[WIDTH-1:WIDTH-SHIFT];
        end
    end

    farm_skid #(.WIDTH(WIDTH)) leave (
        .clk, .rst, .in0_data(beat), .in0_valid(offered), .in0_ready(slice_ready),
        .out0_data, .out0_valid, .out0_ready
    );
endmodule

`default_nettype wire
