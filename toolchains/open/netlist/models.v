// The cells that netlists of cores and of parameter memories are made of, as far as they are used: after UG574 (logic and
// memory of a slice), UG573 (block RAM) and UG579 (DSP). What is used in another way ends the simulation or shows as x.
// Contents that a netlist leaves open are not set here: a simulator fills them as it fills any register.

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

module CARRY8 #(parameter CARRY_TYPE = "SINGLE_CY8") (input CI, CI_TOP, input [7:0] DI, S, output [7:0] CO, O);
    wire [8:0] carries;
    assign carries[0] = CI;
    genvar place;
    generate for (place = 0; place < 8; place = place + 1) begin : places
        assign carries[place + 1] = S[place] ? carries[place] : DI[place];
    end endgenerate
    assign CO = carries[8:1];
    assign O = S ^ carries[7:0];
endmodule

module FDRE #(parameter [0:0] INIT = 1'bx) (input C, CE, D, R, output reg Q);
    generate if (INIT !== 1'bx) begin : known
        initial Q = INIT;
    end endgenerate
    always @(posedge C) if (R) Q <= 1'b0; else if (CE) Q <= D;
endmodule

module FDSE #(parameter [0:0] INIT = 1'bx) (input C, CE, D, S, output reg Q);
    generate if (INIT !== 1'bx) begin : known
        initial Q = INIT;
    end endgenerate
    always @(posedge C) if (S) Q <= 1'b1; else if (CE) Q <= D;
endmodule

// The netlists' INIT of a shift register is of no use to a design that does not rely on it: it is not looked at.
module SRL16E #(parameter [15:0] INIT = 0, parameter [0:0] IS_CLK_INVERTED = 0) (
    input A0, A1, A2, A3, CE, CLK, D, output Q
);
    initial if (IS_CLK_INVERTED) $fatal(1, "SRL16E with an inverted clock");
    reg [15:0] line;
    assign Q = line[{A3, A2, A1, A0}];
    always @(posedge CLK) if (CE) line <= {line[14:0], D};
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
    reg [WIDTH-1:0] places [0:PLACES-1];
    generate if (INIT !== 64'bx) begin : filled
        integer i;
        initial for (i = 0; i < PLACES; i = i + 1) places[i] = INIT[WIDTH*i+:WIDTH];
    end endgenerate
    assign out = places[read];
    always @(posedge clk) if (we) places[write] <= in;
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

// A block RAM of BYTES bytes, each with a parity bit. Port A and port B each read words of READ bits and write words of
// WRITE bits, parity included, 0 where they do not; a word is at its first data bit's address. Words of twice the width
// of a port take in both: A reads them and B writes them. Reading gives what was there before.
module block_memory #(
    parameter BYTES = 4096,
    parameter HALF = 32,  // data bits of a port
    parameter READ_A = 0, READ_B = 0, WRITE_A = 0, WRITE_B = 0, REGISTER_A = 0, REGISTER_B = 0,
    parameter FILLED = 0,
    parameter [8*BYTES-1:0] CONTENTS = 0,
    parameter [BYTES-1:0] PARITY = 0
) (
    input clk, en_a, en_b, regce_a, regce_b, reset,
    input [14:0] address_a, address_b,
    input [HALF-1:0] in_a, in_b, input [HALF/8-1:0] parity_in_a, parity_in_b,
    input [HALF/8-1:0] we_a, input [HALF/4-1:0] we_b,
    output [HALF-1:0] out_a, out_b, output [HALF/8-1:0] parity_out_a, parity_out_b
);
    localparam WIDE = 9 * HALF / 4;
    initial if ((READ_B > WIDE / 2 || WRITE_A > WIDE / 2)) $fatal(1, "a wide word at the wrong port");
    initial if ((WRITE_A != 0 && WRITE_A < 9) || (WRITE_B != 0 && WRITE_B < 9)) $fatal(1, "words of less than a byte");

    // The first byte of a word that an address lies in.
    function integer byte_of(input [14:0] address, input integer width);
        byte_of = address / 8 / (width / 9) * (width / 9);
    endfunction

    reg [7:0] bytes [0:BYTES-1];
    reg parities [0:BYTES-1];
    integer i;
    initial if (FILLED) for (i = 0; i < BYTES; i = i + 1) begin
        bytes[i] = CONTENTS[8*i+:8];
        parities[i] = PARITY[i];
    end

    // A wide word's upper half is what port B has.
    wire [2*HALF-1:0] in_wide = {in_b, in_a};
    wire [HALF/4-1:0] parity_in_wide = {parity_in_b, parity_in_a};
    wire [2*HALF-1:0] word_b = WRITE_B == WIDE ? in_wide : in_b;
    wire [HALF/4-1:0] parity_word_b = WRITE_B == WIDE ? parity_in_wide : parity_in_b;

    reg [2*HALF-1:0] latch_a, latch_b, register_a, register_b;
    reg [HALF/4-1:0] parity_latch_a, parity_latch_b, parity_register_a, parity_register_b;
    integer n;
    always @(posedge clk) begin
        if (regce_a) begin
            register_a <= latch_a;
            parity_register_a <= parity_latch_a;
        end
        if (regce_b) begin
            register_b <= latch_b;
            parity_register_b <= parity_latch_b;
        end
        if (en_a && READ_A >= 9) for (n = 0; n < READ_A / 9; n = n + 1) begin
            latch_a[8*n+:8] <= bytes[byte_of(address_a, READ_A)+n];
            parity_latch_a[n] <= parities[byte_of(address_a, READ_A)+n];
        end
        if (en_b && READ_B >= 9) for (n = 0; n < READ_B / 9; n = n + 1) begin
            latch_b[8*n+:8] <= bytes[byte_of(address_b, READ_B)+n];
            parity_latch_b[n] <= parities[byte_of(address_b, READ_B)+n];
        end
        if (en_a && READ_A > 0 && READ_A < 9) latch_a[7:0] <= bytes[address_a/8] >> address_a % 8;
        if (en_b && READ_B > 0 && READ_B < 9) latch_b[7:0] <= bytes[address_b/8] >> address_b % 8;
        if (en_a && WRITE_A >= 9) for (n = 0; n < WRITE_A / 9; n = n + 1) if (we_a[n]) begin
            bytes[byte_of(address_a, WRITE_A)+n] <= in_a[8*n+:8];
            parities[byte_of(address_a, WRITE_A)+n] <= parity_in_a[n];
        end
        if (en_b && WRITE_B >= 9) for (n = 0; n < WRITE_B / 9; n = n + 1) if (we_b[n]) begin
            bytes[byte_of(address_b, WRITE_B)+n] <= word_b[8*n+:8];
            parities[byte_of(address_b, WRITE_B)+n] <= parity_word_b[n];
        end
        if (reset) $fatal(1, "a reset of a block RAM's output");
    end

    wire [2*HALF-1:0] seen_a = REGISTER_A != 0 ? register_a : latch_a;
    wire [HALF/4-1:0] parity_seen_a = REGISTER_A != 0 ? parity_register_a : parity_latch_a;
    wire [2*HALF-1:0] seen_b = REGISTER_B != 0 ? register_b : latch_b;
    wire [HALF/4-1:0] parity_seen_b = REGISTER_B != 0 ? parity_register_b : parity_latch_b;
    assign out_a = seen_a[HALF-1:0];
    assign parity_out_a = parity_seen_a[HALF/8-1:0];
    assign out_b = READ_A == WIDE ? seen_a[2*HALF-1:HALF] : seen_b[HALF-1:0];
    assign parity_out_b = READ_A == WIDE ? parity_seen_a[HALF/4-1:HALF/8] : parity_seen_b[HALF/8-1:0];
endmodule

module DSP48E2 (
    input [29:0] A, ACIN, input [17:0] B, BCIN, input [47:0] C, PCIN, input [26:0] D, output [47:0] P, PCOUT,
    output [29:0] ACOUT, output [17:0] BCOUT, output CARRYCASCOUT, MULTSIGNOUT, OVERFLOW, PATTERNBDETECT,
    output PATTERNDETECT, UNDERFLOW, output [3:0] CARRYOUT, output [7:0] XOROUT,
    input CLK, CEA1, CEA2, CEB1, CEB2, CEM, CEP, CEC, CED, CEAD, CEALUMODE, CECARRYIN, CECTRL, CEINMODE,
    input RSTA, RSTB, RSTM, RSTP, RSTC, RSTD, RSTCTRL, RSTALUMODE, RSTALLCARRYIN, RSTINMODE,
    input CARRYCASCIN, CARRYIN, MULTSIGNIN, input [2:0] CARRYINSEL, input [3:0] ALUMODE, input [4:0] INMODE,
    input [8:0] OPMODE
);
    parameter ACASCREG = 1, ADREG = 1, ALUMODEREG = 1, AREG = 1, BCASCREG = 1, BREG = 1, CARRYINREG = 1;
    parameter CARRYINSELREG = 1, CREG = 1, DREG = 1, INMODEREG = 1, MREG = 1, OPMODEREG = 1, PREG = 1;
    parameter AMULTSEL = "A", BMULTSEL = "B", PREADDINSEL = "A", A_INPUT = "DIRECT", B_INPUT = "DIRECT";
    parameter AUTORESET_PATDET = "NO_RESET", SEL_MASK = "MASK", SEL_PATTERN = "PATTERN", USE_MULT = "MULTIPLY";
    parameter USE_PATTERN_DETECT = "NO_PATDET", USE_SIMD = "ONE48";
    parameter [47:0] MASK = 0, PATTERN = 0;
    parameter [3:0] IS_ALUMODE_INVERTED = 0;
    parameter [4:0] IS_INMODE_INVERTED = 0;
    parameter [8:0] IS_OPMODE_INVERTED = 0;
    parameter [0:0] IS_CARRYIN_INVERTED = 0, IS_CLK_INVERTED = 0;

    reg signed [26:0] a1, a2;
    reg signed [17:0] b1, b2;
    reg signed [44:0] m;
    reg [47:0] p;
    always @(posedge CLK) begin
        if (CEA1) a1 <= A[26:0];
        if (CEA2) a2 <= AREG == 2 ? a1 : A[26:0];
        if (CEB1) b1 <= B;
        if (CEB2) b2 <= BREG == 2 ? b1 : B;
        if (CEM) m <= product;
        if (CEP) p <= sum;
        if (RSTA) begin a1 <= 0; a2 <= 0; end
        if (RSTB) begin b1 <= 0; b2 <= 0; end
        if (RSTM) m <= 0;
        if (RSTP) p <= 0;
    end
    wire signed [26:0] a = AREG == 0 ? A[26:0] : a2;
    wire signed [17:0] b = BREG == 0 ? B : b2;
    wire signed [44:0] product = a * b;
    wire signed [47:0] xy = MREG == 0 ? product : m;
    // OPMODE: Z is OPMODE[6:4], 0 nothing, 1 PCIN, 2 P, 3 C; X and Y together, 0101, the product.
    wire known = OPMODE[3:0] == 4'b0101 && OPMODE[8:7] == 0 && ALUMODE == 0 && USE_MULT == "MULTIPLY"
        && A_INPUT == "DIRECT" && B_INPUT == "DIRECT" && CARRYIN == 0 && CARRYINSEL == 0;
    wire [47:0] z = OPMODE[6:4] == 0 ? 0 : OPMODE[6:4] == 1 ? PCIN : OPMODE[6:4] == 2 ? p : OPMODE[6:4] == 3 ? C : 48'bx;
    wire [47:0] sum = known ? xy + z : 48'bx;
    assign P = PREG == 0 ? sum : p;
    assign PCOUT = P;
endmodule
