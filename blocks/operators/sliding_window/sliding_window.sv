// Windows over a map that is already padded. A beat holds one pixel of MMV windows, for a kernel position and channel
// fold.
//
// The line buffer is a ring of beats. A window's beats leave as soon as they have arrived. A pixel's place is free as
// soon as no later window needs it. The rows of the next image follow those of this one. So nothing waits for the end
// of a row or an image. MMV pixels, STRIDE_COLUMNS apart, are read in one cycle from BANKS memories: column x is in
// bank x % BANKS.
`default_nettype none

module farm_sliding_window #(
    parameter int WIDTH = 8,  // bits of a beat of one pixel
    parameter int FOLDS = 1,
    parameter int ROWS = 1,
    parameter int COLUMNS = 1,
    parameter int KERNEL = 3,  // rows
    parameter int STRIDE = 1,  // rows
    parameter int MMV = 1,
    parameter int KERNEL_COLUMNS = KERNEL,
    parameter int STRIDE_COLUMNS = STRIDE
) (
    input  wire                  clk,
    input  wire                  rst,
    input  wire  [WIDTH-1:0]     in0_data,
    input  wire                  in0_valid,
    output logic                 in0_ready,
    output logic [MMV*WIDTH-1:0] out0_data,
    output logic                 out0_valid,
    input  wire                  out0_ready
);
    localparam int OUT_ROWS = (ROWS - KERNEL) / STRIDE + 1;
    localparam int GROUPS = ((COLUMNS - KERNEL_COLUMNS) / STRIDE_COLUMNS + 1) / MMV;
    localparam int BANKS = MMV == 1 ? 1 : MMV * STRIDE_COLUMNS;

    // In beats of the input. Distances are from the first column of the current group in its first row.
    localparam int ROW_BEATS = COLUMNS * FOLDS;
    // The rows of a window, those that the next window row needs, and one more: during the last windows of an image,
    // rows for the first window of the next image arrive.
    localparam int HELD_ROWS = KERNEL + STRIDE + 1;
    localparam int HELD_BEATS = HELD_ROWS * ROW_BEATS;
    localparam int GROUP_BEATS = STRIDE_COLUMNS * MMV * FOLDS;
    localparam int FIRST_NEED = (MMV - 1) * STRIDE_COLUMNS * FOLDS;
    localparam int NEXT_ROW_BEATS = STRIDE * ROW_BEATS - (GROUPS - 1) * GROUP_BEATS;
    // Rows from the first row of the last window row to the next image.
    localparam int LEFT_ROWS = ROWS - (OUT_ROWS - 1) * STRIDE;
    localparam int NEXT_IMAGE_BEATS = LEFT_ROWS * ROW_BEATS - (GROUPS - 1) * GROUP_BEATS;
    // Two bits more than the largest distance, because `have` goes below zero when rows below the last window are
    // skipped.
    localparam int COUNT_BITS = $clog2(HELD_BEATS + (LEFT_ROWS + 1) * ROW_BEATS) + 2;

    // In words of a bank.
    localparam int ROW_WORDS = (COLUMNS + BANKS - 1) / BANKS * FOLDS;
    localparam int GROUP_WORDS = GROUP_BEATS / BANKS;
    localparam int WORDS = HELD_ROWS * ROW_WORDS;
    localparam int ADDRESS_BITS = $clog2(WORDS);

    localparam int F_BITS = $clog2(FOLDS + 1);
    localparam int X_BITS = $clog2(COLUMNS + 1);
    localparam int B_BITS = $clog2(BANKS + 1);
    localparam int KX_BITS = $clog2(KERNEL_COLUMNS + 1);
    localparam int KY_BITS = $clog2(KERNEL + 1);
    localparam int G_BITS = $clog2(GROUPS + 1);
    localparam int Y_BITS = $clog2(OUT_ROWS + 1);

    // ---- writing
    logic [F_BITS-1:0] in_fold;
    logic [X_BITS-1:0] in_x;
    logic [B_BITS-1:0] in_bank;
    logic [ADDRESS_BITS-1:0] in_word, in_row;  // of this pixel's first fold, of this row
    logic signed [COUNT_BITS-1:0] have;        // beats that have arrived
    logic signed [COUNT_BITS-1:0] advance;
    wire push = in0_valid && in0_ready;
    wire in_last_fold = in_fold == F_BITS'(FOLDS - 1);
    wire in_last_x = in_x == X_BITS'(COLUMNS - 1);
    wire in_last_bank = in_bank == B_BITS'(BANKS - 1);

    always_ff @(posedge clk) begin
        if (rst) begin
            in_fold <= '0;
            in_x <= '0;
            in_bank <= '0;
            in_word <= '0;
            in_row <= '0;
        end else if (push) begin
            in_fold <= in_last_fold ? '0 : in_fold + 1'b1;
            if (in_last_fold) begin
                in_x <= in_last_x ? '0 : in_x + 1'b1;
                in_bank <= in_last_x || in_last_bank ? '0 : in_bank + 1'b1;
                if (in_last_x) in_row <= in_row + ADDRESS_BITS'(ROW_WORDS);
                if (in_last_x) in_word <= in_row + ADDRESS_BITS'(ROW_WORDS);
                else if (in_last_bank) in_word <= in_word + ADDRESS_BITS'(FOLDS);
            end
        end
    end

    // ---- reading
    logic [F_BITS-1:0] fold;
    logic [KX_BITS-1:0] kx;
    logic [KY_BITS-1:0] ky;
    logic [G_BITS-1:0] group;
    logic [Y_BITS-1:0] y;
    logic [COUNT_BITS-1:0] need, need_row;  // input beat that this beat needs; that the kernel row's first beat needs
    logic [ADDRESS_BITS-1:0] word;          // address of this beat in a bank that has not wrapped
    logic [ADDRESS_BITS-1:0] row_word;      // address of the kernel row's first beat
    logic [ADDRESS_BITS-1:0] group_word;    // address of the group's first beat
    logic [ADDRESS_BITS-1:0] line_word;     // address of the first beat of this window row's first group
    wire last_fold = fold == F_BITS'(FOLDS - 1);
    wire last_kx = kx == KX_BITS'(KERNEL_COLUMNS - 1);
    wire last_ky = ky == KY_BITS'(KERNEL - 1);
    wire last_group = group == G_BITS'(GROUPS - 1);
    wire last_y = y == Y_BITS'(OUT_ROWS - 1);
    wire row_ends = last_fold && last_kx;
    wire window_ends = row_ends && last_ky;

    logic room;
    wire go = room && have > $signed(need);

    wire [ADDRESS_BITS-1:0] next_line = line_word + (last_y ? ADDRESS_BITS'(LEFT_ROWS * ROW_WORDS)
                                                            : ADDRESS_BITS'(STRIDE * ROW_WORDS));
    wire [ADDRESS_BITS-1:0] next_group = last_group ? next_line : group_word + ADDRESS_BITS'(GROUP_WORDS);
    wire [ADDRESS_BITS-1:0] next_row = row_word + ADDRESS_BITS'(ROW_WORDS);

    always_ff @(posedge clk) begin
        if (rst) begin
            fold <= '0;
            kx <= '0;
            ky <= '0;
            group <= '0;
            y <= '0;
            need <= COUNT_BITS'(FIRST_NEED);
            need_row <= COUNT_BITS'(FIRST_NEED);
            word <= '0;
            row_word <= '0;
            group_word <= '0;
            line_word <= '0;
        end else if (go) begin
            fold <= last_fold ? '0 : fold + 1'b1;
            if (last_fold) kx <= last_kx ? '0 : kx + 1'b1;
            if (row_ends) ky <= last_ky ? '0 : ky + 1'b1;
            if (window_ends) begin
                group <= last_group ? '0 : group + 1'b1;
                if (last_group) y <= last_y ? '0 : y + 1'b1;
                if (last_group) line_word <= next_line;
                group_word <= next_group;
                row_word <= next_group;
                word <= next_group;
                need <= COUNT_BITS'(FIRST_NEED);
                need_row <= COUNT_BITS'(FIRST_NEED);
            end else if (row_ends) begin
                row_word <= next_row;
                word <= next_row;
                need <= need_row + COUNT_BITS'(ROW_BEATS);
                need_row <= need_row + COUNT_BITS'(ROW_BEATS);
            end else begin
                // With one bank the columns of a kernel row are consecutive; with several, each rotates the banks.
                word <= BANKS > 1 && last_fold ? row_word : word + 1'b1;
                need <= need + 1'b1;
            end
        end
    end

    always_comb begin
        advance = '0;
        if (go && window_ends)
            advance = !last_group ? COUNT_BITS'(GROUP_BEATS)
                : last_y ? COUNT_BITS'(NEXT_IMAGE_BEATS) : COUNT_BITS'(NEXT_ROW_BEATS);
    end
    always_ff @(posedge clk) begin
        if (rst) begin
            have <= '0;
            in0_ready <= 1'b0;
        end else begin
            have <= have + COUNT_BITS'(push) - advance;
            // Ignores places that become free in this cycle; otherwise in0_ready would depend on out0_ready.
            in0_ready <= $signed(have + COUNT_BITS'(push)) < $signed(COUNT_BITS'(HELD_BEATS));
        end
    end

    // ---- banks
    logic [BANKS*WIDTH-1:0] data;
    logic [KX_BITS-1:0] data_kx;
    logic data_valid;
    always_ff @(posedge clk) begin
        data_valid <= go && !rst;
        data_kx <= kx;
    end

    wire [ADDRESS_BITS-1:0] in_address = in_word + ADDRESS_BITS'(in_fold);
    for (genvar bank = 0; bank < BANKS; bank++) begin : banks
        logic [WIDTH-1:0] words [1 << ADDRESS_BITS];
        logic [ADDRESS_BITS-1:0] wrapped;
        logic [WIDTH-1:0] read;
        always_comb begin
            // A kernel column wraps to the next word of this bank once for every BANKS columns.
            wrapped = word;
            for (int turn = 0; BANKS > 1 && turn * BANKS + bank < KERNEL_COLUMNS; turn++)
                if (kx > KX_BITS'(turn * BANKS + bank)) wrapped = wrapped + ADDRESS_BITS'(FOLDS);
        end
        always_ff @(posedge clk) begin
            if (push && in_bank == B_BITS'(bank)) words[in_address] <= in0_data;
            read <= words[wrapped];
        end
        assign data[bank*WIDTH+:WIDTH] = read;
    end

    logic [MMV*WIDTH-1:0] beat, turned;
    logic beat_valid;
    always_comb begin
        turned = '0;
        for (int m = 0; m < MMV; m++)
            for (int k = 0; k < (BANKS > 1 ? KERNEL_COLUMNS : 1); k++)
                if (BANKS == 1 || data_kx == KX_BITS'(k))
                    turned[m*WIDTH+:WIDTH] = data[((m*STRIDE_COLUMNS+k)%BANKS)*WIDTH+:WIDTH];
    end
    always_ff @(posedge clk) begin
        beat <= turned;
        beat_valid <= data_valid && !rst;
    end

    farm_credit_fifo #(.WIDTH(MMV * WIDTH), .LATENCY(2)) leave (
        .clk, .rst, .issue(go), .room, .in0_data(beat), .in0_valid(beat_valid), .out0_data, .out0_valid, .out0_ready
    );
endmodule

// Windows of 1 x 1, one pixel at a time: passes every STRIDE-th row and STRIDE_COLUMNS-th column on. It buffers one such
// row, so that the next operator has work while the skipped rows arrive.
module farm_subsample #(
    parameter int WIDTH = 8,
    parameter int FOLDS = 1,
    parameter int ROWS = 1,
    parameter int COLUMNS = 1,
    parameter int STRIDE = 2,  // rows
    parameter int STRIDE_COLUMNS = STRIDE
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
    localparam int F_BITS = $clog2(FOLDS + 1);
    localparam int X_BITS = $clog2(COLUMNS + 1);
    localparam int Y_BITS = $clog2(ROWS + 1);
    localparam int SX_BITS = $clog2(STRIDE_COLUMNS + 1);
    localparam int SY_BITS = $clog2(STRIDE + 1);
    // A place of the FIFO is free again four cycles after its beat has come, so fewer would hold up a short row.
    localparam int ROW_BEATS = (COLUMNS + STRIDE_COLUMNS - 1) / STRIDE_COLUMNS * FOLDS;
    localparam int PLACES = ROW_BEATS < 4 ? 4 : ROW_BEATS;

    logic [F_BITS-1:0] fold;
    logic [X_BITS-1:0] x;
    logic [Y_BITS-1:0] y;
    logic [SX_BITS-1:0] phase_x;
    logic [SY_BITS-1:0] phase_y;
    wire last_fold = fold == F_BITS'(FOLDS - 1);
    wire last_x = x == X_BITS'(COLUMNS - 1);
    wire last_y = y == Y_BITS'(ROWS - 1);
    wire passes = phase_x == 0 && phase_y == 0;

    logic slice_ready;
    assign in0_ready = (slice_ready || !passes) && !rst;

    always_ff @(posedge clk) begin
        if (rst) begin
            fold <= '0;
            x <= '0;
            y <= '0;
            phase_x <= '0;
            phase_y <= '0;
        end else if (in0_valid && in0_ready) begin
            fold <= last_fold ? '0 : fold + 1'b1;
            if (last_fold) begin
                x <= last_x ? '0 : x + 1'b1;
                phase_x <= last_x || phase_x == SX_BITS'(STRIDE_COLUMNS - 1) ? '0 : phase_x + 1'b1;
                if (last_x) begin
                    y <= last_y ? '0 : y + 1'b1;
                    phase_y <= last_y || phase_y == SY_BITS'(STRIDE - 1) ? '0 : phase_y + 1'b1;
                end
            end
        end
    end

    farm_fifo #(.WIDTH(WIDTH), .DEPTH(PLACES)) row (
        .clk, .rst, .in0_data, .in0_valid(in0_valid && passes), .in0_ready(slice_ready),
        .out0_data, .out0_valid, .out0_ready, .level()
    );
endmodule

`default_nettype wire
