// A techmap for Yosys that replaces DSP48E1 by DSP48E2. Yosys packs registers, the adder after the multiplier and cascades
// only into the older block, so multiplications are mapped to it first. The newer block can do all of that (UG579,
// "differences"): operands have 27 bits instead of 25, OPMODE has two more bits for a fourth operand, and AMULTSEL selects
// the pre-adder.
`default_nettype none

module DSP48E1 (
    output wire [29:0] ACOUT,
    output wire [17:0] BCOUT,
    output wire CARRYCASCOUT,
    output wire [3:0] CARRYOUT,
    output wire MULTSIGNOUT, OVERFLOW,
    output wire [47:0] P,
    output wire PATTERNBDETECT, PATTERNDETECT,
    output wire [47:0] PCOUT,
    output wire UNDERFLOW,
    input wire [29:0] A, ACIN,
    input wire [3:0] ALUMODE,
    input wire [17:0] B, BCIN,
    input wire [47:0] C,
    input wire CARRYCASCIN, CARRYIN,
    input wire [2:0] CARRYINSEL,
    input wire CEA1, CEA2, CEAD, CEALUMODE, CEB1, CEB2, CEC, CECARRYIN, CECTRL, CED, CEINMODE, CEM, CEP, CLK,
    input wire [24:0] D,
    input wire [4:0] INMODE,
    input wire MULTSIGNIN,
    input wire [6:0] OPMODE,
    input wire [47:0] PCIN,
    input wire RSTA, RSTALLCARRYIN, RSTALUMODE, RSTB, RSTC, RSTCTRL, RSTD, RSTINMODE, RSTM, RSTP
);
    parameter integer ACASCREG = 1;
    parameter integer ADREG = 1;
    parameter integer ALUMODEREG = 1;
    parameter integer AREG = 1;
    parameter AUTORESET_PATDET = "NO_RESET";
    parameter A_INPUT = "DIRECT";
    parameter integer BCASCREG = 1;
    parameter integer BREG = 1;
    parameter B_INPUT = "DIRECT";
    parameter integer CARRYINREG = 1;
    parameter integer CARRYINSELREG = 1;
    parameter integer CREG = 1;
    parameter integer DREG = 1;
    parameter integer INMODEREG = 1;
    parameter integer MREG = 1;
    parameter integer OPMODEREG = 1;
    parameter integer PREG = 1;
    parameter SEL_MASK = "MASK";
    parameter SEL_PATTERN = "PATTERN";
    parameter USE_DPORT = "FALSE";
    parameter USE_MULT = "MULTIPLY";
    parameter USE_PATTERN_DETECT = "NO_PATDET";
    parameter USE_SIMD = "ONE48";
    parameter [47:0] MASK = 48'h3FFFFFFFFFFF;
    parameter [47:0] PATTERN = 48'h000000000000;
    parameter [3:0] IS_ALUMODE_INVERTED = 4'b0;
    parameter [0:0] IS_CARRYIN_INVERTED = 1'b0;
    parameter [0:0] IS_CLK_INVERTED = 1'b0;
    parameter [4:0] IS_INMODE_INVERTED = 5'b0;
    parameter [6:0] IS_OPMODE_INVERTED = 7'b0;

    DSP48E2 #(
        .ACASCREG(ACASCREG), .ADREG(ADREG), .ALUMODEREG(ALUMODEREG), .AREG(AREG), .AUTORESET_PATDET(AUTORESET_PATDET),
        .AMULTSEL(USE_DPORT == "TRUE" ? "AD" : "A"), .BMULTSEL("B"), .PREADDINSEL("A"), .A_INPUT(A_INPUT),
        .BCASCREG(BCASCREG), .BREG(BREG), .B_INPUT(B_INPUT), .CARRYINREG(CARRYINREG), .CARRYINSELREG(CARRYINSELREG),
        .CREG(CREG), .DREG(DREG), .INMODEREG(INMODEREG), .MREG(MREG), .OPMODEREG(OPMODEREG), .PREG(PREG),
        .SEL_MASK(SEL_MASK), .SEL_PATTERN(SEL_PATTERN), .USE_MULT(USE_MULT), .USE_PATTERN_DETECT(USE_PATTERN_DETECT),
        .USE_SIMD(USE_SIMD), .MASK(MASK), .PATTERN(PATTERN), .IS_ALUMODE_INVERTED(IS_ALUMODE_INVERTED),
        .IS_CARRYIN_INVERTED(IS_CARRYIN_INVERTED), .IS_CLK_INVERTED(IS_CLK_INVERTED),
        .IS_INMODE_INVERTED(IS_INMODE_INVERTED), .IS_OPMODE_INVERTED({2'b0, IS_OPMODE_INVERTED})
    ) _TECHMAP_REPLACE_ (
        // The multiplier reads two more bits of A, so extend the sign. Without it A and B form one 48-bit operand that uses all
        // 30 bits of A.
        .A(USE_MULT == "NONE" ? A : {{5{A[24]}}, A[24:0]}), .D({{2{D[24]}}, D}), .OPMODE({2'b0, OPMODE}),
        .ACIN(ACIN), .ALUMODE(ALUMODE), .B(B), .BCIN(BCIN), .C(C), .CARRYCASCIN(CARRYCASCIN), .CARRYIN(CARRYIN),
        .CARRYINSEL(CARRYINSEL), .CEA1(CEA1), .CEA2(CEA2), .CEAD(CEAD), .CEALUMODE(CEALUMODE), .CEB1(CEB1),
        .CEB2(CEB2), .CEC(CEC), .CECARRYIN(CECARRYIN), .CECTRL(CECTRL), .CED(CED), .CEINMODE(CEINMODE), .CEM(CEM),
        .CEP(CEP), .CLK(CLK), .INMODE(INMODE), .MULTSIGNIN(MULTSIGNIN), .PCIN(PCIN), .RSTA(RSTA),
        .RSTALLCARRYIN(RSTALLCARRYIN), .RSTALUMODE(RSTALUMODE), .RSTB(RSTB), .RSTC(RSTC), .RSTCTRL(RSTCTRL),
        .RSTD(RSTD), .RSTINMODE(RSTINMODE), .RSTM(RSTM), .RSTP(RSTP),
        .ACOUT(ACOUT), .BCOUT(BCOUT), .CARRYCASCOUT(CARRYCASCOUT), .CARRYOUT(CARRYOUT), .MULTSIGNOUT(MULTSIGNOUT),
        .OVERFLOW(OVERFLOW), .P(P), .PATTERNBDETECT(PATTERNBDETECT), .PATTERNDETECT(PATTERNDETECT), .PCOUT(PCOUT),
        .UNDERFLOW(UNDERFLOW)
    );
endmodule

`default_nettype wire
