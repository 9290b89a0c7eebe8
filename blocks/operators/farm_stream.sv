// Modules that all operators share: the register slice at a data port, the reader's side of a parameter port, and the
// output buffers of pipelines without a stall.
//
// A stream is data, valid and ready with the rules of AXI4-Stream. A beat moves in a cycle in which valid and ready are
// both high. Valid does not wait for ready. Once high, valid and its data stay until the beat has moved.
`default_nettype none

// Register slice: no combinational path leads through it in either direction. One beat a cycle.
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
    // A narrow slice is two registers and a multiplexer: one LUT per bit. A wide slice is a LUT memory and a register:
    // 8 LUTs per 14 bits, and a few more for the pointers.
    if (WIDTH < 32) begin : narrow
        logic [WIDTH-1:0] waiting;  // the beat that arrived while the output was blocked: ready falls a cycle later
        wire blocked = out0_valid && !out0_ready;

        always_ff @(posedge clk) begin
            if (rst) begin
                in0_ready <= 1'b0;
                out0_valid <= 1'b0;
            end else begin
                // Not ready means that `waiting` is occupied, or empty just after reset.
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
        logic not_empty;      // waiting is not 0; a register, to keep the comparison out of the path from ready
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

// The reader's side of a parameter port, which has no register slice. A parameter memory always has its next beat once
// it has started. So `take` only decides that a beat is used. The port asks for it a cycle later, and in that cycle the
// beat stands at the port: the reader delays what goes with it by one cycle. `started` permits the first `take`.
module farm_steady (
    input  wire  clk,
    input  wire  rst,
    input  wire  in_valid,
    output logic in_ready,
    output logic started,
    input  wire  take
);
    always_ff @(posedge clk) begin
        started <= !rst && in_valid;
        in_ready <= !rst && take;
    end
`ifndef SYNTHESIS
    // A memory that pauses would cause wrong values without a sign. Known from the start, unlike the registers above.
    bit flowing = 1'b0;
    always_ff @(posedge clk) begin
        flowing <= !rst && in_valid;
        if (!rst && flowing && !in_valid) $fatal(1, "a parameter memory paused after its first beat");
    end
`endif
endmodule

// The output buffer of a pipeline of LATENCY stages that cannot stall: a FIFO with credits. `issue` means that a beat
// enters the pipeline, which is allowed only while `room` is high. LATENCY cycles later the beat is at in0. The module
// counts the beats under way and the beats waiting, so every beat that arrives has a place. INTERVAL is the least
// number of cycles between two beats.
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
    logic [BITS:0] taken;    // beats issued that have not reached the output register
    logic [BITS:0] waiting;  // in `places`
    logic not_empty;         // waiting is not 0; a register, to keep the comparison out of the path from ready

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
            // Counts the beat that may be issued in this cycle.
            room <= taken + (BITS + 1)'(issue) < (BITS + 1)'(DEPTH) || load;
            out0_valid <= load || (out0_valid && !out0_ready);
        end
    end

    always_ff @(posedge clk) begin
        if (in0_valid) places[head] <= in0_data;
        if (load) out0_data <= places[tail];
    end
endmodule

// The same for a pipeline whose last stage keeps its beat until the next one arrives. The beats are so far apart that
// one place is enough, so this module stores no data.
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
