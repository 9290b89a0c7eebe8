// What all operators share: the register slice at a port, and the way out of a pipeline that never stops.
//
// A stream is data, valid and ready with the rules of AXI4-Stream: a beat moves in a cycle in which valid and ready are
// both high; valid does not wait for ready, and once high stays, with its data, until the beat has moved.
`default_nettype none

// Register slice: no path leads through it in either direction. One beat a cycle.
module farm_skid #(
    parameter int WIDTH = 8
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
    // A narrow slice is two registers and a multiplexer, a LUT for each bit. A wide one is a memory of LUTs and a
    // register: 14 bits in 8 LUTs, and some more for the pointers.
    if (WIDTH < 32) begin : narrow
        logic [WIDTH-1:0] waiting;  // what came while the output was blocked: ready can only fall a cycle later
        wire blocked = out0_valid && !out0_ready;

        always_ff @(posedge clk) begin
            if (rst) begin
                in0_ready <= 1'b0;
                out0_valid <= 1'b0;
            end else begin
                // Not ready means that `waiting` is taken (or that reset has just ended, with nothing in it).
                in0_ready <= !blocked || (in0_ready && !in0_valid);
                out0_valid <= blocked || (in0_ready ? in0_valid : out0_valid);
            end
        end

        always_ff @(posedge clk) begin
            if (in0_ready) waiting <= in0_data;
            if (!blocked) out0_data <= in0_ready ? in0_data : waiting;
        end
    end else begin : wide
        (* ram_style = "distributed" *) logic [WIDTH-1:0] places [4];
        logic [1:0] head, tail;
        logic [2:0] waiting;  // in `places`
        logic not_empty;      // waiting is not 0; a register, since what hangs on ready hangs on it too
        wire push = in0_valid && in0_ready;
        wire load = not_empty && (!out0_valid || out0_ready);
        wire [2:0] waiting_next = waiting + 3'(push) - 3'(load);

        always_ff @(posedge clk) begin
            if (rst) begin
                head <= '0;
                tail <= '0;
                waiting <= '0;
                not_empty <= 1'b0;
                in0_ready <= 1'b0;
                out0_valid <= 1'b0;
            end else begin
                head <= head + 2'(push);
                tail <= tail + 2'(load);
                waiting <= waiting_next;
                not_empty <= push || (not_empty && !(load && waiting == 1));
                in0_ready <= !waiting_next[2];
                out0_valid <= load || (out0_valid && !out0_ready);
            end
        end

        always_ff @(posedge clk) begin
            if (push) places[head] <= in0_data;
            if (load) out0_data <= places[tail];
        end
    end
endmodule

// The way out of a pipeline of LATENCY stages that never stops: a FIFO with credits. `issue` says that a beat enters the
// pipeline; it may only while `room` is high. LATENCY cycles later the beat is at in0. Beats under way and beats waiting
// are counted, so there is always a place for what arrives. INTERVAL is the least number of cycles between two beats.
module farm_credit_fifo #(
    parameter int WIDTH = 8,
    parameter int LATENCY = 1,
    parameter int INTERVAL = 1
) (
    input  wire              clk,
    input  wire              rst,
    input  wire              issue,
    output logic             room,
    input  wire  [WIDTH-1:0] in0_data,
    input  wire              in0_valid,
    output logic [WIDTH-1:0] out0_data,
    output logic             out0_valid,
    input  wire              out0_ready
);
    // From the issue of a beat until its place is free again: the pipeline, the memory, the output register, the count.
    localparam int ROUND = LATENCY + 4;
    localparam int PLACES = (ROUND + INTERVAL - 1) / INTERVAL + 1;
    localparam int DEPTH = PLACES <= 2 ? 2 : 1 << $clog2(PLACES);
    localparam int BITS = $clog2(DEPTH);

    (* ram_style = "distributed" *) logic [WIDTH-1:0] places [DEPTH];
    logic [BITS-1:0] head, tail;
    logic [BITS:0] taken;    // issued, and not yet in the output register
    logic [BITS:0] waiting;  // in `places`
    logic not_empty;         // waiting is not 0; a register, since what hangs on ready hangs on it too

    wire load = not_empty && (!out0_valid || out0_ready);

    always_ff @(posedge clk) begin
        if (rst) begin
            head <= '0;
            tail <= '0;
            taken <= '0;
            waiting <= '0;
            not_empty <= 1'b0;
            room <= 1'b0;
            out0_valid <= 1'b0;
        end else begin
            head <= head + BITS'(in0_valid);
            tail <= tail + BITS'(load);
            taken <= taken + (BITS + 1)'(issue) - (BITS + 1)'(load);
            waiting <= waiting + (BITS + 1)'(in0_valid) - (BITS + 1)'(load);
            not_empty <= in0_valid || (not_empty && !(load && waiting == 1));
            // One beat may be issued in the cycle in which this is computed: it is counted here.
            room <= taken + (BITS + 1)'(issue) < (BITS + 1)'(DEPTH) || load;
            out0_valid <= load || (out0_valid && !out0_ready);
        end
    end

    always_ff @(posedge clk) begin
        if (in0_valid) places[head] <= in0_data;
        if (load) out0_data <= places[tail];
    end
endmodule

// The same for a pipeline whose last stage keeps its beat until the next one arrives, where beats are so far apart that
// one place is enough: nothing is stored here.
module farm_hold (
    input  wire  clk,
    input  wire  rst,
    input  wire  issue,
    output logic room,
    input  wire  in0_valid,
    output logic out0_valid,
    input  wire  out0_ready
);
    always_ff @(posedge clk) begin
        if (rst) begin
            room <= 1'b1;
            out0_valid <= 1'b0;
        end else begin
            room <= (room && !issue) || (out0_valid && out0_ready);
            out0_valid <= in0_valid || (out0_valid && !out0_ready);
        end
    end
endmodule

`default_nettype wire
