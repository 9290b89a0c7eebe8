// The cells that netlists of cores and of parameter memories are made of, as far as they are used: after UG574 (logic and
// memory of a slice); block RAM, UltraRAM and DSP are in `block_models.v`. What is used in another way ends the simulation or shows as x.
// Contents that a netlist leaves open are not set here: a simulator fills them as it fills any register. With CONFIGURED
// defined they are what UG974 gives a cell without INIT: 1 for FDSE and FDPE, 0 for all others. Simulators of four values
// need that, because registers that start as x may stay x.
// Each cell's clock is a net of its own, and no cell has a generate block: Icarus Verilog takes quadratic time otherwise.
`ifdef CONFIGURED
`define OPEN 1'b0
`define OPEN_SET 1'b1
`else
`define OPEN 1'bx
`define OPEN_SET 1'bx
`endif

module INV (input I, output O);
    assign O = ~I;
endmodule

module BUF (input I, output O);
    assign O = I;
endmodule

module LUT1 #(parameter [1:0] INIT = 0) (input I0, output O);
    assign O = INIT[I0];
endmodule

module LUT2 #(parameter [3:0] INIT = 0) (input I0, I1, output O);
    assign O = INIT[{I1, I0}];
endmodule

module LUT3 #(parameter [7:0] INIT = 0) (input I0, I1, I2, output O);
    assign O = INIT[{I2, I1, I0}];
endmodule

module LUT4 #(parameter [15:0] INIT = 0) (input I0, I1, I2, I3, output O);
    assign O = INIT[{I3, I2, I1, I0}];
endmodule

module LUT5 #(parameter [31:0] INIT = 0) (input I0, I1, I2, I3, I4, output O);
    assign O = INIT[{I4, I3, I2, I1, I0}];
endmodule

module LUT6 #(parameter [63:0] INIT = 0) (input I0, I1, I2, I3, I4, I5, output O);
    assign O = INIT[{I5, I4, I3, I2, I1, I0}];
endmodule

// O5 is the lower half of the table: it does not depend on I5.
module LUT6_2 #(parameter [63:0] INIT = 0) (input I0, I1, I2, I3, I4, I5, output O5, O6);
    assign O6 = INIT[{I5, I4, I3, I2, I1, I0}];
    assign O5 = INIT[{1'b0, I4, I3, I2, I1, I0}];
endmodule

module MUXF7 (input I0, I1, S, output O);
    assign O = S ? I1 : I0;
endmodule

module MUXF8 (input I0, I1, S, output O);
    assign O = S ? I1 : I0;
endmodule

module MUXF9 (input I0, I1, S, output O);
    assign O = S ? I1 : I0;
endmodule

// The lower half of a CARRY8; a chain begins with CYINIT or goes on with CI.
module CARRY4 (input CI, CYINIT, input [3:0] DI, S, output [3:0] CO, O);
    wire c0 = CI | CYINIT;
    wire c1 = S[0] ? c0 : DI[0];
    wire c2 = S[1] ? c1 : DI[1];
    wire c3 = S[2] ? c2 : DI[2];
    wire c4 = S[3] ? c3 : DI[3];
    assign CO = {c4, c3, c2, c1};
    assign O = S ^ {c3, c2, c1, c0};
endmodule

// DUAL_CY4: two chains of four, the second begins with CI_TOP.
module CARRY8 #(parameter CARRY_TYPE = "SINGLE_CY8") (input CI, CI_TOP, input [7:0] DI, S, output [7:0] CO, O);
    wire c1 = S[0] ? CI : DI[0];
    wire c2 = S[1] ? c1 : DI[1];
    wire c3 = S[2] ? c2 : DI[2];
    wire c4 = S[3] ? c3 : DI[3];
    wire entry = CARRY_TYPE == "DUAL_CY4" ? CI_TOP : c4;
    wire c5 = S[4] ? entry : DI[4];
    wire c6 = S[5] ? c5 : DI[5];
    wire c7 = S[6] ? c6 : DI[6];
    wire c8 = S[7] ? c7 : DI[7];
    assign CO = {c8, c7, c6, c5, c4, c3, c2, c1};
    assign O = S ^ {c7, c6, c5, entry, c3, c2, c1, CI};
endmodule

module FDRE #(parameter [0:0] INIT = `OPEN) (input C, CE, D, R, output reg Q);
    localparam KNOWN = INIT !== 1'bx;
    wire tick;
    buf (tick, C);
    initial if (KNOWN) Q = INIT;
    always @(posedge tick) if (R) Q <= 1'b0; else if (CE) Q <= D;
endmodule

module FDSE #(parameter [0:0] INIT = `OPEN_SET) (input C, CE, D, S, output reg Q);
    localparam KNOWN = INIT !== 1'bx;
    wire tick;
    buf (tick, C);
    initial if (KNOWN) Q = INIT;
    always @(posedge tick) if (S) Q <= 1'b1; else if (CE) Q <= D;
endmodule

module FDCE #(parameter [0:0] INIT = `OPEN) (input C, CE, CLR, D, output reg Q);
    localparam KNOWN = INIT !== 1'bx;
    wire tick;
    buf (tick, C);
    initial if (KNOWN) Q = INIT;
    always @(posedge tick, posedge CLR) if (CLR) Q <= 1'b0; else if (CE) Q <= D;
endmodule

module FDPE #(parameter [0:0] INIT = `OPEN_SET) (input C, CE, D, PRE, output reg Q);
    localparam KNOWN = INIT !== 1'bx;
    wire tick;
    buf (tick, C);
    initial if (KNOWN) Q = INIT;
    always @(posedge tick, posedge PRE) if (PRE) Q <= 1'b1; else if (CE) Q <= D;
endmodule

// The netlists' INIT of a shift register is of no use to a design that does not rely on it: it is not looked at.
module SRL16E #(parameter [15:0] INIT = 0, parameter [0:0] IS_CLK_INVERTED = 0) (
    input A0, A1, A2, A3, CE, CLK, D, output Q
);
    initial if (IS_CLK_INVERTED) $fatal(1, "SRL16E with an inverted clock");
    wire tick;
    buf (tick, CLK);
    reg [15:0] line;
`ifdef CONFIGURED
    initial line = 0;
`endif
    assign Q = line[{A3, A2, A1, A0}];
    always @(posedge tick) if (CE) line <= {line[14:0], D};
endmodule

module SRLC32E #(parameter [31:0] INIT = 0, parameter [0:0] IS_CLK_INVERTED = 0) (
    input [4:0] A, input CE, CLK, D, output Q, Q31
);
    initial if (IS_CLK_INVERTED) $fatal(1, "SRLC32E with an inverted clock");
    wire tick;
    buf (tick, CLK);
    reg [31:0] line;
`ifdef CONFIGURED
    initial line = 0;
`endif
    assign Q = line[A];
    assign Q31 = line[31];
    always @(posedge tick) if (CE) line <= {line[30:0], D};
endmodule

// A memory of LUTs for one output: PLACES places of WIDTH bits, one to write to and one to read.
module lut_memory #(
    parameter WIDTH = 1,
    parameter PLACES = 64,
    parameter BITS = 6,
    parameter [63:0] INIT = 64'bx
) (
    input clk, we, input [BITS-1:0] write, read, input [WIDTH-1:0] in, output [WIDTH-1:0] out
);
    localparam [63:0] START = INIT === 64'bx ? {64{`OPEN}} : INIT;
    localparam FILLED = START !== 64'bx;
    wire tick;
    buf (tick, clk);
    reg [WIDTH-1:0] places [0:PLACES-1];
    integer i;
    initial if (FILLED) for (i = 0; i < PLACES; i = i + 1) places[i] = START[WIDTH*i+:WIDTH];
    assign out = places[read];
    always @(posedge tick) if (we) places[write] <= in;
endmodule

module RAM32M16 #(
    parameter [63:0] INIT_A = 64'bx, INIT_B = 64'bx, INIT_C = 64'bx, INIT_D = 64'bx, INIT_E = 64'bx, INIT_F = 64'bx,
    parameter [63:0] INIT_G = 64'bx, INIT_H = 64'bx, parameter [0:0] IS_WCLK_INVERTED = 0
) (
    input [4:0] ADDRA, ADDRB, ADDRC, ADDRD, ADDRE, ADDRF, ADDRG, ADDRH,
    input [1:0] DIA, DIB, DIC, DID, DIE, DIF, DIG, DIH,
    output [1:0] DOA, DOB, DOC, DOD, DOE, DOF, DOG, DOH,
    input WCLK, WE
);
    initial if (IS_WCLK_INVERTED) $fatal(1, "RAM32M16 with an inverted clock");
    lut_memory #(2, 32, 5, INIT_A) a (.clk(WCLK), .we(WE), .write(ADDRH), .read(ADDRA), .in(DIA), .out(DOA));
    lut_memory #(2, 32, 5, INIT_B) b (.clk(WCLK), .we(WE), .write(ADDRH), .read(ADDRB), .in(DIB), .out(DOB));
    lut_memory #(2, 32, 5, INIT_C) c (.clk(WCLK), .we(WE), .write(ADDRH), .read(ADDRC), .in(DIC), .out(DOC));
    lut_memory #(2, 32, 5, INIT_D) d (.clk(WCLK), .we(WE), .write(ADDRH), .read(ADDRD), .in(DID), .out(DOD));
    lut_memory #(2, 32, 5, INIT_E) e (.clk(WCLK), .we(WE), .write(ADDRH), .read(ADDRE), .in(DIE), .out(DOE));
    lut_memory #(2, 32, 5, INIT_F) f (.clk(WCLK), .we(WE), .write(ADDRH), .read(ADDRF), .in(DIF), .out(DOF));
    lut_memory #(2, 32, 5, INIT_G) g (.clk(WCLK), .we(WE), .write(ADDRH), .read(ADDRG), .in(DIG), .out(DOG));
    lut_memory #(2, 32, 5, INIT_H) h (.clk(WCLK), .we(WE), .write(ADDRH), .read(ADDRH), .in(DIH), .out(DOH));
endmodule

module RAM64M8 #(
    parameter [63:0] INIT_A = 64'bx, INIT_B = 64'bx, INIT_C = 64'bx, INIT_D = 64'bx, INIT_E = 64'bx, INIT_F = 64'bx,
    parameter [63:0] INIT_G = 64'bx, INIT_H = 64'bx, parameter [0:0] IS_WCLK_INVERTED = 0
) (
    input [5:0] ADDRA, ADDRB, ADDRC, ADDRD, ADDRE, ADDRF, ADDRG, ADDRH,
    input DIA, DIB, DIC, DID, DIE, DIF, DIG, DIH,
    output DOA, DOB, DOC, DOD, DOE, DOF, DOG, DOH,
    input WCLK, WE
);
    initial if (IS_WCLK_INVERTED) $fatal(1, "RAM64M8 with an inverted clock");
    lut_memory #(1, 64, 6, INIT_A) a (.clk(WCLK), .we(WE), .write(ADDRH), .read(ADDRA), .in(DIA), .out(DOA));
    lut_memory #(1, 64, 6, INIT_B) b (.clk(WCLK), .we(WE), .write(ADDRH), .read(ADDRB), .in(DIB), .out(DOB));
    lut_memory #(1, 64, 6, INIT_C) c (.clk(WCLK), .we(WE), .write(ADDRH), .read(ADDRC), .in(DIC), .out(DOC));
    lut_memory #(1, 64, 6, INIT_D) d (.clk(WCLK), .we(WE), .write(ADDRH), .read(ADDRD), .in(DID), .out(DOD));
    lut_memory #(1, 64, 6, INIT_E) e (.clk(WCLK), .we(WE), .write(ADDRH), .read(ADDRE), .in(DIE), .out(DOE));
    lut_memory #(1, 64, 6, INIT_F) f (.clk(WCLK), .we(WE), .write(ADDRH), .read(ADDRF), .in(DIF), .out(DOF));
    lut_memory #(1, 64, 6, INIT_G) g (.clk(WCLK), .we(WE), .write(ADDRH), .read(ADDRG), .in(DIG), .out(DOG));
    lut_memory #(1, 64, 6, INIT_H) h (.clk(WCLK), .we(WE), .write(ADDRH), .read(ADDRH), .in(DIH), .out(DOH));
endmodule

// A memory of LUTs of one bit: written and read at A, read at DPRA too.
module narrow_lut_memory #(
    parameter BITS = 5,
    parameter [(1<<BITS)-1:0] INIT = 0,
    parameter [0:0] IS_WCLK_INVERTED = 0
) (
    input clk, we, in, input [BITS-1:0] a, dpra, output spo, dpo
);
    wire tick;
    buf (tick, clk);
    localparam [(1<<BITS)-1:0] START = ^INIT === 1'bx ? {1<<BITS{`OPEN}} : INIT;
    localparam FILLED = ^START !== 1'bx;
    initial if (IS_WCLK_INVERTED) $fatal(1, "a memory of LUTs with an inverted clock");
    reg places [0:(1<<BITS)-1];
    integer i;
    initial if (FILLED) for (i = 0; i < 1 << BITS; i = i + 1) places[i] = START[i];
    assign spo = places[a];
    assign dpo = places[dpra];
    always @(posedge tick) if (we) places[a] <= in;
endmodule

module RAM32X1S #(parameter [31:0] INIT = 32'bx, parameter [0:0] IS_WCLK_INVERTED = 0) (
    input A0, A1, A2, A3, A4, input D, WCLK, WE, output O
);
    narrow_lut_memory #(5, INIT, IS_WCLK_INVERTED) memory (
        .clk(WCLK), .we(WE), .in(D), .a({A4, A3, A2, A1, A0}), .dpra({A4, A3, A2, A1, A0}), .spo(O), .dpo()
    );
endmodule

module RAM64X1S #(parameter [63:0] INIT = 64'bx, parameter [0:0] IS_WCLK_INVERTED = 0) (
    input A0, A1, A2, A3, A4, A5, input D, WCLK, WE, output O
);
    narrow_lut_memory #(6, INIT, IS_WCLK_INVERTED) memory (
        .clk(WCLK), .we(WE), .in(D), .a({A5, A4, A3, A2, A1, A0}), .dpra({A5, A4, A3, A2, A1, A0}), .spo(O), .dpo()
    );
endmodule

module RAM128X1S #(parameter [127:0] INIT = 128'bx, parameter [0:0] IS_WCLK_INVERTED = 0) (
    input A0, A1, A2, A3, A4, A5, A6, input D, WCLK, WE, output O
);
    narrow_lut_memory #(7, INIT, IS_WCLK_INVERTED) memory (
        .clk(WCLK), .we(WE), .in(D), .a({A6, A5, A4, A3, A2, A1, A0}), .dpra({A6, A5, A4, A3, A2, A1, A0}), .spo(O), .dpo()
    );
endmodule

module RAM256X1S #(parameter [255:0] INIT = 256'bx, parameter [0:0] IS_WCLK_INVERTED = 0) (
    input [7:0] A, input D, WCLK, WE, output O
);
    narrow_lut_memory #(8, INIT, IS_WCLK_INVERTED) memory (
        .clk(WCLK), .we(WE), .in(D), .a(A), .dpra(A), .spo(O), .dpo()
    );
endmodule

module RAM512X1S #(parameter [511:0] INIT = 512'bx, parameter [0:0] IS_WCLK_INVERTED = 0) (
    input [8:0] A, input D, WCLK, WE, output O
);
    narrow_lut_memory #(9, INIT, IS_WCLK_INVERTED) memory (
        .clk(WCLK), .we(WE), .in(D), .a(A), .dpra(A), .spo(O), .dpo()
    );
endmodule

module RAM32X1D #(parameter [31:0] INIT = 32'bx, parameter [0:0] IS_WCLK_INVERTED = 0) (
    input A0, A1, A2, A3, A4, DPRA0, DPRA1, DPRA2, DPRA3, DPRA4, input D, WCLK, WE, output SPO, DPO
);
    narrow_lut_memory #(5, INIT, IS_WCLK_INVERTED) memory (
        .clk(WCLK), .we(WE), .in(D), .a({A4, A3, A2, A1, A0}), .dpra({DPRA4, DPRA3, DPRA2, DPRA1, DPRA0}), .spo(SPO), .dpo(DPO)
    );
endmodule

module RAM64X1D #(parameter [63:0] INIT = 64'bx, parameter [0:0] IS_WCLK_INVERTED = 0) (
    input A0, A1, A2, A3, A4, A5, DPRA0, DPRA1, DPRA2, DPRA3, DPRA4, DPRA5, input D, WCLK, WE, output SPO, DPO
);
    narrow_lut_memory #(6, INIT, IS_WCLK_INVERTED) memory (
        .clk(WCLK), .we(WE), .in(D), .a({A5, A4, A3, A2, A1, A0}), .dpra({DPRA5, DPRA4, DPRA3, DPRA2, DPRA1, DPRA0}), .spo(SPO), .dpo(DPO)
    );
endmodule

module RAM128X1D #(parameter [127:0] INIT = 128'bx, parameter [0:0] IS_WCLK_INVERTED = 0) (
    input [6:0] A, DPRA, input D, WCLK, WE, output SPO, DPO
);
    narrow_lut_memory #(7, INIT, IS_WCLK_INVERTED) memory (
        .clk(WCLK), .we(WE), .in(D), .a(A), .dpra(DPRA), .spo(SPO), .dpo(DPO)
    );
endmodule

module RAM256X1D #(parameter [255:0] INIT = 256'bx, parameter [0:0] IS_WCLK_INVERTED = 0) (
    input [7:0] A, DPRA, input D, WCLK, WE, output SPO, DPO
);
    narrow_lut_memory #(8, INIT, IS_WCLK_INVERTED) memory (
        .clk(WCLK), .we(WE), .in(D), .a(A), .dpra(DPRA), .spo(SPO), .dpo(DPO)
    );
endmodule

module RAM32M #(
    parameter [63:0] INIT_A = 64'bx, INIT_B = 64'bx, INIT_C = 64'bx, INIT_D = 64'bx, parameter [0:0] IS_WCLK_INVERTED = 0
) (
    input [4:0] ADDRA, ADDRB, ADDRC, ADDRD, input [1:0] DIA, DIB, DIC, DID, output [1:0] DOA, DOB, DOC, DOD, input WCLK, WE
);
    initial if (IS_WCLK_INVERTED) $fatal(1, "RAM32M with an inverted clock");
    lut_memory #(2, 32, 5, INIT_A) a (.clk(WCLK), .we(WE), .write(ADDRD), .read(ADDRA), .in(DIA), .out(DOA));
    lut_memory #(2, 32, 5, INIT_B) b (.clk(WCLK), .we(WE), .write(ADDRD), .read(ADDRB), .in(DIB), .out(DOB));
    lut_memory #(2, 32, 5, INIT_C) c (.clk(WCLK), .we(WE), .write(ADDRD), .read(ADDRC), .in(DIC), .out(DOC));
    lut_memory #(2, 32, 5, INIT_D) d (.clk(WCLK), .we(WE), .write(ADDRD), .read(ADDRD), .in(DID), .out(DOD));
endmodule

module RAM64M #(
    parameter [63:0] INIT_A = 64'bx, INIT_B = 64'bx, INIT_C = 64'bx, INIT_D = 64'bx, parameter [0:0] IS_WCLK_INVERTED = 0
) (
    input [5:0] ADDRA, ADDRB, ADDRC, ADDRD, input DIA, DIB, DIC, DID, output DOA, DOB, DOC, DOD, input WCLK, WE
);
    initial if (IS_WCLK_INVERTED) $fatal(1, "RAM64M with an inverted clock");
    lut_memory #(1, 64, 6, INIT_A) a (.clk(WCLK), .we(WE), .write(ADDRD), .read(ADDRA), .in(DIA), .out(DOA));
    lut_memory #(1, 64, 6, INIT_B) b (.clk(WCLK), .we(WE), .write(ADDRD), .read(ADDRB), .in(DIB), .out(DOB));
    lut_memory #(1, 64, 6, INIT_C) c (.clk(WCLK), .we(WE), .write(ADDRD), .read(ADDRC), .in(DIC), .out(DOC));
    lut_memory #(1, 64, 6, INIT_D) d (.clk(WCLK), .we(WE), .write(ADDRD), .read(ADDRD), .in(DID), .out(DOD));
endmodule
