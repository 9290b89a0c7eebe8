// Matrix-vector unit. A column of SYNAPSE_FOLDS beats is multiplied with NEURON_FOLDS rows of weight beats. The first
// of these passes uses beats as they arrive, the others replay them from the buffer. The buffer holds two columns: the
// next column arrives during the passes over this one. Otherwise the unit would wait for a column after each pixel.
//
// Pipeline: fetch (column register) | the column waits for its weights | multiply and sum, several stages without a stall
// | accumulate | output buffer. A weight beat is used where it stands at its port (farm_steady). Streamed weights may
// pause, so they are used from the register slice of their port, and the column does not wait.
`default_nettype none

// The column register in front of the multipliers, and the counters of its place in the matrix.
module farm_mvau_fetch #(
    parameter int WIDTH = 8,
    parameter int SYNAPSE_FOLDS = 1,
    parameter int NEURON_FOLDS = 1
) (
    input  wire              clk,
    input  wire              rst,
    input  wire  [WIDTH-1:0] in0_data,
    input  wire              in0_valid,
    output logic             in0_ready,
    output logic [WIDTH-1:0] column,
    output logic             valid,
    output logic             last,  // last beat of the row: it completes the sum
    input  wire              take
);
    localparam int S_BITS = $clog2(SYNAPSE_FOLDS + 1);

    logic [S_BITS-1:0] synapse;
    logic last_synapse;  // synapse is SYNAPSE_FOLDS - 1; a register, because it is in the path to ready
    wire free = !valid || take;
    wire step;  // a beat goes to the column register

    always_ff @(posedge clk) begin
        if (rst) begin
            synapse <= '0;
            last_synapse <= SYNAPSE_FOLDS == 1;
            valid <= 1'b0;
        end else begin
            valid <= step || (valid && !take);
            if (step) begin
                synapse <= last_synapse ? '0 : synapse + 1'b1;
                last_synapse <= SYNAPSE_FOLDS == 1 || (!last_synapse && synapse == S_BITS'(SYNAPSE_FOLDS - 2));
            end
        end
    end

    always_ff @(posedge clk) if (free) last <= last_synapse;

    if (NEURON_FOLDS == 1) begin : once
        assign in0_ready = free && !rst;
        assign step = in0_valid && in0_ready;
        always_ff @(posedge clk) if (free) column <= in0_data;
    end else begin : replay
        localparam int N_BITS = $clog2(NEURON_FOLDS + 1);
        localparam int PLACE_BITS = $clog2(2 * SYNAPSE_FOLDS);
        localparam int COUNT_BITS = $clog2(2 * SYNAPSE_FOLDS + 1);

        logic [WIDTH-1:0] places [1 << PLACE_BITS];
        logic [PLACE_BITS-1:0] head, base, place;  // of the next beat in, of this column, of the next beat out
        logic [COUNT_BITS-1:0] held;               // beats of this column and the next that have arrived
        logic [COUNT_BITS-1:0] unread;             // beats held that have never been used
        logic [N_BITS-1:0] neuron;
        // Registers, because they are in the path to ready.
        logic not_empty;    // unread is not 0
        logic replaying;    // neuron is not 0: beats are used again
        logic last_neuron;  // neuron is NEURON_FOLDS - 1
        wire push = in0_valid && in0_ready;
        wire use_first = free && not_empty && !replaying;
        wire column_ends = free && replaying && last_synapse && last_neuron;
        wire [PLACE_BITS-1:0] next_base = base + PLACE_BITS'(SYNAPSE_FOLDS);

        assign step = free && (replaying || not_empty);

        always_ff @(posedge clk) begin
            if (rst) begin
                head <= '0;
                base <= '0;
                place <= '0;
                held <= '0;
                unread <= '0;
                not_empty <= 1'b0;
                neuron <= '0;
                replaying <= 1'b0;
                last_neuron <= 1'b0;
                in0_ready <= 1'b0;
            end else begin
                head <= head + PLACE_BITS'(push);
                held <= held + COUNT_BITS'(push) - (column_ends ? COUNT_BITS'(SYNAPSE_FOLDS) : '0);
                unread <= unread + COUNT_BITS'(push) - COUNT_BITS'(use_first);
                not_empty <= push || (not_empty && !(use_first && unread == 1));
                // Ignores places that become free in this cycle; otherwise in0_ready would depend on out0_ready.
                in0_ready <= held + COUNT_BITS'(push) < COUNT_BITS'(2 * SYNAPSE_FOLDS);
                if (step) begin
                    place <= !last_synapse ? place + 1'b1 : last_neuron ? next_base : base;
                    if (last_synapse) begin
                        neuron <= last_neuron ? '0 : neuron + 1'b1;
                        replaying <= !last_neuron;
                        last_neuron <= !last_neuron && neuron == N_BITS'(NEURON_FOLDS - 2);
                    end
                end
                if (column_ends) base <= next_base;
            end
        end

        always_ff @(posedge clk) begin
            if (push) places[head] <= in0_data;
            if (free) column <= places[place];
        end
    end
endmodule

// The control that both units share: the column, a weight beat for each of its beats, the cycle in which accumulators
// take a beat's sum, and the output buffer. A unit has STAGES registers from the column to a beat's sum and LATENCY
// registers from the column to the results. It keeps the results until the next ones. STEADY: the weights come from a
// parameter memory, and `column` stands beside the weight beat at the port.
module farm_mvau_control #(
    parameter int IN_WIDTH = 8,
    parameter int OUT_WIDTH = 8,
    parameter int SYNAPSE_FOLDS = 1,
    parameter int NEURON_FOLDS = 1,
    parameter int STAGES = 2,
    parameter int LATENCY = 4,
    parameter bit STEADY = 1
) (
    input  wire                  clk,
    input  wire                  rst,
    input  wire  [IN_WIDTH-1:0]  in0_data,
    input  wire                  in0_valid,
    output logic                 in0_ready,
    input  wire                  in1_valid,
    output logic                 in1_ready,
    output logic [IN_WIDTH-1:0]  column,
    output logic                 add,          // a beat's sum is valid
    output logic                 last,         // this beat completes the row
    output logic                 total_valid,  // a cycle later: the sum of the row is valid
    input  wire  [OUT_WIDTH-1:0] results,
    input  wire                  done,         // LATENCY cycles after the last beat of a row: the results are valid
    output logic [OUT_WIDTH-1:0] out0_data,
    output logic                 out0_valid,
    input  wire                  out0_ready
);
    localparam int WAIT = STEADY ? 1 : 0;  // cycles in which the column waits for its weights

    logic [IN_WIDTH-1:0] fetched;
    logic column_valid, column_last, room, weights;  // weights: there is a beat for this column
    wire take = column_valid && weights && (room || !column_last);

    farm_mvau_fetch #(
        .WIDTH(IN_WIDTH), .SYNAPSE_FOLDS(SYNAPSE_FOLDS), .NEURON_FOLDS(NEURON_FOLDS)
    ) fetch (
        .clk, .rst, .in0_data, .in0_valid, .in0_ready, .column(fetched), .valid(column_valid), .last(column_last), .take
    );

    if (STEADY) begin : steady
        farm_steady port (.clk, .rst, .in_valid(in1_valid), .in_ready(in1_ready), .started(weights), .take);
        always_ff @(posedge clk) column <= fetched;
    end else begin : streamed
        assign weights = in1_valid;
        assign in1_ready = take;
        assign column = fetched;
    end

    logic [STAGES+WAIT-1:0] taken, ended;  // [s] is the value of `take` and `column_last` s + 1 cycles ago
    assign add = taken[STAGES+WAIT-1];
    assign last = ended[STAGES+WAIT-1];
    always_ff @(posedge clk) begin
        taken <= rst ? '0 : (STAGES + WAIT)'({taken, take});
        ended <= (STAGES + WAIT)'({ended, column_last});
        total_valid <= !rst && add && last;
    end

    farm_mvau_leave #(.WIDTH(OUT_WIDTH), .LATENCY(LATENCY + WAIT), .INTERVAL(SYNAPSE_FOLDS)) leave (
        .clk, .rst, .issue(take && column_last), .room, .in0_data(results), .in0_valid(done),
        .out0_data, .out0_valid, .out0_ready
    );
endmodule

// Output buffer of the sums: the result registers themselves if sums are far enough apart, otherwise these and a copy,
// which takes registers but no LUTs, otherwise a small memory.
module farm_mvau_leave #(
    parameter int WIDTH = 8,
    parameter int LATENCY = 4,
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
    if (INTERVAL >= LATENCY + 4) begin : far_apart
        assign out0_data = in0_data;
        farm_hold hold (.clk, .rst, .issue, .room, .in0_valid, .out0_valid, .out0_ready);
    end else if (2 * INTERVAL >= LATENCY + 4) begin : near
        logic [1:0] taken;  // sums that have been issued and have not left: at most two
        logic waiting;      // a sum in the result registers that is not yet in the copy
        wire free = !out0_valid || out0_ready;
        wire [1:0] taken_next = taken + 2'(issue) - 2'(out0_valid && out0_ready);

        always_ff @(posedge clk) begin
            if (rst) begin
                taken <= '0;
                waiting <= 1'b0;
                out0_valid <= 1'b0;
                room <= 1'b0;
            end else begin
                taken <= taken_next;
                waiting <= (waiting || in0_valid) && !free;
                out0_valid <= waiting || in0_valid || !free;
                room <= !taken_next[1];
            end
        end

        always_ff @(posedge clk) if (free) out0_data <= in0_data;
    end else begin : close
        farm_credit_fifo #(.WIDTH(WIDTH), .LATENCY(LATENCY), .INTERVAL(INTERVAL)) leave (
            .clk, .rst, .issue, .room, .in0_data, .in0_valid, .out0_data, .out0_valid, .out0_ready
        );
    end
endmodule

`default_nettype wire
