// Writes WORDS words of 32 bits per image to card memory. A burst is offered only when all its words have arrived, so
// the memory never waits for the accelerator.
`default_nettype none

module farm_dma_write #(
    parameter int WORDS = 1,
    parameter int BURST = 16,
    parameter int DEPTH = 32
) (
    input  wire         clk,
    input  wire         rst,
    input  wire         start,
    input  wire  [63:0] base,
    input  wire  [31:0] images,
    // Low from the cycle after `start` until the last burst's response.
    output logic        quiet,
    output logic        error,
    input  wire  [31:0] in0_data,
    input  wire         in0_valid,
    output wire         in0_ready,
    output logic [63:0] awaddr,
    output logic [7:0]  awlen,
    output logic        awvalid,
    input  wire         awready,
    output logic [31:0] wdata,
    output logic        wlast,
    output logic        wvalid,
    input  wire         wready,
    input  wire         bfault,
    input  wire         bvalid,
    output wire         bready
);
    localparam int PLACE_BITS = $clog2(BURST);
    localparam int COUNT_BITS = $clog2(DEPTH + 2);
    localparam int OUTSTANDING = 15;

    wire bursting, burst_valid;
    wire [63:0] burst_address;
    wire [PLACE_BITS:0] burst_words;

    wire [31:0] beat_data, word_data;
    wire beat_valid, beat_ready, word_valid;
    farm_skid #(.WIDTH(32)) port_i (
        .clk(clk), .rst(rst),
        .in0_data(in0_data), .in0_valid(in0_valid), .in0_ready(in0_ready),
        .out0_data(beat_data), .out0_valid(beat_valid), .out0_ready(beat_ready)
    );

    logic [COUNT_BITS-1:0] stored;  // words in the FIFO that belong to no burst yet
    logic [3:0] unanswered;
    logic free;                     // unanswered < OUTSTANDING, a cycle late: bursts are at least three cycles apart
    logic queued;
    logic [PLACE_BITS:0] queued_words, left;
    logic in_burst, last;           // left > 0, left == 1

    wire may = free && !queued && stored >= COUNT_BITS'(burst_words) && (!awvalid || awready);
    wire grant = burst_valid && may;
    wire push = beat_valid && beat_ready;
    wire move = in_burst && word_valid && (!wvalid || wready);
    wire next = queued && (!in_burst || (move && last));

    farm_dma_bursts #(.BYTES(4), .WORDS(WORDS), .BURST(BURST), .REPEAT(0)) bursts_i (
        .clk(clk), .rst(rst), .start(start), .base(base), .images(images), .busy(bursting),
        .address(burst_address), .words(burst_words), .valid(burst_valid), .ready(may)
    );
    wire [$clog2(DEPTH+1)-1:0] unused_level;
    farm_fifo #(.WIDTH(32), .DEPTH(DEPTH)) words_i (
        .clk(clk), .rst(rst),
        .in0_data(beat_data), .in0_valid(beat_valid), .in0_ready(beat_ready),
        .out0_data(word_data), .out0_valid(word_valid), .out0_ready(in_burst && (!wvalid || wready)),
        .level(unused_level)
    );
    assign bready = 1'b1;

    wire [COUNT_BITS-1:0] granted = grant ? COUNT_BITS'(burst_words) : '0;

    always_ff @(posedge clk) begin
        if (rst) begin
            stored <= '0;
            unanswered <= '0;
            free <= 1'b0;
            queued <= 1'b0;
            in_burst <= 1'b0;
            last <= 1'b0;
            awvalid <= 1'b0;
            wvalid <= 1'b0;
            error <= 1'b0;
        end else begin
            stored <= stored + COUNT_BITS'(push) - granted;
            unanswered <= unanswered + 4'(grant) - 4'(bvalid);
            free <= unanswered < 4'(OUTSTANDING);
            queued <= grant || (queued && !next);
            if (next) begin
                in_burst <= 1'b1;
                last <= queued_words == 1;
            end else if (move) begin
                in_burst <= !last;
                last <= left == 2;
            end
            awvalid <= grant || (awvalid && !awready);
            wvalid <= move || (wvalid && !wready);
            error <= bvalid && bfault;
        end
    end

    always_ff @(posedge clk) begin
        if (grant) begin
            awaddr <= burst_address;
            awlen <= 8'(burst_words) - 8'd1;
            queued_words <= burst_words;
        end
        if (next) left <= queued_words;
        else if (move) left <= left - 1'b1;
        if (move) begin
            wdata <= word_data;
            wlast <= last;
        end
    end

    always_ff @(posedge clk) quiet <= !rst && !start && !bursting && unanswered == 0;
endmodule

`default_nettype wire
