// FIFO of DEPTH beats in a memory, and one more in the output register.
`default_nettype none

module farm_fifo #(
    parameter int WIDTH = 8,
    parameter int DEPTH = 16
) (
    input  wire              clk,
    input  wire              rst,
    input  wire  [WIDTH-1:0] in0_data,
    input  wire              in0_valid,
    output logic             in0_ready,
    output logic [WIDTH-1:0] out0_data,
    output logic             out0_valid,
    input  wire              out0_ready,
    // Beats in the memory now; only simulations read it.
    output logic [$clog2(DEPTH+1)-1:0] level
);
    localparam int PLACE_BITS = DEPTH > 1 ? $clog2(DEPTH) : 1;
    localparam int LEVEL_BITS = $clog2(DEPTH + 1);

    logic [WIDTH-1:0] places [DEPTH];
    logic [PLACE_BITS-1:0] head, tail;
    // Beats that were written at least a cycle ago: a block RAM cannot read a word while it is being written.
    logic [LEVEL_BITS-1:0] readable;
    logic not_empty;  // readable is not 0; a register, to keep the comparison out of the path from ready
    logic arrived;

    wire push = in0_valid && in0_ready;
    wire load = not_empty && (!out0_valid || out0_ready);

    wire [PLACE_BITS-1:0] next_head = head == PLACE_BITS'(DEPTH - 1) ? '0 : head + 1'b1;
    wire [PLACE_BITS-1:0] next_tail = tail == PLACE_BITS'(DEPTH - 1) ? '0 : tail + 1'b1;

    always_ff @(posedge clk) begin
        if (rst) begin
            head <= '0;
            tail <= '0;
            level <= '0;
            readable <= '0;
            not_empty <= 1'b0;
            arrived <= 1'b0;
            in0_ready <= 1'b0;
            out0_valid <= 1'b0;
        end else begin
            if (push) head <= next_head;
            if (load) tail <= next_tail;
            level <= level + LEVEL_BITS'(push) - LEVEL_BITS'(load);
            arrived <= push;
            readable <= readable + LEVEL_BITS'(arrived) - LEVEL_BITS'(load);
            not_empty <= arrived || (not_empty && !(load && readable == 1));
            // Ignores the beat that leaves in this cycle; otherwise in0_ready would depend on out0_ready.
            in0_ready <= level + LEVEL_BITS'(push) < LEVEL_BITS'(DEPTH);
            out0_valid <= load || (out0_valid && !out0_ready);
        end
    end

    always_ff @(posedge clk) begin
        if (push) places[head] <= in0_data;
        if (load) out0_data <= places[tail];
    end
endmodule

`default_nettype wire
