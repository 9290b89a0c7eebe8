// Models of block RAM and UltraRAM (UG573) and of the DSP (UG579), as far as netlists use them. What is used in another
// way ends the simulation or shows as x.

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
    reg [2*HALF-1:0] latch_a, latch_b, register_a, register_b;
    reg [HALF/4-1:0] parity_latch_a, parity_latch_b, parity_register_a, parity_register_b;
    integer i;
    // In registers first: Icarus Verilog would make all bits of a parameter anew for each of its bytes.
    reg [8*BYTES-1:0] contents;
    reg [BYTES-1:0] parity;
    initial if (FILLED) begin
        contents = CONTENTS;
        parity = PARITY;
        for (i = 0; i < BYTES; i = i + 1) begin
            bytes[i] = contents[8*i+:8];
            parities[i] = parity[i];
        end
    end
`ifdef CONFIGURED
    else for (i = 0; i < BYTES; i = i + 1) begin
        bytes[i] = 0;
        parities[i] = 0;
    end
    initial {latch_a, latch_b, register_a, register_b} = 0;
    initial {parity_latch_a, parity_latch_b, parity_register_a, parity_register_b} = 0;
`endif

    // A wide word's upper half is what port B has.
    wire [2*HALF-1:0] in_wide = {in_b, in_a};
    wire [HALF/4-1:0] parity_in_wide = {parity_in_b, parity_in_a};
    wire [2*HALF-1:0] word_b = WRITE_B == WIDE ? in_wide : in_b;
    wire [HALF/4-1:0] parity_word_b = WRITE_B == WIDE ? parity_in_wide : parity_in_b;

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

// An UltraRAM of 4,096 words of 72 bits: two ports, one clock, neither cascade nor ECC. Port A goes first: port B reads
// what A writes in the same cycle.
module URAM288 (
    input CLK, EN_A, EN_B, RDB_WR_A, RDB_WR_B, RST_A, RST_B, SLEEP, OREG_CE_A, OREG_CE_B,
    input INJECT_DBITERR_A, INJECT_DBITERR_B, INJECT_SBITERR_A, INJECT_SBITERR_B,
    input [22:0] ADDR_A, ADDR_B, input [8:0] BWE_A, BWE_B, input [71:0] DIN_A, DIN_B, output [71:0] DOUT_A, DOUT_B
);
    parameter BWE_MODE_A = "PARITY_INTERLEAVED", BWE_MODE_B = "PARITY_INTERLEAVED", CASCADE_ORDER_A = "NONE";
    parameter CASCADE_ORDER_B = "NONE", EN_AUTO_SLEEP_MODE = "FALSE", EN_ECC_RD_A = "FALSE", EN_ECC_RD_B = "FALSE";
    parameter EN_ECC_WR_A = "FALSE", EN_ECC_WR_B = "FALSE", IREG_PRE_A = "FALSE", IREG_PRE_B = "FALSE";
    parameter OREG_A = "FALSE", OREG_B = "FALSE", RST_MODE_A = "SYNC", RST_MODE_B = "SYNC";
    parameter [0:0] IS_CLK_INVERTED = 0;
    initial if (IS_CLK_INVERTED || CASCADE_ORDER_A != "NONE" || CASCADE_ORDER_B != "NONE" || IREG_PRE_A != "FALSE"
        || IREG_PRE_B != "FALSE" || OREG_A != "FALSE" || OREG_B != "FALSE" || EN_ECC_RD_A != "FALSE"
        || EN_ECC_RD_B != "FALSE" || EN_ECC_WR_A != "FALSE" || EN_ECC_WR_B != "FALSE")
        $fatal(1, "a URAM288 in a mode that the model lacks");

    // The bits that a port writes: a parity bit belongs to its byte, or all eight to the ninth enable.
    function [71:0] written(input [8:0] enable, input interleaved);
        integer i;
        for (i = 0; i < 8; i = i + 1) begin
            written[8*i+:8] = {8{enable[i]}};
            written[64+i] = interleaved ? enable[i] : enable[8];
        end
    endfunction

    reg [71:0] words [0:4095];
    reg [71:0] latch_a, latch_b;
`ifdef CONFIGURED
    integer place;
    initial for (place = 0; place < 4096; place = place + 1) words[place] = 0;
    initial {latch_a, latch_b} = 0;
`endif
    wire [71:0] mask_a = written(BWE_A, BWE_MODE_A == "PARITY_INTERLEAVED");
    wire [71:0] mask_b = written(BWE_B, BWE_MODE_B == "PARITY_INTERLEAVED");
    wire write_a = EN_A && RDB_WR_A;
    wire [71:0] seen_b = write_a && ADDR_A[11:0] == ADDR_B[11:0]
        ? (words[ADDR_B[11:0]] & ~mask_a) | (DIN_A & mask_a) : words[ADDR_B[11:0]];
    always @(posedge CLK) begin
        if (write_a) words[ADDR_A[11:0]] <= (words[ADDR_A[11:0]] & ~mask_a) | (DIN_A & mask_a);
        if (EN_A && !RDB_WR_A) latch_a <= words[ADDR_A[11:0]];
        if (EN_B && RDB_WR_B) words[ADDR_B[11:0]] <= (seen_b & ~mask_b) | (DIN_B & mask_b);
        if (EN_B && !RDB_WR_B) latch_b <= seen_b;
        if (RST_A) latch_a <= 0;
        if (RST_B) latch_b <= 0;
        if (SLEEP || ADDR_A[22:12] != 0 || ADDR_B[22:12] != 0) $fatal(1, "a URAM288 asleep, or an address too high");
    end
    assign DOUT_A = latch_a;
    assign DOUT_B = latch_b;
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

    // The ways of use that the model lacks show as x at the output.
    wire known = ALUMODE == 0 && A_INPUT == "DIRECT" && B_INPUT == "DIRECT" && CARRYIN == 0 && CARRYINSEL == 0
        && USE_SIMD == "ONE48" && BMULTSEL == "B" && PREADDINSEL == "A" && (AMULTSEL == "A" || AMULTSEL == "AD")
        && {INMODE[4:3], INMODE[1:0]} == 0 && (OPMODE[3:0] == 0 || USE_MULT == "MULTIPLY");

    reg signed [26:0] a1, a2, d1, ad1;
    reg signed [17:0] b1, b2;
    reg signed [44:0] m;
    reg [47:0] c1, p;
    reg [8:0] opmode1;
    reg add1;
`ifdef CONFIGURED
    initial {a1, a2, d1, ad1, b1, b2, m, c1, p, opmode1, add1} = 0;
`endif
    wire add_d = INMODEREG == 0 ? INMODE[2] : add1;
    wire signed [26:0] a = AREG == 0 ? A[26:0] : a2;
    wire signed [26:0] d = DREG == 0 ? D : d1;
    wire signed [26:0] sum_ad = a + (add_d ? d : 27'sd0);
    wire signed [26:0] ad = AMULTSEL == "A" ? a : ADREG == 0 ? sum_ad : ad1;
    wire signed [17:0] b = BREG == 0 ? B : b2;
    wire signed [44:0] product = ad * b;
    wire signed [47:0] xy = MREG == 0 ? product : m;
    wire [47:0] c = CREG == 0 ? C : c1;
    // OPMODE: W is [8:7], 0 nothing, 1 P, 3 C; Z is [6:4], 0 nothing, 1 PCIN, 2 P, 3 C; X and Y together 0 nothing, 0101
    // the product.
    wire [8:0] opmode = OPMODEREG == 0 ? OPMODE : opmode1;
    wire [47:0] w = opmode[8:7] == 0 ? 0 : opmode[8:7] == 1 ? p : opmode[8:7] == 3 ? c : 48'bx;
    wire [47:0] z = opmode[6:4] == 0 ? 0 : opmode[6:4] == 1 ? PCIN : opmode[6:4] == 2 ? p : opmode[6:4] == 3 ? c : 48'bx;
    wire [47:0] x = opmode[3:0] == 0 ? 0 : opmode[3:0] == 4'b0101 ? xy : 48'bx;
    wire [47:0] sum = known ? w + x + z : 48'bx;
    always @(posedge CLK) begin
        if (CEA1) a1 <= A[26:0];
        if (CEA2) a2 <= AREG == 2 ? a1 : A[26:0];
        if (CEB1) b1 <= B;
        if (CEB2) b2 <= BREG == 2 ? b1 : B;
        if (CEC) c1 <= C;
        if (CED) d1 <= D;
        if (CEAD) ad1 <= sum_ad;
        if (CEM) m <= product;
        if (CEP) p <= sum;
        if (CECTRL) opmode1 <= OPMODE;
        if (CEINMODE) add1 <= INMODE[2];
        if (RSTA) begin a1 <= 0; a2 <= 0; end
        if (RSTB) begin b1 <= 0; b2 <= 0; end
        if (RSTC) c1 <= 0;
        if (RSTD) begin d1 <= 0; ad1 <= 0; end
        if (RSTM) m <= 0;
        if (RSTP) p <= 0;
        if (RSTCTRL) opmode1 <= 0;
        if (RSTINMODE) add1 <= 0;
    end
    assign P = PREG == 0 ? sum : p;
    assign PCOUT = P;
endmodule
