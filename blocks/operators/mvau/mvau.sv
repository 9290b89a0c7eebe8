// Matrix-vector unit. A column of SYNAPSE_FOLDS beats is multiplied with NEURON_FOLDS rows of weight beats; in the first
// of these passes beats are used as they come, in the others again from the buffer. The buffer holds two columns: the next
// one comes in during the passes over this one, else a unit would have to wait for the whole column after each pixel.
//
// Pipeline: fetch (column register) | multiply and sum, several stages that never stop | accumulate | way out. A weight
// beat is used as it stands in the register slice of its port.
`default_nettype none

// The column in front of the multipliers, with its place in the matrix.
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
    output logic             last,  // of the row: the sum is complete with it
    input  wire              take
);
    localparam int S_BITS = $clog2(SYNAPSE_FOLDS + 1);

    logic [S_BITS-1:0] synapse;
    logic last_synapse;  // synapse is SYNAPSE_FOLDS - 1; a register, since ready hangs on it
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
        logic [COUNT_BITS-1:0] held;               // beats of this column and the next that are in
        logic [COUNT_BITS-1:0] unread;             // those of them that have not been used once
        logic [N_BITS-1:0] neuron;
        // Registers, since ready hangs on them: unread is not 0; neuron is not 0; neuron is NEURON_FOLDS - 1.
        logic some, again, last_neuron;
        wire push = in0_valid && in0_ready;
        wire use_first = free && some && !again;
        wire column_ends = free && again && last_synapse && last_neuron;
        wire [PLACE_BITS-1:0] next_base = base + PLACE_BITS'(SYNAPSE_FOLDS);

        assign step = free && (again || some);

        always_ff @(posedge clk) begin
            if (rst) begin
                head <= '0;
                base <= '0;
                place <= '0;
                held <= '0;
                unread <= '0;
                some <= 1'b0;
                neuron <= '0;
                again <= 1'b0;
                last_neuron <= 1'b0;
                in0_ready <= 1'b0;
            end else begin
                head <= head + PLACE_BITS'(push);
                held <= held + COUNT_BITS'(push) - (column_ends ? COUNT_BITS'(SYNAPSE_FOLDS) : '0);
                unread <= unread + COUNT_BITS'(push) - COUNT_BITS'(use_first);
                some <= push || (some && !(use_first && unread == 1));
                // What becomes free in this cycle is not counted yet: ready would hang on the output's ready.
                in0_ready <= held + COUNT_BITS'(push) < COUNT_BITS'(2 * SYNAPSE_FOLDS);
                if (step) begin
                    place <= !last_synapse ? place + 1'b1 : last_neuron ? next_base : base;
                    if (last_synapse) begin
                        neuron <= last_neuron ? '0 : neuron + 1'b1;
                        again <= !last_neuron;
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

// Binary weights, 1 for +1 and 0 for -1:  sum w * a = 2 * sum (w and a) - sum a.  The second sum is the same for all PEs:
// it is a PE whose weights are all 1.
module farm_mvau_binary #(
    parameter int SYNAPSE_FOLDS = 1,
    parameter int NEURON_FOLDS = 1,
    parameter int PE = 1,
    parameter int SIMD = 1,
    parameter int INPUT_BITS = 2,
    parameter int SUM_BITS = 8,          // unsigned: holds the sum of a column
    parameter int ACCUMULATOR_BITS = 9,  // two's complement
    parameter int MMV = 1
) (
    input  wire                            clk,
    input  wire                            rst,
    input  wire  [MMV*SIMD*INPUT_BITS-1:0] in0_data,
    input  wire                            in0_valid,
    output logic                           in0_ready,
    input  wire  [PE*SIMD-1:0]             in1_data,
    input  wire                            in1_valid,
    output logic                           in1_ready,
    output logic [MMV*PE*ACCUMULATOR_BITS-1:0] out0_data,
    output logic                           out0_valid,
    input  wire                            out0_ready
);
    localparam int STAGES = 2;            // of farm_masked_sum
    localparam int LATENCY = STAGES + 2;  // and the accumulator, and the difference
    localparam int OUT_WIDTH = MMV * PE * ACCUMULATOR_BITS;

    logic [MMV*SIMD*INPUT_BITS-1:0] column;
    logic column_valid, last, room;
    wire take = column_valid && in1_valid && (room || !last);
    assign in1_ready = take;

    farm_mvau_fetch #(
        .WIDTH(MMV * SIMD * INPUT_BITS), .SYNAPSE_FOLDS(SYNAPSE_FOLDS), .NEURON_FOLDS(NEURON_FOLDS)
    ) fetch (.clk, .rst, .in0_data, .in0_valid, .in0_ready, .column, .valid(column_valid), .last, .take);

    logic [STAGES-1:0] taken, ended;  // [s] is what `take` and `last` were s + 1 cycles ago
    wire add = taken[STAGES-1];
    wire add_last = ended[STAGES-1];
    logic total_valid, done;
    always_ff @(posedge clk) begin
        taken <= rst ? '0 : STAGES'({taken, take});
        ended <= STAGES'({ended, last});
        total_valid <= !rst && add && add_last;
        done <= !rst && total_valid;
    end

    logic [OUT_WIDTH-1:0] results;
    for (genvar m = 0; m < MMV; m++) begin : pixels
        // Bit planes, made once for all PEs: plane b is bit b of every lane.
        logic [INPUT_BITS*SIMD-1:0] a;
        for (genvar plane = 0; plane < INPUT_BITS; plane++) begin : planes
            for (genvar lane = 0; lane < SIMD; lane++) begin : lanes
                assign a[plane*SIMD+lane] = column[(m*SIMD+lane)*INPUT_BITS+plane];
            end
        end
        logic [SUM_BITS-1:0] all;

        farm_mvau_binary_sum #(.SIMD(SIMD), .INPUT_BITS(INPUT_BITS), .SUM_BITS(SUM_BITS)) whole (
            .clk, .rst, .a, .w('1), .add, .last(add_last), .total(all)
        );
        for (genvar p = 0; p < PE; p++) begin : pes
            farm_mvau_binary_pe #(
                .SIMD(SIMD), .INPUT_BITS(INPUT_BITS), .SUM_BITS(SUM_BITS), .ACCUMULATOR_BITS(ACCUMULATOR_BITS)
            ) pe (
                .clk, .rst, .a, .w(in1_data[p*SIMD+:SIMD]), .add, .last(add_last),
                .total_valid, .all, .result(results[(m*PE+p)*ACCUMULATOR_BITS+:ACCUMULATOR_BITS])
            );
        end
    end

    farm_mvau_leave #(.WIDTH(OUT_WIDTH), .LATENCY(LATENCY), .INTERVAL(SYNAPSE_FOLDS)) leave (
        .clk, .rst, .issue(take && last), .room, .in0_data(results), .in0_valid(done),
        .out0_data, .out0_valid, .out0_ready
    );
endmodule

// Sums leave through registers that keep them where they are far enough apart, else through a small memory.
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
    end else begin : close
        farm_exit #(.WIDTH(WIDTH), .LATENCY(LATENCY), .INTERVAL(INTERVAL)) leave (
            .clk, .rst, .issue, .room, .in0_data, .in0_valid, .out0_data, .out0_valid, .out0_ready
        );
    end
endmodule

(* keep_hierarchy = "yes" *)
module farm_mvau_binary_pe #(
    parameter int SIMD = 1,
    parameter int INPUT_BITS = 2,
    parameter int SUM_BITS = 8,
    parameter int ACCUMULATOR_BITS = 9
) (
    input  wire                         clk,
    input  wire                         rst,
    input  wire  [INPUT_BITS*SIMD-1:0]  a,  // bit planes
    input  wire  [SIMD-1:0]             w,
    input  wire                         add,
    input  wire                         last,
    input  wire                         total_valid,
    input  wire  [SUM_BITS-1:0]         all,
    output logic [ACCUMULATOR_BITS-1:0] result
);
    logic [SUM_BITS-1:0] total;
    farm_mvau_binary_sum #(.SIMD(SIMD), .INPUT_BITS(INPUT_BITS), .SUM_BITS(SUM_BITS)) sum (
        .clk, .rst, .a, .w, .add, .last, .total
    );
    // Kept until the next sum: farm_hold relies on it.
    always_ff @(posedge clk)
        if (total_valid) result <= ACCUMULATOR_BITS'({total, 1'b0}) - ACCUMULATOR_BITS'(all);
endmodule

// sum (w and a) over one row: bit planes counted in two stages, then accumulated.
module farm_mvau_binary_sum #(
    parameter int SIMD = 1,
    parameter int INPUT_BITS = 2,
    parameter int SUM_BITS = 8
) (
    input  wire                        clk,
    input  wire                        rst,
    input  wire  [INPUT_BITS*SIMD-1:0] a,  // bit planes
    input  wire  [SIMD-1:0]            w,
    input  wire                        add,
    input  wire                        last,
    output logic [SUM_BITS-1:0]        total
);
    // Lanes counted in the first stage: more make its logic deeper, fewer the second stage's.
    localparam int GROUP = 12;
    localparam int GROUPS = (SIMD + GROUP - 1) / GROUP;
    localparam int COUNT_BITS = $clog2((SIMD < GROUP ? SIMD : GROUP) + 1);
    localparam int BEAT_BITS = $clog2(SIMD * ((1 << INPUT_BITS) - 1) + 1);

    logic [INPUT_BITS*GROUPS*COUNT_BITS-1:0] counts;
    for (genvar plane = 0; plane < INPUT_BITS; plane++) begin : planes
        for (genvar group = 0; group < GROUPS; group++) begin : groups
            localparam int WIDTH = SIMD - group * GROUP < GROUP ? SIMD - group * GROUP : GROUP;
            always_ff @(posedge clk)
                counts[(plane*GROUPS+group)*COUNT_BITS+:COUNT_BITS] <=
                    COUNT_BITS'($countones(a[plane*SIMD+group*GROUP+:WIDTH] & w[group*GROUP+:WIDTH]));
        end
    end

    logic [BEAT_BITS-1:0] beat, beat_sum;
    always_comb begin
        beat_sum = '0;
        for (int plane = 0; plane < INPUT_BITS; plane++)
            for (int group = 0; group < GROUPS; group++)
                beat_sum = beat_sum + (BEAT_BITS'(counts[(plane*GROUPS+group)*COUNT_BITS+:COUNT_BITS]) << plane);
    end

    logic [SUM_BITS-1:0] accumulator;
    wire [SUM_BITS-1:0] next = accumulator + SUM_BITS'(beat);
    always_ff @(posedge clk) begin
        beat <= beat_sum;
        // Cleared behind the last beat, so that no first beat needs a multiplexer.
        if (rst || (add && last)) accumulator <= '0;
        else if (add) accumulator <= next;
        if (add && last) total <= next;
    end
endmodule

// Weights of several bits, two's complement: products in DSPs, in chains of up to CHAIN along the SIMD lanes (a DSP adds
// its product to its neighbour's sum), lane s of a chain s cycles behind lane 0.
module farm_mvau_integer #(
    parameter int SYNAPSE_FOLDS = 1,
    parameter int NEURON_FOLDS = 1,
    parameter int PE = 1,
    parameter int SIMD = 1,
    parameter int INPUT_BITS = 8,
    parameter int WEIGHT_BITS = 8,
    parameter int ACCUMULATOR_BITS = 24,
    parameter int MMV = 1
) (
    input  wire                            clk,
    input  wire                            rst,
    input  wire  [MMV*SIMD*INPUT_BITS-1:0] in0_data,
    input  wire                            in0_valid,
    output logic                           in0_ready,
    input  wire  [PE*SIMD*WEIGHT_BITS-1:0] in1_data,
    input  wire                            in1_valid,
    output logic                           in1_ready,
    output logic [MMV*PE*ACCUMULATOR_BITS-1:0] out0_data,
    output logic                           out0_valid,
    input  wire                            out0_ready
);
    localparam int CHAIN = SIMD < 4 ? SIMD : 4;
    localparam int CHAINS = (SIMD + CHAIN - 1) / CHAIN;
    localparam int TREE = CHAINS == 1 ? 0 : ($clog2(CHAINS) + 1) / 2;  // stages that add four each
    localparam int STAGES = CHAIN + 1 + TREE;
    localparam int LATENCY = STAGES + 1;
    localparam int OUT_WIDTH = MMV * PE * ACCUMULATOR_BITS;

    logic [MMV*SIMD*INPUT_BITS-1:0] column;
    logic column_valid, last, room;
    wire take = column_valid && in1_valid && (room || !last);
    assign in1_ready = take;

    farm_mvau_fetch #(
        .WIDTH(MMV * SIMD * INPUT_BITS), .SYNAPSE_FOLDS(SYNAPSE_FOLDS), .NEURON_FOLDS(NEURON_FOLDS)
    ) fetch (.clk, .rst, .in0_data, .in0_valid, .in0_ready, .column, .valid(column_valid), .last, .take);

    logic [STAGES-1:0] taken, ended;  // [s] is what `take` and `last` were s + 1 cycles ago
    wire add = taken[STAGES-1];
    wire add_last = ended[STAGES-1];
    logic done;
    always_ff @(posedge clk) begin
        taken <= rst ? '0 : STAGES'({taken, take});
        ended <= STAGES'({ended, last});
        done <= !rst && add && add_last;
    end

    // Activations are skewed here, once for all PEs.
    logic [MMV*SIMD*INPUT_BITS-1:0] skewed;
    for (genvar m = 0; m < MMV; m++) begin : skew_pixels
        for (genvar s = 0; s < SIMD; s++) begin : skew_lanes
            farm_delay #(.WIDTH(INPUT_BITS), .CYCLES(s % CHAIN)) delay (
                .clk, .in(column[(m*SIMD+s)*INPUT_BITS+:INPUT_BITS]),
                .out(skewed[(m*SIMD+s)*INPUT_BITS+:INPUT_BITS])
            );
        end
    end

    logic [OUT_WIDTH-1:0] results;
    for (genvar p = 0; p < PE; p++) begin : pes
        logic [MMV*ACCUMULATOR_BITS-1:0] sums;
        farm_mvau_integer_pe #(
            .SIMD(SIMD), .CHAIN(CHAIN), .TREE(TREE), .INPUT_BITS(INPUT_BITS), .WEIGHT_BITS(WEIGHT_BITS),
            .ACCUMULATOR_BITS(ACCUMULATOR_BITS), .MMV(MMV)
        ) pe (
            .clk, .rst, .a(skewed), .w(in1_data[p*SIMD*WEIGHT_BITS+:SIMD*WEIGHT_BITS]),
            .add, .last(add_last), .sums
        );
        for (genvar m = 0; m < MMV; m++) begin : pixels
            assign results[(m*PE+p)*ACCUMULATOR_BITS+:ACCUMULATOR_BITS] = sums[m*ACCUMULATOR_BITS+:ACCUMULATOR_BITS];
        end
    end

    farm_mvau_leave #(.WIDTH(OUT_WIDTH), .LATENCY(LATENCY), .INTERVAL(SYNAPSE_FOLDS)) leave (
        .clk, .rst, .issue(take && last), .room, .in0_data(results), .in0_valid(done),
        .out0_data, .out0_valid, .out0_ready
    );
endmodule

module farm_delay #(
    parameter int WIDTH = 8,
    parameter int CYCLES = 1
) (
    input  wire              clk,
    input  wire  [WIDTH-1:0] in,
    output logic [WIDTH-1:0] out
);
    if (CYCLES == 0) begin : none
        assign out = in;
    end else begin : some
        logic [WIDTH*CYCLES-1:0] line;
        always_ff @(posedge clk) line <= (WIDTH * CYCLES)'({line, in});
        assign out = line[WIDTH*CYCLES-1-:WIDTH];
    end
endmodule

(* keep_hierarchy = "yes" *)
module farm_mvau_integer_pe #(
    parameter int SIMD = 1,
    parameter int CHAIN = 1,
    parameter int TREE = 0,
    parameter int INPUT_BITS = 8,
    parameter int WEIGHT_BITS = 8,
    parameter int ACCUMULATOR_BITS = 24,
    parameter int MMV = 1
) (
    input  wire                                clk,
    input  wire                                rst,
    input  wire  [MMV*SIMD*INPUT_BITS-1:0]     a,
    input  wire  [SIMD*WEIGHT_BITS-1:0]        w,
    input  wire                                add,
    input  wire                                last,
    output logic [MMV*ACCUMULATOR_BITS-1:0]    sums
);
    localparam int CHAINS = (SIMD + CHAIN - 1) / CHAIN;
    localparam int PRODUCT_BITS = INPUT_BITS + WEIGHT_BITS + 1;
    localparam int CHAIN_BITS = PRODUCT_BITS + $clog2(CHAIN + 1);
    localparam int BEAT_BITS = CHAIN_BITS + $clog2(CHAINS + 1);

    logic [SIMD*WEIGHT_BITS-1:0] weights;
    for (genvar s = 0; s < SIMD; s++) begin : skew
        farm_delay #(.WIDTH(WEIGHT_BITS), .CYCLES(s % CHAIN)) delay (
            .clk, .in(w[s*WEIGHT_BITS+:WEIGHT_BITS]), .out(weights[s*WEIGHT_BITS+:WEIGHT_BITS])
        );
    end

    for (genvar m = 0; m < MMV; m++) begin : pixels
        logic [CHAINS*BEAT_BITS-1:0] chain_sums;
        for (genvar c = 0; c < CHAINS; c++) begin : chains
            localparam int LENGTH = SIMD - c * CHAIN < CHAIN ? SIMD - c * CHAIN : CHAIN;
            for (genvar s = 0; s < LENGTH; s++) begin : lanes
                wire signed [INPUT_BITS:0] x = {1'b0, a[(m*SIMD+c*CHAIN+s)*INPUT_BITS+:INPUT_BITS]};
                wire signed [WEIGHT_BITS-1:0] y = weights[(c*CHAIN+s)*WEIGHT_BITS+:WEIGHT_BITS];
                logic signed [PRODUCT_BITS-1:0] product;
                logic signed [CHAIN_BITS-1:0] sum;
                always_ff @(posedge clk) product <= x * y;
                if (s == 0) begin : first
                    always_ff @(posedge clk) sum <= CHAIN_BITS'(product);
                end else begin : later
                    always_ff @(posedge clk) sum <= CHAIN_BITS'(product) + lanes[s-1].sum;
                end
            end
            // A shorter chain is ready earlier; its sum waits for the others.
            logic signed [CHAIN_BITS-1:0] aligned;
            farm_delay #(.WIDTH(CHAIN_BITS), .CYCLES(CHAIN - LENGTH)) delay (
                .clk, .in(lanes[LENGTH-1].sum), .out(aligned)
            );
            assign chain_sums[c*BEAT_BITS+:BEAT_BITS] = BEAT_BITS'(aligned);
        end

        logic signed [BEAT_BITS-1:0] beat;
        farm_adder_tree #(.COUNT(CHAINS), .WIDTH(BEAT_BITS), .STAGES(TREE)) tree (.clk, .in(chain_sums), .out(beat));

        logic signed [ACCUMULATOR_BITS-1:0] accumulator, total;
        wire signed [ACCUMULATOR_BITS-1:0] next = accumulator + ACCUMULATOR_BITS'(beat);
        always_ff @(posedge clk) begin
            if (rst || (add && last)) accumulator <= '0;
            else if (add) accumulator <= next;
            if (add && last) total <= next;
        end
        assign sums[m*ACCUMULATOR_BITS+:ACCUMULATOR_BITS] = total;
    end
endmodule

// Two's complement numbers of one width, added four at a time, a register behind each stage.
module farm_adder_tree #(
    parameter int COUNT = 1,
    parameter int WIDTH = 8,
    parameter int STAGES = 0
) (
    input  wire                    clk,
    input  wire  [COUNT*WIDTH-1:0] in,
    output logic [WIDTH-1:0]       out
);
    if (STAGES == 0) begin : leaf
        assign out = in[WIDTH-1:0];
    end else begin : stage
        localparam int NEXT = (COUNT + 3) / 4;
        logic [NEXT*4*WIDTH-1:0] padded;
        logic [NEXT*WIDTH-1:0] sums;
        assign padded = (NEXT * 4 * WIDTH)'(in);
        for (genvar i = 0; i < NEXT; i++) begin : fours
            always_ff @(posedge clk)
                sums[i*WIDTH+:WIDTH] <= (padded[(4*i)*WIDTH+:WIDTH] + padded[(4*i+1)*WIDTH+:WIDTH])
                    + (padded[(4*i+2)*WIDTH+:WIDTH] + padded[(4*i+3)*WIDTH+:WIDTH]);
        end
        farm_adder_tree #(.COUNT(NEXT), .WIDTH(WIDTH), .STAGES(STAGES - 1)) rest (.clk, .in(sums), .out);
    end
endmodule

`default_nettype wire
