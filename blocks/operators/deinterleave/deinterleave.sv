// Pixels that were computed side by side leave one after the other. A group is FOLDS beats of MMV parts. Two groups have
// places: one leaves, part by part, while the next one arrives.
`default_nettype none

module farm_deinterleave #(
    parameter int WIDTH = 8,  // bits of a part: of one pixel in a beat
    parameter int FOLDS = 1,
    parameter int MMV = 2
) (
    input  wire                  clk,
    input  wire                  rst,
    input  wire  [MMV*WIDTH-1:0] in0_data,
    input  wire                  in0_valid,
    output logic                 in0_ready,
    output logic [WIDTH-1:0]     out0_data,
    output logic                 out0_valid,
    input  wire                  out0_ready
);
    localparam int PLACES = 2 * FOLDS;
    localparam int A_BITS = $clog2(PLACES);
    localparam int H_BITS = $clog2(PLACES + 1);
    localparam int F_BITS = $clog2(FOLDS + 1);
    localparam int M_BITS = $clog2(MMV + 1);

    logic [A_BITS-1:0] head, base;  // of the next beat in, of the group that leaves
    logic [H_BITS-1:0] held;        // beats of this group and the next that have arrived
    logic [F_BITS-1:0] fold;
    logic [M_BITS-1:0] pixel;
    logic room;
    wire push = in0_valid && in0_ready;
    wire go = room && held > H_BITS'(fold);
    wire last_fold = fold == F_BITS'(FOLDS - 1);
    wire last_pixel = pixel == M_BITS'(MMV - 1);
    wire ends = go && last_fold && last_pixel;
    wire [H_BITS-1:0] held_next = held + H_BITS'(push) - (ends ? H_BITS'(FOLDS) : '0);

    always_ff @(posedge clk) begin
        if (rst) begin
            head <= '0;
            base <= '0;
            held <= '0;
            fold <= '0;
            pixel <= '0;
            in0_ready <= 1'b0;
        end else begin
            if (push) head <= head == A_BITS'(PLACES - 1) ? '0 : head + 1'b1;
            held <= held_next;
            in0_ready <= held_next < H_BITS'(PLACES);
            if (go) begin
                fold <= last_fold ? '0 : fold + 1'b1;
                if (last_fold) pixel <= last_pixel ? '0 : pixel + 1'b1;
            end
            if (ends) base <= base == '0 ? A_BITS'(FOLDS) : '0;
        end
    end

    (* ram_style = "distributed" *) logic [MMV*WIDTH-1:0] places [PLACES];
    logic [MMV*WIDTH-1:0] read;
    logic [WIDTH-1:0] part, chosen;
    logic [M_BITS-1:0] read_pixel;
    logic read_valid, part_valid;
    always_comb begin
        chosen = read[WIDTH-1:0];
        for (int m = 1; m < MMV; m++) if (read_pixel == M_BITS'(m)) chosen = read[m*WIDTH+:WIDTH];
    end
    always_ff @(posedge clk) begin
        read_valid <= go && !rst;
        part_valid <= read_valid && !rst;
    end
    always_ff @(posedge clk) begin
        if (push) places[head] <= in0_data;
        read <= places[base+A_BITS'(fold)];
        read_pixel <= pixel;
        part <= chosen;
    end

    farm_credit_fifo #(.WIDTH(WIDTH), .LATENCY(2)) leave (
        .clk, .rst, .issue(go), .room, .in0_data(part), .in0_valid(part_valid), .out0_data, .out0_valid, .out0_ready
    );
endmodule

`default_nettype wire
