// Each beat goes to both outputs; either may take it first.
`default_nettype none

module farm_duplicate #(
    parameter int WIDTH = 8
) (
    input  wire              clk,
    input  wire              rst,
    input  wire  [WIDTH-1:0] in0_data,
    input  wire              in0_valid,
    output logic             in0_ready,
    output logic [WIDTH-1:0] out0_data,
    output logic             out0_valid,
    input  wire              out0_ready,
    output logic [WIDTH-1:0] out1_data,
    output logic             out1_valid,
    input  wire              out1_ready
);
    // Which outputs still have to be served with the beat in `out0_data`.
    logic owed0, owed1;
    logic [WIDTH-1:0] beat;

    wire served = (!owed0 || out0_ready) && (!owed1 || out1_ready);

    assign in0_ready  = served && !rst;
    assign out0_data  = beat;
    assign out1_data  = beat;
    assign out0_valid = owed0;
    assign out1_valid = owed1;

    always_ff @(posedge clk) begin
        if (rst) begin
            owed0 <= 1'b0;
            owed1 <= 1'b0;
        end else begin
            owed0 <= served ? in0_valid : owed0 && !out0_ready;
            owed1 <= served ? in0_valid : owed1 && !out1_ready;
        end
    end

    always_ff @(posedge clk) if (served) beat <= in0_data;
endmodule

`default_nettype wire
