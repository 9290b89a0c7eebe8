// Keeps the DEPTH units that a call brings once in UltraRAM, and sends them for each of its images. All are taken as they
// arrive, before anybody asks for them: so the first image does not wait for card memory either, if the units are there by
// the time that it needs them. A unit a cycle, without a gap between images.
`default_nettype none

module farm_dma_replay #(
    parameter int WIDTH = 512,
    parameter int DEPTH = 32000
) (
    input  wire              clk,
    input  wire              rst,
    input  wire              start,
    input  wire  [31:0]      images,
    // From the cycle after `start` until the last unit has left; not in a call without images.
    output logic             busy,
    input  wire  [WIDTH-1:0] in0_data,
    input  wire              in0_valid,
    output wire              in0_ready,
    output wire  [WIDTH-1:0] out0_data,
    output wire              out0_valid,
    input  wire              out0_ready
);
    localparam int PLACE_BITS = DEPTH > 1 ? $clog2(DEPTH) : 1;
    // Registers behind the memory. Synthesis moves them into the UltraRAMs, which pass words on in cascades.
    localparam int READ = 4;

    logic [31:0] images_left;         // whose pass has not begun
    logic low_none, high_none;        // of its halves, a cycle late: this bounds the carry chains
    logic choosing, settling;         // a pass is to begin; the flags do not hold yet
    logic first, filling, replaying;
    logic [PLACE_BITS-1:0] place;     // of the next unit to be sent
    logic [PLACE_BITS-1:0] free;      // where the next unit that arrives is kept; the first pass stays behind it
    logic complete;                   // all units of the call are there
    logic [READ-1:0] reading;         // stages that hold a word
    logic [4:0] under_way;               // units that have been sent and have not left
    wire room;

    assign in0_ready = filling;
    wire fill = in0_valid && in0_ready;
    wire filled = fill && free == PLACE_BITS'(DEPTH - 1);
    wire send = replaying && room && (complete || place != free);
    wire ended = send && place == PLACE_BITS'(DEPTH - 1);
    wire decide = (ended || choosing) && !settling;
    wire begins = decide && !(low_none && high_none);
    wire leave = out0_valid && out0_ready;

    always_ff @(posedge clk) begin
        if (rst) begin
            choosing <= 1'b0;
            settling <= 1'b0;
            filling <= 1'b0;
            replaying <= 1'b0;
            place <= '0;
            free <= '0;
            complete <= 1'b0;
            reading <= '0;
            under_way <= '0;
            busy <= 1'b0;
        end else begin
            choosing <= start || ((ended || choosing) && settling);
            settling <= start || begins;
            filling <= (begins && first) || (filling && !filled);
            replaying <= begins || (replaying && !ended);
            if (send) place <= ended ? '0 : place + 1'b1;
            if (fill) free <= filled ? '0 : free + 1'b1;
            complete <= !start && (complete || filled);
            reading <= READ'({reading, send});
            under_way <= under_way + 5'(send) - 5'(leave);
            busy <= start || choosing || filling || replaying || under_way != 0;
        end
    end

    always_ff @(posedge clk) begin
        low_none <= images_left[15:0] == 0;
        high_none <= images_left[31:16] == 0;
        first <= start || (first && !begins);
        if (start) images_left <= images;
        else if (begins) begin
            images_left[15:0] <= images_left[15:0] - 1'b1;
            if (low_none) images_left[31:16] <= images_left[31:16] - 1'b1;
        end
    end

    (* ram_style = "ultra" *) logic [WIDTH-1:0] kept [DEPTH];
    logic [WIDTH-1:0] word [READ];
    integer stage;
    always_ff @(posedge clk) begin
        if (fill) kept[free] <= in0_data;
        if (send) word[0] <= kept[place];
        for (stage = 1; stage < READ; stage = stage + 1) word[stage] <= word[stage-1];
    end

    farm_credit_fifo #(.WIDTH(WIDTH), .LATENCY(READ)) leaving (
        .clk(clk), .rst(rst), .issue(send), .room(room),
        .in0_data(word[READ-1]), .in0_valid(reading[READ-1]),
        .out0_data(out0_data), .out0_valid(out0_valid), .out0_ready(out0_ready)
    );
endmodule

`default_nettype wire
