// What the tests need of cells that Yosys' own library only declares: a block RAM that reads, a DSP that multiplies and
// adds. After UG573 and UG579; whatever is used in another way shows as x.

// PLACES bits in words of WIDTH, parity apart; a word is at its first data bit's address.
module read_port #(
    parameter WIDTH = 36,
    parameter PLACES = 32768,
    parameter OUT = 32
) (
    input [PLACES-1:0] bits, input [PLACES/8-1:0] parity, input [14:0] address, input clk, en, regce,
    output reg [OUT-1:0] data, output reg [OUT/8-1:0] data_parity
);
    reg [OUT-1:0] latch;
    reg [OUT/8-1:0] latch_parity;
    integer i;
    localparam DATA = WIDTH == 36 ? 32 : WIDTH == 18 ? 16 : WIDTH == 9 ? 8 : WIDTH;
    wire [14:0] first = address / DATA * DATA;
    initial if (WIDTH != 0 && DATA > OUT) $fatal(1, "a port of %0d bits", WIDTH);
    always @(posedge clk) if (WIDTH != 0) begin
        if (regce) begin
            data <= latch;
            data_parity <= latch_parity;
        end
        if (en) begin
            latch <= {OUT{1'bx}};
            latch_parity <= {OUT/8{1'bx}};
            for (i = 0; i < DATA; i = i + 1) latch[i] <= bits[first+i];
            for (i = 0; WIDTH >= 9 && i < DATA / 8; i = i + 1) latch_parity[i] <= parity[first/8+i];
        end
    end
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
