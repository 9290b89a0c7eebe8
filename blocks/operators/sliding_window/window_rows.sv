// Windows over a map that is already padded, for beats that cross kernel positions and for several pixels a beat of
// input. A beat of the input holds PIXELS whole pixels. BEATS beats hold a kernel row of MMV windows: beat b has the
// lanes b * SIMD to b * SIMD + SIMD - 1 of the kernel row of each.
//
// The line buffer is a ring of rows, as in farm_sliding_window: a window leaves as soon as its last pixel is in, a place
// is free as soon as no later window needs it, and images follow each other. All columns of a kernel row of MMV windows
// are read in one cycle: column x is in bank x % BANKS, and BANKS is at least their number.
`default_nettype none

module farm_window_rows #(
    parameter int LANE_BITS = 8,
    parameter int CHANNELS = 1,
    parameter int SIMD = 1,
    parameter int PIXELS = 1,
    parameter int ROWS = 1,
    parameter int COLUMNS = 1,
    parameter int GROUPS = 1,  // of MMV windows in a row
    parameter int KERNEL = 3,  // rows
    parameter int STRIDE = 1,  // rows
    parameter int MMV = 1,
    parameter int BANKS = 3,
    parameter int TURNS = 3,  // banks that can hold the first column of a group: those that steps reach from bank 0
    parameter int KERNEL_COLUMNS = KERNEL,
    parameter int STRIDE_COLUMNS = STRIDE
) (
    input  wire                              clk,
    input  wire                              rst,
    input  wire  [PIXELS*CHANNELS*LANE_BITS-1:0] in0_data,
    input  wire                              in0_valid,
    output logic                             in0_ready,
    output logic [MMV*SIMD*LANE_BITS-1:0]    out0_data,
    output logic                             out0_valid,
    input  wire                              out0_ready
);
    localparam int WIDTH = CHANNELS * LANE_BITS;             // of a pixel
    localparam int BEATS = KERNEL_COLUMNS * CHANNELS / SIMD;
    localparam int STEP = MMV * STRIDE_COLUMNS;              // columns from group to group
    localparam int SPAN = (MMV - 1) * STRIDE_COLUMNS + KERNEL_COLUMNS;  // columns of a group
    localparam int OUT_ROWS = (ROWS - KERNEL) / STRIDE + 1;

    // In words of a bank. At least one row more than a window row and the next one need; more if the memory has the words,
    // so that the first rows of the next image arrive during the last windows of this one.
    localparam int ROW_WORDS = (COLUMNS + BANKS - 1) / BANKS;
    localparam int ADDRESS_BITS = $clog2((KERNEL + STRIDE + 1) * ROW_WORDS);
    localparam int HELD_ROWS = (1 << ADDRESS_BITS) / ROW_WORDS;

    // In pixels, from the first column of the current group in its first row.
    localparam int HELD = HELD_ROWS * COLUMNS;
    localparam int NEXT_ROW = STRIDE * COLUMNS - (GROUPS - 1) * STEP;
    localparam int LEFT_ROWS = ROWS - (OUT_ROWS - 1) * STRIDE;  // from the last window row to the next image
    localparam int NEXT_IMAGE = LEFT_ROWS * COLUMNS - (GROUPS - 1) * STEP;
    // Two bits more than the largest distance: `have` goes below zero when rows below the last window are skipped.
    localparam int COUNT_BITS = $clog2(HELD + (LEFT_ROWS + 1) * COLUMNS) + 2;

    localparam int X_BITS = $clog2(COLUMNS + PIXELS);
    localparam int B_BITS = $clog2(BANKS + PIXELS + STEP + 1);
    localparam int K_BITS = $clog2(KERNEL + 1);
    localparam int G_BITS = $clog2(GROUPS + 1);
    localparam int Y_BITS = $clog2(OUT_ROWS + 1);
    localparam int P_BITS = BEATS > 1 ? $clog2(BEATS) : 1;

    // ---- writing
    logic [X_BITS-1:0] in_x;
    logic [B_BITS-1:0] in_bank;                // of the beat's first pixel
    logic [ADDRESS_BITS-1:0] in_word, in_row;  // of this beat, of this row
    logic signed [COUNT_BITS-1:0] have, advance;
    wire push = in0_valid && in0_ready;
    wire in_last_x = in_x == X_BITS'(COLUMNS - PIXELS);
    wire in_last_bank = in_bank == B_BITS'(BANKS - PIXELS);

    always_ff @(posedge clk) begin
        if (rst) begin
            in_x <= '0;
            in_bank <= '0;
            in_word <= '0;
            in_row <= '0;
        end else if (push) begin
            in_x <= in_last_x ? '0 : in_x + X_BITS'(PIXELS);
            in_bank <= in_last_x || in_last_bank ? '0 : in_bank + B_BITS'(PIXELS);
            if (in_last_x) in_row <= in_row + ADDRESS_BITS'(ROW_WORDS);
            if (in_last_x) in_word <= in_row + ADDRESS_BITS'(ROW_WORDS);
            else if (in_last_bank) in_word <= in_word + 1'b1;
        end
    end

    // ---- reading: a kernel row of a group is read with its first beat
    logic [P_BITS-1:0] part;
    logic [K_BITS-1:0] ky;
    logic [G_BITS-1:0] group;
    logic [Y_BITS-1:0] y;
    logic [B_BITS-1:0] bank;                  // of the group's first column
    logic [ADDRESS_BITS-1:0] word, row_word;  // of the group's first column: in this kernel row, in its first
    logic [ADDRESS_BITS-1:0] line_word;       // of the first column of this window row
    logic [COUNT_BITS-1:0] need;              // the pixel that this kernel row needs
    wire first_part = part == 0;
    wire last_part = part == P_BITS'(BEATS - 1);
    wire last_ky = ky == K_BITS'(KERNEL - 1);
    wire last_group = group == G_BITS'(GROUPS - 1);
    wire last_y = y == Y_BITS'(OUT_ROWS - 1);
    wire group_ends = last_part && last_ky;

    logic room;
    wire go = room && (!first_part || have > $signed(need));

    wire [ADDRESS_BITS-1:0] next_line = line_word + (last_y ? ADDRESS_BITS'(LEFT_ROWS * ROW_WORDS)
                                                            : ADDRESS_BITS'(STRIDE * ROW_WORDS));
    // A group is STEP columns behind the one before it: whole words, and perhaps one more if the bank wraps.
    wire wraps = bank >= B_BITS'(BANKS - STEP % BANKS);
    wire [B_BITS-1:0] next_bank = wraps ? bank - B_BITS'(BANKS - STEP % BANKS) : bank + B_BITS'(STEP % BANKS);
    wire [ADDRESS_BITS-1:0] next_group = last_group ? next_line
        : row_word + ADDRESS_BITS'(STEP / BANKS) + ADDRESS_BITS'(wraps);

    always_ff @(posedge clk) begin
        if (rst) begin
            part <= '0;
            ky <= '0;
            group <= '0;
            y <= '0;
            bank <= '0;
            word <= '0;
            row_word <= '0;
            line_word <= '0;
            need <= COUNT_BITS'(SPAN - 1);
        end else if (go) begin
            part <= last_part ? '0 : part + 1'b1;
            if (last_part) begin
                ky <= last_ky ? '0 : ky + 1'b1;
                word <= last_ky ? next_group : word + ADDRESS_BITS'(ROW_WORDS);
                need <= last_ky ? COUNT_BITS'(SPAN - 1) : need + COUNT_BITS'(COLUMNS);
            end
            if (group_ends) begin
                group <= last_group ? '0 : group + 1'b1;
                bank <= last_group ? '0 : next_bank;
                row_word <= next_group;
                if (last_group) y <= last_y ? '0 : y + 1'b1;
                if (last_group) line_word <= next_line;
            end
        end
    end

    always_comb begin
        advance = '0;
        if (go && group_ends)
            advance = !last_group ? COUNT_BITS'(STEP) : last_y ? COUNT_BITS'(NEXT_IMAGE) : COUNT_BITS'(NEXT_ROW);
    end
    wire signed [COUNT_BITS-1:0] arrived = push ? COUNT_BITS'(PIXELS) : '0;
    always_ff @(posedge clk) begin
        if (rst) begin
            have <= '0;
            in0_ready <= 1'b0;
        end else begin
            have <= have + arrived - advance;
            // Ignores places that become free in this cycle; otherwise in0_ready would depend on out0_ready.
            in0_ready <= $signed(have + arrived) <= $signed(COUNT_BITS'(HELD - PIXELS));
        end
    end

    // ---- banks: one cycle to read, one to turn the columns into their order, one to choose the beat
    logic [BANKS*WIDTH-1:0] data;
    logic [SPAN*WIDTH-1:0] turned, row;
    logic [B_BITS-1:0] data_bank;
    logic data_first, data_valid, row_valid;
    logic [P_BITS-1:0] data_part, row_part;
    always_ff @(posedge clk) begin
        data_valid <= go && !rst;
        data_first <= go && first_part;
        data_bank <= bank;
        data_part <= part;
        row_valid <= data_valid && !rst;
        row_part <= data_part;
        if (data_first) row <= turned;
    end

    for (genvar b = 0; b < BANKS; b++) begin : banks
        logic [WIDTH-1:0] words [1 << ADDRESS_BITS];
        logic [WIDTH-1:0] read;
        wire [ADDRESS_BITS-1:0] from = word + ADDRESS_BITS'(bank > B_BITS'(b));
        always_ff @(posedge clk) begin
            if (push && in_bank == B_BITS'(b - b % PIXELS)) words[in_word] <= in0_data[(b%PIXELS)*WIDTH+:WIDTH];
            read <= words[from];
        end
        assign data[b*WIDTH+:WIDTH] = read;
    end

    always_comb begin
        turned = '0;
        for (int turn = 0; turn < TURNS; turn++)
            if (data_bank == B_BITS'((turn * STEP) % BANKS))
                for (int column = 0; column < SPAN; column++)
                    turned[column*WIDTH+:WIDTH] = data[(((turn*STEP)%BANKS+column)%BANKS)*WIDTH+:WIDTH];
    end

    logic [MMV*SIMD*LANE_BITS-1:0] chosen, beat;
    logic beat_valid;
    for (genvar m = 0; m < MMV; m++) begin : pixels
        always_comb begin
            chosen[m*SIMD*LANE_BITS+:SIMD*LANE_BITS] = row[m*STRIDE_COLUMNS*WIDTH+:SIMD*LANE_BITS];
            for (int b = 1; b < BEATS; b++)
                if (row_part == P_BITS'(b))
                    chosen[m*SIMD*LANE_BITS+:SIMD*LANE_BITS] =
                        row[m*STRIDE_COLUMNS*WIDTH+b*SIMD*LANE_BITS+:SIMD*LANE_BITS];
        end
    end
    always_ff @(posedge clk) begin
        beat <= chosen;
        beat_valid <= row_valid && !rst;
    end

    farm_credit_fifo #(.WIDTH(MMV * SIMD * LANE_BITS), .LATENCY(3)) leave (
        .clk, .rst, .issue(go), .room, .in0_data(beat), .in0_valid(beat_valid), .out0_data, .out0_valid, .out0_ready
    );
endmodule

`default_nettype wire
