// The indices of the K largest scores: a sorted list into which each score is inserted. Among equal scores the smaller
// index comes first. The scores of a beat are inserted one after the other.
`default_nettype none

module farm_label_select #(
    parameter int CLASSES = 2,
    parameter int LANES = 1,
    parameter int BITS = 32,
    parameter int K = 1,
    parameter int INDEX_BITS = 32
) (
    input  wire                   clk,
    input  wire                   rst,
    input  wire  [LANES*BITS-1:0] in0_data,
    input  wire                   in0_valid,
    output logic                  in0_ready,
    output logic [INDEX_BITS-1:0] out0_data,
    output logic                  out0_valid,
    input  wire                   out0_ready
);
    localparam int C_BITS = $clog2(CLASSES + 1);
    localparam int K_BITS = $clog2(K + 1);

    logic signed [BITS-1:0] score;
    logic score_valid;
    logic [C_BITS-1:0] index;
    logic sending;
    logic [K_BITS-1:0] sent;
    logic slice_ready;
    wire take = score_valid && !sending;
    wire last = index == C_BITS'(CLASSES - 1);
    wire send = sending && slice_ready;
    wire all_sent = sent == K_BITS'(K - 1);

    farm_narrow #(.WIDTH(BITS), .RATIO(LANES)) one_by_one (
        .clk, .rst, .in0_data, .in0_valid, .in0_ready,
        .out0_data(score), .out0_valid(score_valid), .out0_ready(!sending && !rst)
    );

    // Place 0 is the best. Every score beats an empty place.
    logic [K*BITS-1:0] scores;
    logic [K*C_BITS-1:0] indices;
    logic [K-1:0] taken, beaten;
    for (genvar place = 0; place < K; place++) begin : places
        wire signed [BITS-1:0] held = scores[place*BITS+:BITS];
        assign beaten[place] = !taken[place] || score > held;
        // The list is sorted, so all places behind a beaten one are beaten too.
        always_ff @(posedge clk) begin
            if (take && beaten[place]) begin
                if (place > 0 && beaten[place>0?place-1 : 0]) begin
                    scores[place*BITS+:BITS] <= scores[(place>0?place-1 : 0)*BITS+:BITS];
                    indices[place*C_BITS+:C_BITS] <= indices[(place>0?place-1 : 0)*C_BITS+:C_BITS];
                end else begin
                    scores[place*BITS+:BITS] <= score;
                    indices[place*C_BITS+:C_BITS] <= index;
                end
            end else if (send) begin
                indices[place*C_BITS+:C_BITS] <= indices[(place<K-1?place+1 : place)*C_BITS+:C_BITS];
            end
        end
    end

    always_ff @(posedge clk) begin
        if (rst) begin
            index <= '0;
            sending <= 1'b0;
            sent <= '0;
            taken <= '0;
        end else begin
            if (take) begin
                index <= last ? '0 : index + 1'b1;
                sending <= last;
                taken <= K'({taken, 1'b1});
            end
            if (send) begin
                sent <= all_sent ? '0 : sent + 1'b1;
                if (all_sent) begin
                    sending <= 1'b0;
                    taken <= '0;
                end
            end
        end
    end

    farm_skid #(.WIDTH(INDEX_BITS)) leave (
        .clk, .rst, .in0_data(INDEX_BITS'(indices[C_BITS-1:0])), .in0_valid(sending), .in0_ready(slice_ready),
        .out0_data, .out0_valid, .out0_ready
    );
endmodule

`default_nettype wire
