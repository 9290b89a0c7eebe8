// Counters of bits, as explicit primitives of UltraScale+: the sum of the inputs' worth is the sum of the outputs'. The
// compressors of `compressor/` are made of them. Without SYNTHESIS a behavioural twin takes their place (`sum.sv`).
//
// A LUT6_2 with I5 at 1 is two functions of I0 to I4: O6 is the upper half of INIT, O5 the lower half. At a place of a
// CARRY8, O6 selects: 1 passes the carry on, 0 sends on O5 (DI). The sum is O6 xor the carry.
`default_nettype none
`ifdef SYNTHESIS

// Adds two lanes of PLANES bits, each behind its weight, in each of CHAINS chains. The chains share a CARRY8.
// NEGATIVE: a gate gives 1 where the product bit is 0.
module farm_gate_chains #(
    parameter int PLANES = 2,
    parameter int CHAINS = 1,
    parameter bit NEGATIVE = 0
) (
    input  wire [2*CHAINS-1:0]          w,
    input  wire [2*CHAINS*PLANES-1:0]   a,    // lane by lane
    output wire [CHAINS*(PLANES+1)-1:0] sum
);
    // O6 = g xor h and O5 = g, where g = I0 and I1, h = I2 and I3.
    localparam logic [63:0] INIT = NEGATIVE ? 64'h7888788877777777 : 64'h7888788888888888;
    wire [7:0] select, data, sums, carries;
    for (genvar place = 0; place < 8; place++) begin : places
        localparam int CHAIN = place / 4;
        localparam int PLANE = place % 4;
        if (CHAIN < CHAINS && PLANE < PLANES) begin : used
            LUT6_2 #(.INIT(INIT)) add (
                .I0(w[2*CHAIN]), .I1(a[2*CHAIN*PLANES+PLANE]),
                .I2(w[2*CHAIN+1]), .I3(a[(2*CHAIN+1)*PLANES+PLANE]),
                .I4(1'b0), .I5(1'b1), .O6(select[place]), .O5(data[place])
            );
        end else begin : spare
            assign select[place] = 1'b0;
            assign data[place] = 1'b0;
        end
    end
    CARRY8 #(.CARRY_TYPE("DUAL_CY4")) carry (
        .CI(1'b0), .CI_TOP(1'b0), .S(select), .DI(data), .O(sums), .CO(carries)
    );
    for (genvar chain = 0; chain < CHAINS; chain++) begin : outs
        assign sum[chain*(PLANES+1)+:PLANES+1] = {carries[4*chain+PLANES-1], sums[4*chain+:PLANES]};
    end
endmodule

// Adds the bits of two lanes, each behind its weight.
module farm_gate_pair #(
    parameter bit NEGATIVE = 0
) (
    input  wire [1:0] w,
    input  wire [1:0] a,
    output wire [1:0] sum
);
    // O6 = g xor h, O5 = g and h.
    localparam logic [63:0] INIT = NEGATIVE ? 64'h7888788807770777 : 64'h7888788880008000;
    LUT6_2 #(.INIT(INIT)) add (
        .I0(w[0]), .I1(a[0]), .I2(w[1]), .I3(a[1]), .I4(1'b0), .I5(1'b1), .O6(sum[0]), .O5(sum[1])
    );
endmodule

// One lane behind its weight: two planes a LUT.
module farm_gate_lane #(
    parameter int PLANES = 1,
    parameter bit NEGATIVE = 0
) (
    input  wire              w,
    input  wire [PLANES-1:0] a,
    output wire [PLANES-1:0] sum
);
    // O5 = I0 and I1, O6 = I0 and I2.
    localparam logic [63:0] INIT = NEGATIVE ? 64'h5f5f5f5f77777777 : 64'ha0a0a0a088888888;
    for (genvar plane = 0; plane < PLANES; plane = plane + 2) begin : planes
        if (plane + 1 < PLANES) begin : both
            LUT6_2 #(.INIT(INIT)) gates (
                .I0(w), .I1(a[plane]), .I2(a[plane+1]), .I3(1'b0), .I4(1'b0), .I5(1'b1),
                .O5(sum[plane]), .O6(sum[plane+1])
            );
        end else begin : one
            wire unused;
            LUT6_2 #(.INIT(INIT)) gates (
                .I0(w), .I1(a[plane]), .I2(1'b0), .I3(1'b0), .I4(1'b0), .I5(1'b1), .O5(sum[plane]), .O6(unused)
            );
        end
    end
endmodule

// CHAINS chains, which share a CARRY8. A chain takes 7 bits of one column and, if GROUPS is 2, 6 bits of the column two
// above it. Its first bit is the carry that enters. For each six bits x, with t ones among x[0] to x[4]:
//   lower place: O6 = the parity of x, and O5 = that of x[0] to x[4]. Where O6 is 0, O5 equals x[5]: so the place adds
//                parity, x[5] and carry, and what is left of x is t / 2, worth twice as much;
//   upper place: t / 2 is 0, 1 or 2. O6 = it is 1, O5 = it is 2.
module farm_count_chains #(
    parameter int GROUPS = 1,
    parameter int CHAINS = 1
) (
    input  wire [CHAINS*(6*GROUPS+1)-1:0] in,
    output wire [CHAINS*(2*GROUPS+1)-1:0] sum
);
    localparam logic [63:0] PARITY = 64'h6996966996696996;
    localparam logic [63:0] REST = 64'h177e7ee8e8808000;
    wire [7:0] select, data, sums, carries;
    wire [1:0] enter;
    for (genvar chain = 0; chain < 2; chain++) begin : chains
        if (chain < CHAINS) begin : first
            assign enter[chain] = in[chain*(6*GROUPS+1)];
        end else begin : none
            assign enter[chain] = 1'b0;
        end
        for (genvar group = 0; group < 2; group++) begin : groups
            localparam int PLACE = 4 * chain + 2 * group;
            if (chain < CHAINS && group < GROUPS) begin : used
                wire [5:0] x = in[chain*(6*GROUPS+1)+1+6*group+:6];
                LUT6_2 #(.INIT(PARITY)) lower (
                    .I0(x[0]), .I1(x[1]), .I2(x[2]), .I3(x[3]), .I4(x[4]), .I5(x[5]),
                    .O6(select[PLACE]), .O5(data[PLACE])
                );
                LUT6_2 #(.INIT(REST)) upper (
                    .I0(x[0]), .I1(x[1]), .I2(x[2]), .I3(x[3]), .I4(x[4]), .I5(1'b1),
                    .O6(select[PLACE+1]), .O5(data[PLACE+1])
                );
            end else begin : spare
                assign select[PLACE+:2] = 2'b0;
                assign data[PLACE+:2] = 2'b0;
            end
        end
    end
    CARRY8 #(.CARRY_TYPE("DUAL_CY4")) carry (
        .CI(enter[0]), .CI_TOP(enter[1]), .S(select), .DI(data), .O(sums), .CO(carries)
    );
    for (genvar chain = 0; chain < CHAINS; chain++) begin : outs
        assign sum[chain*(2*GROUPS+1)+:2*GROUPS+1] = {carries[4*chain+2*GROUPS-1], sums[4*chain+:2*GROUPS]};
    end
endmodule

module farm_full_adder (
    input  wire [2:0] in,
    output wire [1:0] sum
);
    // O6 = parity, O5 = majority.
    LUT6_2 #(.INIT(64'h96969696e8e8e8e8)) add (
        .I0(in[0]), .I1(in[1]), .I2(in[2]), .I3(1'b0), .I4(1'b0), .I5(1'b1), .O6(sum[0]), .O5(sum[1])
    );
endmodule

// x + y + enter. A place adds two bits where PAIRS has a 1; elsewhere y is 0 and x selects by itself, without a LUT of its
// own. A bit that x lacks is 0 too.
module farm_row_adder #(
    parameter int BITS = 1,
    parameter bit [BITS-1:0] PAIRS = '1
) (
    input  wire [BITS-1:0] x, y,
    input  wire            enter,
    output wire [BITS-1:0] sum
);
    localparam int BLOCKS = (BITS + 7) / 8;
    wire [8*BLOCKS-1:0] select, data, sums, carries;
    for (genvar place = 0; place < 8 * BLOCKS; place++) begin : places
        if (place >= BITS) begin : spare
            assign select[place] = 1'b0;
            assign data[place] = 1'b0;
        end else if (PAIRS[place]) begin : pair
            // O6 = I0 xor I1, O5 = I1.
            LUT6_2 #(.INIT(64'h66666666cccccccc)) add (
                .I0(x[place]), .I1(y[place]), .I2(1'b0), .I3(1'b0), .I4(1'b0), .I5(1'b1),
                .O6(select[place]), .O5(data[place])
            );
        end else begin : one
            assign select[place] = x[place];
            assign data[place] = 1'b0;
        end
    end
    for (genvar block = 0; block < BLOCKS; block++) begin : blocks
        wire carry_in;
        if (block == 0) begin : lowest
            assign carry_in = enter;
        end else begin : further
            assign carry_in = carries[8*block-1];
        end
        CARRY8 carry (
            .CI(carry_in), .CI_TOP(1'b0), .S(select[8*block+:8]), .DI(data[8*block+:8]),
            .O(sums[8*block+:8]), .CO(carries[8*block+:8])
        );
    end
    assign sum = sums[BITS-1:0];
endmodule
`endif

`default_nettype wire
