// Reads WORDS words of BYTES bytes per image from card memory and gives beats of LANES bytes. At most DEPTH words are
// stored or under way. A burst is requested only when the buffer has room for all of it, so read data never waits.
// With CACHE a call reads the WORDS words once. The cache holds words or beats, whichever are wider, so that it gives a
// beat a cycle.
`default_nettype none

module farm_dma_read #(
    parameter int BYTES = 64,
    parameter int LANES = 1,
    parameter int WORDS = 1,
    parameter int REPEAT = 0,
    parameter int BURST = 64,
    parameter int DEPTH = 512,
    // Greatest common divisor of BYTES and LANES.
    parameter int COMMON = 1,
    // Whether the words are read once per call and kept for all of its images.
    parameter int CACHE = 0
) (
    input  wire                clk,
    input  wire                rst,
    input  wire                start,
    input  wire  [63:0]        base,
    input  wire  [31:0]        images,
    // Low from the cycle after `start` until the last beat has left. It may be high for one cycle while that beat is
    // between gearbox and port; this is harmless, because the next start also waits for the writer.
    output logic               quiet,
    output logic               error,
    output logic [63:0]        araddr,
    output logic [7:0]         arlen,
    output logic               arvalid,
    input  wire                arready,
    input  wire  [8*BYTES-1:0] rdata,
    input  wire                rfault,
    input  wire                rvalid,
    output wire                rready,
    output wire  [8*LANES-1:0] out0_data,
    output wire                out0_valid,
    input  wire                out0_ready
);
    localparam int PLACE_BITS = $clog2(BURST);
    localparam int COUNT_BITS = $clog2(DEPTH + 1);

    wire bursting, burst_valid;
    wire [63:0] burst_address;
    wire [PLACE_BITS:0] burst_words;
    logic [COUNT_BITS-1:0] places;
    logic room;
    wire grant = burst_valid && room && (!arvalid || arready);

    wire [31:0] passes = CACHE != 0 ? {31'd0, images != 0} : images;
    farm_dma_bursts #(.BYTES(BYTES), .WORDS(WORDS), .BURST(BURST), .REPEAT(REPEAT)) bursts_i (
        .clk(clk), .rst(rst), .start(start), .base(base), .images(passes), .busy(bursting),
        .address(burst_address), .words(burst_words), .valid(burst_valid), .ready(room && (!arvalid || arready))
    );

    logic [8*BYTES-1:0] arrived_data;
    logic arrived;
    wire [8*BYTES-1:0] word_data;
    wire word_valid, word_ready;
    wire pop = word_valid && word_ready;
    assign rready = 1'b1;

    // A word occupies its place from the grant of the burst until it has left the buffer.
    wire [COUNT_BITS-1:0] granted = grant ? COUNT_BITS'(burst_words) : '0;

    always_ff @(posedge clk) begin
        if (rst) begin
            arvalid <= 1'b0;
            arrived <= 1'b0;
            places <= COUNT_BITS'(DEPTH);
            room <= 1'b0;
            error <= 1'b0;
        end else begin
            arvalid <= grant || (arvalid && !arready);
            arrived <= rvalid;
            places <= places + COUNT_BITS'(pop) - granted;
            // This is a cycle late, which is early enough: bursts are at least three cycles apart.
            room <= places >= COUNT_BITS'(BURST);
            error <= rvalid && rfault;
        end
    end

    always_ff @(posedge clk) begin
        arrived_data <= rdata;
        if (grant) begin
            araddr <= burst_address;
            arlen <= 8'(burst_words) - 8'd1;
        end
    end

    wire unused_ready;
    wire [COUNT_BITS-1:0] unused_level;
    farm_fifo #(.WIDTH(8 * BYTES), .DEPTH(DEPTH)) words_i (
        .clk(clk), .rst(rst),
        .in0_data(arrived_data), .in0_valid(arrived), .in0_ready(unused_ready),
        .out0_data(word_data), .out0_valid(word_valid), .out0_ready(word_ready),
        .level(unused_level)
    );

    wire [8*BYTES-1:0] turn_data;
    wire [8*LANES-1:0] beat_data, port_data;
    wire turn_valid, turn_ready, beat_valid, beat_ready, port_valid, port_ready, turning, replaying;
    generate
        if (CACHE != 0 && BYTES >= LANES) begin : kept_words
            farm_dma_replay #(.WIDTH(8 * BYTES), .DEPTH(WORDS)) replay_i (
                .clk(clk), .rst(rst), .start(start), .images(images), .busy(replaying),
                .in0_data(word_data), .in0_valid(word_valid), .in0_ready(word_ready),
                .out0_data(turn_data), .out0_valid(turn_valid), .out0_ready(turn_ready)
            );
        end else begin : words
            assign {turn_valid, turn_data} = {word_valid, word_data};
            assign word_ready = turn_ready;
        end
        if (CACHE != 0 && BYTES < LANES) begin : kept_beats
            farm_dma_replay #(.WIDTH(8 * LANES), .DEPTH(WORDS * BYTES / LANES)) replay_i (
                .clk(clk), .rst(rst), .start(start), .images(images), .busy(replaying),
                .in0_data(beat_data), .in0_valid(beat_valid), .in0_ready(beat_ready),
                .out0_data(port_data), .out0_valid(port_valid), .out0_ready(port_ready)
            );
        end else begin : beats
            assign {port_valid, port_data} = {beat_valid, beat_data};
            assign beat_ready = port_ready;
        end
        if (CACHE == 0) begin : nothing_kept
            assign replaying = 1'b0;
        end
    endgenerate

    farm_dma_gearbox #(.IN(BYTES / COMMON), .OUT(LANES / COMMON), .UNIT(8 * COMMON)) gearbox_i (
        .clk(clk), .rst(rst),
        .in0_data(turn_data), .in0_valid(turn_valid), .in0_ready(turn_ready),
        .out0_data(beat_data), .out0_valid(beat_valid), .out0_ready(beat_ready),
        .busy(turning)
    );
    farm_skid #(.WIDTH(8 * LANES)) port_i (
        .clk(clk), .rst(rst),
        .in0_data(port_data), .in0_valid(port_valid), .in0_ready(port_ready),
        .out0_data(out0_data), .out0_valid(out0_valid), .out0_ready(out0_ready)
    );

    wire all_places = places == COUNT_BITS'(DEPTH);
    always_ff @(posedge clk)
        quiet <= !rst && !start && !bursting && !arvalid && all_places && !turning && !replaying && !out0_valid;
endmodule

`default_nettype wire
