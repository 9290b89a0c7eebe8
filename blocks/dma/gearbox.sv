// Words of IN units to beats of OUT units; IN and OUT have no common divisor. Units that do not fill a beat stay in
// front of the next word. Moves a word and a beat a cycle.
`default_nettype none

module farm_dma_gearbox #(
    parameter int IN = 64,
    parameter int OUT = 3,
    parameter int UNIT = 8
) (
    input  wire                 clk,
    input  wire                 rst,
    input  wire  [IN*UNIT-1:0]  in0_data,
    input  wire                 in0_valid,
    output wire                 in0_ready,
    output wire  [OUT*UNIT-1:0] out0_data,
    output wire                 out0_valid,
    input  wire                 out0_ready,
    output wire                 busy
);
    localparam int PLACES = IN + OUT - 1;
    localparam int FILL_BITS = $clog2(PLACES + 1);
    localparam int STEP = IN % OUT;
    localparam int OFFSET_BITS = OUT > 1 ? $clog2(OUT) : 1;

    generate
        if (IN == 1 && OUT == 1) begin : same
            assign out0_data = in0_data;
            assign out0_valid = in0_valid;
            assign in0_ready = out0_ready;
            assign busy = 1'b0;
            wire unused = &{1'b0, clk, rst};
        end else begin : differ
            // Units beyond `filled` are zero.
            logic [PLACES*UNIT-1:0] waiting;
            logic [FILL_BITS-1:0] filled;
            logic any, whole, few;  // filled > 0, filled >= OUT, filled < 2 * OUT
            // Where the next word goes, in units: word k goes to k * IN modulo OUT, since all full beats have left.
            logic [OFFSET_BITS-1:0] offset;

            wire take = whole && out0_ready;
            assign in0_ready = take ? few : !whole;
            wire put = in0_valid && in0_ready;
            assign out0_valid = whole;
            assign out0_data = waiting[OUT*UNIT-1:0];
            assign busy = any;

            integer o;
            logic [PLACES*UNIT-1:0] placed;
            always_comb begin
                placed = '0;
                for (o = 0; o < OUT; o = o + 1)
                    if (put && offset == OFFSET_BITS'(o)) placed[o*UNIT +: IN*UNIT] = in0_data;
            end

            logic [FILL_BITS-1:0] filled_next;
            always_comb begin
                case ({take, put})
                    2'b01: filled_next = filled + FILL_BITS'(IN);
                    2'b10: filled_next = filled - FILL_BITS'(OUT);
                    2'b11: filled_next = filled + FILL_BITS'(IN) - FILL_BITS'(OUT);
                    default: filled_next = filled;
                endcase
            end

            always_ff @(posedge clk) begin
                if (rst) begin
                    waiting <= '0;
                    filled <= '0;
                    offset <= '0;
                    any <= 1'b0;
                    whole <= 1'b0;
                    few <= 1'b1;
                end else begin
                    waiting <= (take ? waiting >> (OUT * UNIT) : waiting) | placed;
                    filled <= filled_next;
                    any <= filled_next != 0;
                    whole <= filled_next >= FILL_BITS'(OUT);
                    few <= 32'(filled_next) < 2 * OUT;
                    if (put) begin
                        if (offset >= OFFSET_BITS'(OUT - STEP)) offset <= offset - OFFSET_BITS'(OUT - STEP);
                        else offset <= offset + OFFSET_BITS'(STEP);
                    end
                end
            end
        end
    endgenerate
endmodule

`default_nettype wire
