// The matrix-vector unit for weights of several bits, on the multipliers of DSPs.
`default_nettype none

// Weights of several bits, two's complement. DSPs multiply and add in chains of up to CHAIN SIMD lanes: each DSP adds
// its product to its neighbour's sum. Lane s of a chain is delayed by s cycles. Where operands are narrow enough, a DSP
// multiplies twice (farm_mvau_twice): two pixels by one weight, else two weights by one pixel.
module farm_mvau_integer #(
    parameter int SYNAPSE_FOLDS = 1,
    parameter int NEURON_FOLDS = 1,
    parameter int PE = 1,
    parameter int SIMD = 1,
    parameter int INPUT_BITS = 8,
    parameter int WEIGHT_BITS = 8,
    parameter int ACCUMULATOR_BITS = 24,
    parameter int MMV = 1,
    parameter bit STEADY = 1
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

    // Two sums in a DSP: the lower one has FIELD bits, enough for any CHAIN products. The pair of factors takes all 27 bits
    // of one operand, the shared factor at most 18 of the other.
    localparam int FIELD = $clog2(CHAIN * ((64'd1 << INPUT_BITS) - 1) << (WEIGHT_BITS - 1)) + 1;
    localparam bit MULTIPLIED = INPUT_BITS + WEIGHT_BITS > 8;  // smaller products become LUTs
    localparam bit TWO_PIXELS = MULTIPLIED && MMV > 1 && FIELD + INPUT_BITS <= 26 && WEIGHT_BITS <= 18;
    localparam int PIXEL_PAIRS = TWO_PIXELS ? MMV / 2 : 0;
    localparam bit TWO_WEIGHTS = MULTIPLIED && PE > 1 && MMV > 2 * PIXEL_PAIRS
        && FIELD + WEIGHT_BITS <= 26 && INPUT_BITS <= 17;
    localparam bit TWICE = TWO_PIXELS || TWO_WEIGHTS;
    localparam int PES = TWO_WEIGHTS ? 2 : 1;  // that share multipliers
    localparam int GROUPS = (PE + PES - 1) / PES;
`ifdef SYNTHESIS
    localparam int KEPT = TWICE ? 2 : 0;  // cycles of a lane's delay that its DSP has registers for
`else
    localparam int KEPT = 0;
`endif

    logic [MMV*SIMD*INPUT_BITS-1:0] column;
    logic [OUT_WIDTH-1:0] results;
    logic add, last, total_valid;

    farm_mvau_control #(
        .IN_WIDTH(MMV * SIMD * INPUT_BITS), .OUT_WIDTH(OUT_WIDTH), .SYNAPSE_FOLDS(SYNAPSE_FOLDS),
        .NEURON_FOLDS(NEURON_FOLDS), .STAGES(STAGES), .LATENCY(LATENCY), .STEADY(STEADY)
    ) control (
        .clk, .rst, .in0_data, .in0_valid, .in0_ready, .in1_valid, .in1_ready, .column, .add, .last, .total_valid,
        .results, .done(total_valid), .out0_data, .out0_valid, .out0_ready
    );

    // Activations are delayed here, once for all PEs.
    logic [MMV*SIMD*INPUT_BITS-1:0] skewed;
    for (genvar m = 0; m < MMV; m++) begin : skew_pixels
        for (genvar s = 0; s < SIMD; s++) begin : skew_lanes
            farm_delay #(.WIDTH(INPUT_BITS), .CYCLES(s % CHAIN > KEPT ? s % CHAIN - KEPT : 0)) delay (
                .clk, .in(column[(m*SIMD+s)*INPUT_BITS+:INPUT_BITS]),
                .out(skewed[(m*SIMD+s)*INPUT_BITS+:INPUT_BITS])
            );
        end
    end

    for (genvar g = 0; g < GROUPS; g++) begin : groups
        localparam int FIRST = g * PES;
        localparam int COUNT = PE - FIRST < PES ? PE - FIRST : PES;
        logic [MMV*COUNT*ACCUMULATOR_BITS-1:0] sums;
        farm_mvau_integer_pe #(
            .PES(COUNT), .SIMD(SIMD), .CHAIN(CHAIN), .TREE(TREE), .INPUT_BITS(INPUT_BITS), .WEIGHT_BITS(WEIGHT_BITS),
            .ACCUMULATOR_BITS(ACCUMULATOR_BITS), .MMV(MMV), .TWICE(TWICE), .FIELD(FIELD), .PIXEL_PAIRS(PIXEL_PAIRS)
        ) pe (
            .clk, .rst, .a(skewed), .w(in1_data[FIRST*SIMD*WEIGHT_BITS+:COUNT*SIMD*WEIGHT_BITS]),
            .add, .last, .sums
        );
        for (genvar m = 0; m < MMV; m++) begin : pixels
            assign results[(m*PE+FIRST)*ACCUMULATOR_BITS+:COUNT*ACCUMULATOR_BITS]
                = sums[m*COUNT*ACCUMULATOR_BITS+:COUNT*ACCUMULATOR_BITS];
        end
    end
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
    end else begin : shifted
        logic [WIDTH*CYCLES-1:0] line;
        always_ff @(posedge clk) line <= (WIDTH * CYCLES)'({line, in});
        assign out = line[WIDTH*CYCLES-1-:WIDTH];
    end
endmodule

// Chained products of one pixel with the weights of one PE, one to a DSP. Lane s comes s cycles late.
module farm_mvau_chain #(
    parameter int LENGTH = 1,
    parameter int INPUT_BITS = 8,
    parameter int WEIGHT_BITS = 8,
    parameter int SUM_BITS = 18
) (
    input  wire                          clk,
    input  wire  [LENGTH*INPUT_BITS-1:0] a,
    input  wire  [LENGTH*WEIGHT_BITS-1:0] w,
    output wire  [SUM_BITS-1:0]          sum
);
    localparam int PRODUCT_BITS = INPUT_BITS + WEIGHT_BITS + 1;

    for (genvar s = 0; s < LENGTH; s++) begin : lanes
        wire signed [INPUT_BITS:0] x = {1'b0, a[s*INPUT_BITS+:INPUT_BITS]};
        wire signed [WEIGHT_BITS-1:0] y = w[s*WEIGHT_BITS+:WEIGHT_BITS];
        logic signed [PRODUCT_BITS-1:0] product;
        logic signed [SUM_BITS-1:0] total;
        always_ff @(posedge clk) product <= x * y;
        if (s == 0) begin : first
            always_ff @(posedge clk) total <= SUM_BITS'(product);
        end else begin : later
            always_ff @(posedge clk) total <= SUM_BITS'(product) + lanes[s-1].total;
        end
    end
    assign sum = lanes[LENGTH-1].total;
endmodule

`ifdef SYNTHESIS
// Two such chains in the DSPs of one: each multiplies (high << FIELD) + low by the factor that both share. The sum of the
// low products borrows from the high field where it is negative. So the chain begins with 2**(FIELD-1), which keeps the low
// field positive: nothing is borrowed, and the low sum has only its highest bit wrong. SIGNED: the pair are weights and
// the shared factor is an activation; else the other way round. Lane s comes s - 2 cycles late, or as early as the others:
// registers of the DSP delay it by the first two.
module farm_mvau_twice #(
    parameter int LENGTH = 1,
    parameter int PAIR_BITS = 8,
    parameter int SHARED_BITS = 8,
    parameter bit SIGNED = 0,
    parameter int FIELD = 18,
    parameter int SUM_BITS = 18
) (
    input  wire                          clk,
    input  wire  [LENGTH*PAIR_BITS-1:0]  low,
    input  wire  [LENGTH*PAIR_BITS-1:0]  high,
    input  wire  [LENGTH*SHARED_BITS-1:0] shared,
    output wire  [SUM_BITS-1:0]          low_sum,
    output wire  [SUM_BITS-1:0]          high_sum
);
    for (genvar s = 0; s < LENGTH; s++) begin : lanes
        localparam int DELAY = s < 2 ? s : 2;
        localparam int FIRST = DELAY > 1 ? 1 : DELAY;  // registers before the adder in front of the multiplier
        wire [PAIR_BITS-1:0] l = low[s*PAIR_BITS+:PAIR_BITS];
        wire [PAIR_BITS-1:0] h = high[s*PAIR_BITS+:PAIR_BITS];
        wire [SHARED_BITS-1:0] x = shared[s*SHARED_BITS+:SHARED_BITS];
        // A negative low weight is subtracted from the high one by the DSP's adder before the multiplier.
        wire [29:0] a = 30'(SIGNED ? {{30{h[PAIR_BITS-1]}}, h, FIELD'(0)} : {30'(h), FIELD'(l)});
        wire [26:0] d = SIGNED ? 27'({{27{l[PAIR_BITS-1]}}, l}) : 27'(0);
        wire [17:0] b = 18'({{18{!SIGNED && x[SHARED_BITS-1]}}, x});
        wire [47:0] above, total, next;
        if (s == 0) begin : start
            assign above = '0;
        end else begin : later
            assign above = lanes[s-1].next;
        end
        DSP48E2 #(
            .ACASCREG(SIGNED ? FIRST : DELAY), .ADREG(SIGNED && DELAY > 1), .ALUMODEREG(0), .AMULTSEL(SIGNED ? "AD" : "A"),
            .AREG(SIGNED ? FIRST : DELAY), .AUTORESET_PATDET("NO_RESET"), .A_INPUT("DIRECT"), .BCASCREG(DELAY),
            .BMULTSEL("B"), .BREG(DELAY), .B_INPUT("DIRECT"), .CARRYINREG(0), .CARRYINSELREG(0), .CREG(0),
            .DREG(SIGNED ? FIRST : 0), .INMODEREG(0), .MREG(1), .OPMODEREG(0), .PREADDINSEL("A"), .PREG(1),
            .USE_MULT("MULTIPLY"), .USE_PATTERN_DETECT("NO_PATDET"), .USE_SIMD("ONE48")
        ) dsp (
            .CLK(clk), .A(a), .B(b), .C(48'd1 << (FIELD - 1)), .D(d), .PCIN(above), .P(total), .PCOUT(next),
            .INMODE(SIGNED ? 5'b00100 : 5'b00000), .ALUMODE(4'b0000), .CARRYIN(1'b0), .CARRYINSEL(3'b000),
            .OPMODE(s == 0 ? 9'b00_011_0101 : 9'b00_001_0101),  // the product, and C or the neighbour's sum
            .ACIN(30'b0), .BCIN(18'b0), .CARRYCASCIN(1'b0), .MULTSIGNIN(1'b0),
            .CEA1(1'b1), .CEA2(1'b1), .CEAD(1'b1), .CEALUMODE(1'b0), .CEB1(1'b1), .CEB2(1'b1), .CEC(1'b0),
            .CECARRYIN(1'b0), .CECTRL(1'b0), .CED(1'b1), .CEINMODE(1'b0), .CEM(1'b1), .CEP(1'b1),
            .RSTA(1'b0), .RSTALLCARRYIN(1'b0), .RSTALUMODE(1'b0), .RSTB(1'b0), .RSTC(1'b0), .RSTCTRL(1'b0), .RSTD(1'b0),
            .RSTINMODE(1'b0), .RSTM(1'b0), .RSTP(1'b0)
        );
    end

    wire [47:0] both = lanes[LENGTH-1].total;
    wire signed [FIELD-1:0] lower = {!both[FIELD-1], both[FIELD-2:0]};
    wire signed [47-FIELD:0] upper = both[47:FIELD];
    assign low_sum = SUM_BITS'(lower);
    assign high_sum = SUM_BITS'(upper);
endmodule
`endif

// PES units side by side, which share the multipliers of the pixels that are not in PIXEL_PAIRS. TWICE: products are those
// of farm_mvau_twice in synthesis. Simulation takes the chains of single products, which are the same sums.
(* keep_hierarchy = "yes" *)
module farm_mvau_integer_pe #(
    parameter int PES = 1,
    parameter int SIMD = 1,
    parameter int CHAIN = 1,
    parameter int TREE = 0,
    parameter int INPUT_BITS = 8,
    parameter int WEIGHT_BITS = 8,
    parameter int ACCUMULATOR_BITS = 24,
    parameter int MMV = 1,
    parameter bit TWICE = 0,
    parameter int FIELD = 18,
    parameter int PIXEL_PAIRS = 0
) (
    input  wire                                clk,
    input  wire                                rst,
    input  wire  [MMV*SIMD*INPUT_BITS-1:0]     a,
    input  wire  [PES*SIMD*WEIGHT_BITS-1:0]    w,
    input  wire                                add,
    input  wire                                last,
    output logic [MMV*PES*ACCUMULATOR_BITS-1:0] sums
);
    localparam int CHAINS = (SIMD + CHAIN - 1) / CHAIN;
    localparam int CHAIN_BITS = INPUT_BITS + WEIGHT_BITS + 1 + $clog2(CHAIN + 1);
    localparam int BEAT_BITS = CHAIN_BITS + $clog2(CHAINS + 1);
`ifdef SYNTHESIS
    localparam int KEPT = TWICE ? 2 : 0;
`else
    localparam int KEPT = 0;
`endif

    logic [PES*SIMD*WEIGHT_BITS-1:0] weights;
    for (genvar p = 0; p < PES; p++) begin : skew
        for (genvar s = 0; s < SIMD; s++) begin : skew_lanes
            farm_delay #(.WIDTH(WEIGHT_BITS), .CYCLES(s % CHAIN > KEPT ? s % CHAIN - KEPT : 0)) delay (
                .clk, .in(w[(p*SIMD+s)*WEIGHT_BITS+:WEIGHT_BITS]), .out(weights[(p*SIMD+s)*WEIGHT_BITS+:WEIGHT_BITS])
            );
        end
    end

    // [(c*MMV+m)*PES+p] is the sum of chain c for pixel m and unit p.
    localparam int UNITS = MMV * PES;
    logic [CHAINS*UNITS*CHAIN_BITS-1:0] chained;
    for (genvar c = 0; c < CHAINS; c++) begin : chains
        localparam int LENGTH = SIMD - c * CHAIN < CHAIN ? SIMD - c * CHAIN : CHAIN;
        localparam int A_WIDTH = LENGTH * INPUT_BITS;
        localparam int W_WIDTH = LENGTH * WEIGHT_BITS;
        logic [MMV*A_WIDTH-1:0] x;
        logic [PES*W_WIDTH-1:0] y;
        for (genvar m = 0; m < MMV; m++) begin : inputs
            assign x[m*A_WIDTH+:A_WIDTH] = a[(m*SIMD+c*CHAIN)*INPUT_BITS+:A_WIDTH];
        end
        for (genvar p = 0; p < PES; p++) begin : rows
            assign y[p*W_WIDTH+:W_WIDTH] = weights[(p*SIMD+c*CHAIN)*WEIGHT_BITS+:W_WIDTH];
        end

        logic [UNITS*CHAIN_BITS-1:0] sum;
`ifdef SYNTHESIS
        for (genvar m = 0; m < PIXEL_PAIRS; m++) begin : pixel_pairs
            for (genvar p = 0; p < PES; p++) begin : shared_by
                farm_mvau_twice #(
                    .LENGTH(LENGTH), .PAIR_BITS(INPUT_BITS), .SHARED_BITS(WEIGHT_BITS), .FIELD(FIELD), .SUM_BITS(CHAIN_BITS)
                ) twice (
                    .clk, .low(x[2*m*A_WIDTH+:A_WIDTH]), .high(x[(2*m+1)*A_WIDTH+:A_WIDTH]),
                    .shared(y[p*W_WIDTH+:W_WIDTH]),
                    .low_sum(sum[(2*m*PES+p)*CHAIN_BITS+:CHAIN_BITS]),
                    .high_sum(sum[((2*m+1)*PES+p)*CHAIN_BITS+:CHAIN_BITS])
                );
            end
        end
        for (genvar m = 2 * PIXEL_PAIRS; m < MMV; m++) begin : pixels
            if (!TWICE) begin : once
                for (genvar p = 0; p < PES; p++) begin : rows
                    farm_mvau_chain #(
                        .LENGTH(LENGTH), .INPUT_BITS(INPUT_BITS), .WEIGHT_BITS(WEIGHT_BITS), .SUM_BITS(CHAIN_BITS)
                    ) chain (
                        .clk, .a(x[m*A_WIDTH+:A_WIDTH]), .w(y[p*W_WIDTH+:W_WIDTH]),
                        .sum(sum[(m*PES+p)*CHAIN_BITS+:CHAIN_BITS])
                    );
                end
            end else if (PES == 2) begin : weights
                farm_mvau_twice #(
                    .LENGTH(LENGTH), .PAIR_BITS(WEIGHT_BITS), .SHARED_BITS(INPUT_BITS), .SIGNED(1), .FIELD(FIELD),
                    .SUM_BITS(CHAIN_BITS)
                ) twice (
                    .clk, .low(y[0+:W_WIDTH]), .high(y[W_WIDTH+:W_WIDTH]), .shared(x[m*A_WIDTH+:A_WIDTH]),
                    .low_sum(sum[m*PES*CHAIN_BITS+:CHAIN_BITS]), .high_sum(sum[(m*PES+1)*CHAIN_BITS+:CHAIN_BITS])
                );
            end else begin : alone
                wire [CHAIN_BITS-1:0] unused;
                farm_mvau_twice #(
                    .LENGTH(LENGTH), .PAIR_BITS(INPUT_BITS), .SHARED_BITS(WEIGHT_BITS), .FIELD(FIELD), .SUM_BITS(CHAIN_BITS)
                ) twice (
                    .clk, .low(x[m*A_WIDTH+:A_WIDTH]), .high(A_WIDTH'(0)), .shared(y),
                    .low_sum(sum[m*CHAIN_BITS+:CHAIN_BITS]), .high_sum(unused)
                );
            end
        end
`else
        for (genvar m = 0; m < MMV; m++) begin : pixels
            for (genvar p = 0; p < PES; p++) begin : rows
                farm_mvau_chain #(
                    .LENGTH(LENGTH), .INPUT_BITS(INPUT_BITS), .WEIGHT_BITS(WEIGHT_BITS), .SUM_BITS(CHAIN_BITS)
                ) chain (
                    .clk, .a(x[m*A_WIDTH+:A_WIDTH]), .w(y[p*W_WIDTH+:W_WIDTH]),
                    .sum(sum[(m*PES+p)*CHAIN_BITS+:CHAIN_BITS])
                );
            end
        end
`endif
        // A shorter chain is ready earlier; its sums wait for the others.
        farm_delay #(.WIDTH(UNITS * CHAIN_BITS), .CYCLES(CHAIN - LENGTH)) delay (
            .clk, .in(sum), .out(chained[c*UNITS*CHAIN_BITS+:UNITS*CHAIN_BITS])
        );
    end

    for (genvar u = 0; u < UNITS; u++) begin : units
        logic [CHAINS*BEAT_BITS-1:0] chain_sums;
        for (genvar c = 0; c < CHAINS; c++) begin : parts
            wire signed [CHAIN_BITS-1:0] part = chained[(c*UNITS+u)*CHAIN_BITS+:CHAIN_BITS];
            assign chain_sums[c*BEAT_BITS+:BEAT_BITS] = BEAT_BITS'(part);
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
        assign sums[u*ACCUMULATOR_BITS+:ACCUMULATOR_BITS] = total;
    end
endmodule

// Adds two's complement numbers of one width, four at a time, with a register after each stage.
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
