// The DMA block: card memory to streams and back, and the registers that start it. A top (made by blocks/dma_rtl.py)
// joins one farm_dma_control, two farm_dma_read and one farm_dma_write.
//
// AXI4 as Vitis HLS' m_axi uses it: bursts of kind INCR over whole words of the data bus, one ID, no lock. A base address
// counts in whole words: bits below a word are taken as zero. A response that tells of an error (SLVERR or DECERR) ends
// nothing: the word it comes with is passed on, the call ends as any other, and control's register 0x3c keeps a mark.
`default_nettype none

// The bursts of one call: WORDS words for each of `images` images, one after the other from `base`, or each time again
// from `base` (REPEAT). A burst ends at the latest at an address that is a multiple of BURST words, and BURST words are
// at most 4 KiB: so none crosses a 4 KiB boundary, which AXI forbids.
module farm_dma_bursts #(
    parameter int BYTES = 64,
    parameter int WORDS = 1,
    parameter int BURST = 64,
    parameter int REPEAT = 0
) (
    input  wire         clk,
    input  wire         rst,
    input  wire         start,
    input  wire  [63:0] base,
    input  wire  [31:0] images,
    output logic        busy,
    output wire  [63:0] address,
    // 1..BURST. Two bursts are at least three cycles apart.
    output logic [$clog2(BURST):0] words,
    output logic        valid,
    input  wire         ready
);
    localparam int SHIFT = $clog2(BYTES);
    localparam int PLACE_BITS = $clog2(BURST);
    localparam int WORDS_BITS = $clog2(WORDS + 1);
    localparam int LEFT_BITS = WORDS_BITS > PLACE_BITS + 1 ? WORDS_BITS : PLACE_BITS + 1;

    // Long counters in pieces of 16 bits, a carry taking a cycle to the next: no carry chain is longer.
    logic [63:0] block;            // address in blocks of BURST words
    logic [PLACE_BITS-1:0] place;  // word within the block
    logic [3:0] carry;
    logic [31:0] images_left;
    logic low_none, high_none;
    logic [LEFT_BITS-1:0] left;    // words of this image
    logic flags, image, size, settle;  // states, one of them, `valid` or none

    wire [63:0] first = base >> SHIFT;
    wire [63+PLACE_BITS:0] place_in_memory = {block, place};
    assign address = 64'(place_in_memory[63-SHIFT:0]) << SHIFT;

    wire [PLACE_BITS:0] room = (PLACE_BITS + 1)'(BURST) - (PLACE_BITS + 1)'(place);
    wire ends_block = left >= LEFT_BITS'(room);
    logic ended_block;

    wire settled = settle && carry == 0;
    wire none = low_none && high_none;
    wire none_left = left == 0;
    wire next_image = image && !none;
    wire offered = valid && ready;

    always_ff @(posedge clk) begin
        if (rst) begin
            busy <= 1'b0;
            flags <= 1'b0;
            image <= 1'b0;
            size <= 1'b0;
            valid <= 1'b0;
            settle <= 1'b0;
        end else begin
            busy <= start || (busy && !(image && none));
            flags <= start;
            image <= flags || (settled && none_left);
            size <= next_image || (settled && !none_left);
            valid <= size || (valid && !ready);
            settle <= offered || (settle && !settled);
        end
    end

    always_ff @(posedge clk) begin
        low_none <= images_left[15:0] == 0;
        high_none <= images_left[31:16] == 0;
        if (start) images_left <= images;
        else if (next_image) begin
            images_left[15:0] <= images_left[15:0] - 1'b1;
            if (low_none) images_left[31:16] <= images_left[31:16] - 1'b1;
        end
        if (size) begin
            words <= ends_block ? room : (PLACE_BITS + 1)'(left);
            ended_block <= ends_block;
        end
        if (next_image) left <= LEFT_BITS'(WORDS);
        else if (offered) left <= left - LEFT_BITS'(words);
    end

    wire load;
    wire [63:0] from;
    generate
        if (REPEAT != 0) begin : origin
            logic [63:0] kept;
            always_ff @(posedge clk) if (start) kept <= first;
            assign load = next_image;
            assign from = kept;
        end else begin : onward
            assign load = start;
            assign from = first;
        end
    endgenerate

    integer piece;
    always_ff @(posedge clk) begin
        carry[0] <= offered && ended_block && !rst;
        for (piece = 1; piece < 4; piece = piece + 1)
            carry[piece] <= carry[piece-1] && (&block[16*(piece-1) +: 16]) && !rst;
        if (load) begin
            block <= from >> PLACE_BITS;
            place <= from[PLACE_BITS-1:0];
        end else begin
            // A burst that ends the block leaves 0 here.
            if (offered) place <= place + words[PLACE_BITS-1:0];
            for (piece = 0; piece < 4; piece = piece + 1)
                if (carry[piece]) block[16*piece +: 16] <= block[16*piece +: 16] + 1'b1;
        end
    end

    // Bits beyond an address, and those below a word.
    wire unused = &{1'b0, place_in_memory[63+PLACE_BITS:64-SHIFT], base};
endmodule

// Words of IN units to beats of OUT units; IN and OUT have no common divisor. What a beat leaves of a word stays in
// front of the next word. Moves a word and a beat a cycle.
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
            // Where the next word goes: k words are k * IN units, all beats before that one have left.
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

// WORDS words of BYTES for each image from card memory, as beats of LANES bytes. DEPTH words are stored or under way;
// a burst is only asked for when all of it has a place, so that what comes never waits.
module farm_dma_read #(
    parameter int BYTES = 64,
    parameter int LANES = 1,
    parameter int WORDS = 1,
    parameter int REPEAT = 0,
    parameter int BURST = 64,
    parameter int DEPTH = 512,
    // Greatest common divisor of BYTES and LANES.
    parameter int COMMON = 1
) (
    input  wire                clk,
    input  wire                rst,
    input  wire                start,
    input  wire  [63:0]        base,
    input  wire  [31:0]        images,
    // Low from the cycle after `start` until the last beat has left.
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

    farm_dma_bursts #(.BYTES(BYTES), .WORDS(WORDS), .BURST(BURST), .REPEAT(REPEAT)) bursts_i (
        .clk(clk), .rst(rst), .start(start), .base(base), .images(images), .busy(bursting),
        .address(burst_address), .words(burst_words), .valid(burst_valid), .ready(room && (!arvalid || arready))
    );

    logic [8*BYTES-1:0] arrived_data;
    logic arrived;
    wire [8*BYTES-1:0] word_data;
    wire word_valid, word_ready;
    wire pop = word_valid && word_ready;
    assign rready = 1'b1;

    // A place is taken from the grant of its burst until its word has left the buffer.
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
            // A cycle late: the next burst comes no sooner.
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

    wire [8*LANES-1:0] beat_data;
    wire beat_valid, beat_ready, turning;
    farm_dma_gearbox #(.IN(BYTES / COMMON), .OUT(LANES / COMMON), .UNIT(8 * COMMON)) gearbox_i (
        .clk(clk), .rst(rst),
        .in0_data(word_data), .in0_valid(word_valid), .in0_ready(word_ready),
        .out0_data(beat_data), .out0_valid(beat_valid), .out0_ready(beat_ready),
        .busy(turning)
    );
    farm_skid #(.WIDTH(8 * LANES)) port_i (
        .clk(clk), .rst(rst),
        .in0_data(beat_data), .in0_valid(beat_valid), .in0_ready(beat_ready),
        .out0_data(out0_data), .out0_valid(out0_valid), .out0_ready(out0_ready)
    );

    wire all_places = places == COUNT_BITS'(DEPTH);
    always_ff @(posedge clk)
        quiet <= !rst && !start && !bursting && !arvalid && all_places && !turning && !out0_valid;
endmodule

// WORDS words of 32 bits for each image to card memory. A burst is only offered when all its words are here: the
// memory never waits for the accelerator.
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

    logic [COUNT_BITS-1:0] stored;  // words here that belong to no burst yet
    logic [3:0] unanswered;
    logic free;                     // unanswered < OUTSTANDING, a cycle late: the next burst comes no sooner
    logic queued;
    logic [PLACE_BITS:0] queued_words, left;
    logic some, last;               // left > 0, left == 1

    wire may = free && !queued && stored >= COUNT_BITS'(burst_words) && (!awvalid || awready);
    wire grant = burst_valid && may;
    wire push = beat_valid && beat_ready;
    wire move = some && word_valid && (!wvalid || wready);
    wire next = queued && (!some || (move && last));

    farm_dma_bursts #(.BYTES(4), .WORDS(WORDS), .BURST(BURST), .REPEAT(0)) bursts_i (
        .clk(clk), .rst(rst), .start(start), .base(base), .images(images), .busy(bursting),
        .address(burst_address), .words(burst_words), .valid(burst_valid), .ready(may)
    );
    wire [$clog2(DEPTH+1)-1:0] unused_level;
    farm_fifo #(.WIDTH(32), .DEPTH(DEPTH)) words_i (
        .clk(clk), .rst(rst),
        .in0_data(beat_data), .in0_valid(beat_valid), .in0_ready(beat_ready),
        .out0_data(word_data), .out0_valid(word_valid), .out0_ready(some && (!wvalid || wready)),
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
            some <= 1'b0;
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
                some <= 1'b1;
                last <= queued_words == 1;
            end else if (move) begin
                some <= !last;
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

// The registers, on AXI4-Lite, at the offsets that Vitis HLS gives a kernel with ap_ctrl_hs, three 64 bit pointers and
// a scalar (UG1399, "S_AXILITE Control Register Map"):
//   0x00 control: 0 ap_start (stays until the call ends), 1 ap_done (cleared by reading), 2 ap_idle, 3 ap_ready (cleared
//        by reading), 7 auto_restart, 9 interrupt       0x04 bit 0: interrupts on
//   0x08 which events interrupt: 0 done, 1 ready         0x0c those that have (a 1 written turns a bit over)
//   0x10 in_r, 0x1c out_r, 0x28 weightsmem: 64 bits, lower half first                  0x34 numReps
// and one that HLS does not have:
//   0x3c bus errors since it was last cleared: bit i for m_axi_gmem<i>; a 1 written clears a bit
module farm_dma_control (
    input  wire         clk,
    input  wire         rst,
    input  wire         awvalid,
    output logic        awready,
    input  wire  [5:0]  awaddr,
    input  wire         wvalid,
    output logic        wready,
    input  wire  [31:0] wdata,
    input  wire  [3:0]  wstrb,
    output logic        bvalid,
    input  wire         bready,
    input  wire         arvalid,
    output logic        arready,
    input  wire  [5:0]  araddr,
    output logic        rvalid,
    input  wire         rready,
    output logic [31:0] rdata,
    output logic        raised,
    output wire         start,
    input  wire         quiet,
    input  wire  [2:0]  errors,
    output logic [63:0] in_r,
    output logic [63:0] out_r,
    output logic [63:0] weightsmem,
    output logic [31:0] images
);
    logic [3:0] place;  // of the register being written
    logic ap_start, auto_restart, done, ready, running, interrupts;
    logic [1:0] enabled, pending;
    logic [2:0] failed;
    wire write = wvalid && wready;
    wire read_control = arvalid && arready && araddr[5:2] == 4'h0;
    wire finish = running && quiet;
    assign start = ap_start && !running;
    wire unused = &{1'b0, awaddr[1:0], araddr[1:0]};

    always_ff @(posedge clk) begin
        if (rst) begin
            awready <= 1'b0;
            wready <= 1'b0;
            bvalid <= 1'b0;
            arready <= 1'b0;
            rvalid <= 1'b0;
        end else begin
            awready <= awready ? !awvalid : !wready && (!bvalid || bready);
            wready <= wready ? !wvalid : awvalid && awready;
            bvalid <= write || (bvalid && !bready);
            arready <= arready ? !arvalid : !rvalid || rready;
            rvalid <= (arvalid && arready) || (rvalid && !rready);
        end
    end

    wire write_control = write && place == 4'h0 && wstrb[0];

    always_ff @(posedge clk) begin
        if (awready) place <= awaddr[5:2];
        if (rst) begin
            ap_start <= 1'b0;
            auto_restart <= 1'b0;
            done <= 1'b0;
            ready <= 1'b0;
            running <= 1'b0;
            interrupts <= 1'b0;
            enabled <= '0;
            pending <= '0;
            failed <= '0;
            raised <= 1'b0;
        end else begin
            ap_start <= (write_control && wdata[0]) || (finish ? auto_restart : ap_start);
            if (write_control) auto_restart <= wdata[7];
            done <= finish || (done && !read_control);
            ready <= finish || (ready && !read_control);
            running <= start || (running && !finish);
            if (write && place == 4'h1 && wstrb[0]) interrupts <= wdata[0];
            if (write && place == 4'h2 && wstrb[0]) enabled <= wdata[1:0];
            pending <= (finish ? enabled : 2'b00)
                | (pending ^ (write && place == 4'h3 && wstrb[0] ? wdata[1:0] : 2'b00));
            failed <= errors | (failed & ~(write && place == 4'hf && wstrb[0] ? wdata[2:0] : 3'b000));
            raised <= interrupts && pending != 0;
        end
    end

    integer b;
    always_ff @(posedge clk) begin
        if (rst) begin
            in_r <= '0;
            out_r <= '0;
            weightsmem <= '0;
            images <= '0;
        end else if (write) begin
            for (b = 0; b < 4; b = b + 1)
                if (wstrb[b])
                    case (place)
                        4'h4: in_r[8*b +: 8] <= wdata[8*b +: 8];
                        4'h5: in_r[32+8*b +: 8] <= wdata[8*b +: 8];
                        4'h7: out_r[8*b +: 8] <= wdata[8*b +: 8];
                        4'h8: out_r[32+8*b +: 8] <= wdata[8*b +: 8];
                        4'ha: weightsmem[8*b +: 8] <= wdata[8*b +: 8];
                        4'hb: weightsmem[32+8*b +: 8] <= wdata[8*b +: 8];
                        4'hd: images[8*b +: 8] <= wdata[8*b +: 8];
                        default: ;
                    endcase
        end
    end

    wire idle = !running && !ap_start;
    always_ff @(posedge clk) begin
        if (arvalid && arready)
            case (araddr[5:2])
                4'h0: rdata <= {22'd0, raised, 1'b0, auto_restart, 3'd0, ready, idle, done, ap_start};
                4'h1: rdata <= {31'd0, interrupts};
                4'h2: rdata <= {30'd0, enabled};
                4'h3: rdata <= {30'd0, pending};
                4'h4: rdata <= in_r[31:0];
                4'h5: rdata <= in_r[63:32];
                4'h7: rdata <= out_r[31:0];
                4'h8: rdata <= out_r[63:32];
                4'ha: rdata <= weightsmem[31:0];
                4'hb: rdata <= weightsmem[63:32];
                4'hd: rdata <= images;
                4'hf: rdata <= {29'd0, failed};
                default: rdata <= '0;
            endcase
    end
endmodule

`default_nettype wire
