// Zero rows and columns around a map; FOLDS beats a pixel. The top rows of an image leave when its first beat is there, so
// that nothing leaves without an image; the bottom rows wait for nothing.
`default_nettype none

module farm_pad #(
    parameter int WIDTH = 8,
    parameter int FOLDS = 1,
    parameter int ROWS = 1,
    parameter int COLUMNS = 1,
    parameter int TOP = 0,
    parameter int LEFT = 0,
    parameter int BOTTOM = 0,
    parameter int RIGHT = 0
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
    // Less than zero wraps to more than any size.
    wire [Y_BITS-1:0] row = y - Y_BITS'(TOP);
    wire [X_BITS-1:0] column = x - X_BITS'(LEFT);
    wire on_map = row < Y_BITS'(ROWS) && column < X_BITS'(COLUMNS);
    wire begins = y == 0 && x == 0 && fold == 0;

    logic slice_ready;
    wire offered = on_map || begins ? in0_valid : !rst;
    wire moved = offered && slice_ready;
    assign in0_ready = on_map && slice_ready;

    always_ff @(posedge clk) begin
        if (rst) begin
            y <= '0;
            x <= '0;
            fold <= '0;
        end else if (moved) begin
            fold <= last_fold ? '0 : fold + 1'b1;
            if (last_fold) begin
                x <= last_x ? '0 : x + 1'b1;
                if (last_x) y <= last_y ? '0 : y + 1'b1;
            end
        end
    end

    farm_skid #(.WIDTH(WIDTH)) leave (
        .clk, .rst, .in0_data(on_map ? in0_data : '0), .in0_valid(offered), .in0_ready(slice_ready),
        .out0_data, .out0_valid, .out0_ready
    );
endmodule

`default_nettype wire
