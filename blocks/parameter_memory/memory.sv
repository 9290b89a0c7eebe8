// A parameter memory: repeats DEPTH beats, one a cycle. The contents are written into the netlist later; here they are
// zeros, and synthesis must not optimise them away. Every column is a primitive with its own address lines from one
// counter. A beat that waits stalls the whole pipeline, because no later beat could be used earlier.
`default_nettype none

module farm_memory #(
    parameter int WIDTH = 8,
    parameter int DEPTH = 16,
    parameter int COLUMNS = 1,     // columns of the first shape
    parameter int BITS = 8,        // bits of one such column
    parameter int READ_WIDTH = 0,  // bits of a block RAM's port, 0 for distributed RAM
    parameter int LAST_BITS = 0,   // bits of a last column in half a block RAM, 0 if there is none
    parameter int LAST_READ_WIDTH = 0
) (
    input  wire              clk,
    input  wire              rst,
    output logic [WIDTH-1:0] out0_data,
    output logic             out0_valid,
    input  wire              out0_ready
);
    localparam int COUNT_BITS = DEPTH > 1 ? $clog2(DEPTH) : 1;
    localparam int ALL_BITS = COLUMNS * BITS + LAST_BITS;

    logic [COUNT_BITS-1:0] count;
    wire [14:0] address = 15'(count);  // a block RAM has at most 15 address bits
    logic [ALL_BITS-1:0] data;
    logic read;  // a block RAM registers the word twice: after reading, and at its output
    wire go = !out0_valid || out0_ready;

    always_ff @(posedge clk) begin
        if (rst) begin
            count <= '0;
            read <= 1'b0;
            out0_valid <= 1'b0;
        end else if (go) begin
            count <= count == COUNT_BITS'(DEPTH - 1) ? '0 : count + 1'b1;
            read <= 1'b1;
            out0_valid <= read || READ_WIDTH == 0;
        end
    end
    assign out0_data = data[WIDTH-1:0];

    for (genvar c = 0; c < COLUMNS; c++) begin : columns
        if (READ_WIDTH > 0) begin : block
            farm_block_ram36 #(.BITS(BITS), .READ_WIDTH(READ_WIDTH)) ram (.clk, .go, .address, .data(data[c*BITS+:BITS]));
        end
        if (READ_WIDTH == 0 && BITS == 16) begin : shallow
            farm_lutram32 ram (.clk, .go, .address(address[4:0]), .data(data[c*BITS+:BITS]));
        end
        if (READ_WIDTH == 0 && BITS == 8) begin : lutram
            farm_lutram64 ram (.clk, .go, .address(address[5:0]), .data(data[c*BITS+:BITS]));
        end
    end
    if (LAST_BITS > 0) begin : last
        farm_block_ram18 #(.BITS(LAST_BITS), .READ_WIDTH(LAST_READ_WIDTH)) ram (
            .clk, .go, .address, .data(data[COLUMNS*BITS+:LAST_BITS])
        );
    end
endmodule

// 32 words of 16 bits: 8 LUTs of 2 bits.
module farm_lutram32 (
    input  wire         clk,
    input  wire         go,
    input  wire  [4:0]  address,
    output logic [15:0] data
);
    wire [15:0] word;
    always_ff @(posedge clk) if (go) data <= word;
    (* keep *) RAM32M16 memory (
        .DOA(word[1:0]), .DOB(word[3:2]), .DOC(word[5:4]), .DOD(word[7:6]),
        .DOE(word[9:8]), .DOF(word[11:10]), .DOG(word[13:12]), .DOH(word[15:14]),
        .ADDRA(address), .ADDRB(address), .ADDRC(address), .ADDRD(address),
        .ADDRE(address), .ADDRF(address), .ADDRG(address), .ADDRH(address),
        .DIA(2'b0), .DIB(2'b0), .DIC(2'b0), .DID(2'b0), .DIE(2'b0), .DIF(2'b0), .DIG(2'b0), .DIH(2'b0),
        .WCLK(clk), .WE(1'b0)
    );
endmodule

// 64 words of 8 bits: a LUT for each bit.
module farm_lutram64 (
    input  wire        clk,
    input  wire        go,
    input  wire  [5:0] address,
    output logic [7:0] data
);
    wire [7:0] word;
    always_ff @(posedge clk) if (go) data <= word;
    (* keep *) RAM64M8 memory (
        .DOA(word[0]), .DOB(word[1]), .DOC(word[2]), .DOD(word[3]),
        .DOE(word[4]), .DOF(word[5]), .DOG(word[6]), .DOH(word[7]),
        .ADDRA(address), .ADDRB(address), .ADDRC(address), .ADDRD(address),
        .ADDRE(address), .ADDRF(address), .ADDRG(address), .ADDRH(address),
        .DIA(1'b0), .DIB(1'b0), .DIC(1'b0), .DID(1'b0), .DIE(1'b0), .DIF(1'b0), .DIG(1'b0), .DIH(1'b0),
        .WCLK(clk), .WE(1'b0)
    );
endmodule

// The word of a block RAM: the data of port A with its parity bits above. If BITS is twice READ_WIDTH, the data and
// parity of port B are above that.
module farm_ram_word #(
    parameter int BITS = 36,
    parameter int READ_WIDTH = 36,
    parameter int PORT_BYTES = 4
) (
    input  wire [8*PORT_BYTES-1:0] a,
    input  wire [8*PORT_BYTES-1:0] b,
    input  wire [PORT_BYTES-1:0]   a_parity,
    input  wire [PORT_BYTES-1:0]   b_parity,
    output wire [BITS-1:0]         data
);
    localparam int PARITY = READ_WIDTH / 9;
    if (PARITY > 0) begin : bytes
        assign data[READ_WIDTH-1:0] = {a_parity[PARITY-1:0], a[8*PARITY-1:0]};
        if (BITS > READ_WIDTH) begin : upper
            assign data[BITS-1:READ_WIDTH] = {b_parity[PARITY-1:0], b[8*PARITY-1:0]};
        end
    end else begin : bits
        assign data = a[BITS-1:0];
    end
endmodule

// A block RAM, read through port A. If BITS is twice READ_WIDTH, port B reads the upper bits from the upper half of the
// memory. Both ports only read, each through its output register.
module farm_block_ram36 #(
    parameter int BITS = 36,
    parameter int READ_WIDTH = 36
) (
    input  wire              clk,
    input  wire              go,
    input  wire  [14:0]      address,
    output logic [BITS-1:0]  data
);
    // Address distance of two words, as a power of two: 32 for words of 36 bits, 16 for 18, 8 for 9, and so on.
    localparam int SKIP =
        READ_WIDTH >= 36 ? 5 : READ_WIDTH >= 18 ? 4 : READ_WIDTH >= 9 ? 3 : READ_WIDTH >= 4 ? 2 : READ_WIDTH - 1;
    localparam bit BOTH = BITS > READ_WIDTH;
    wire [31:0] a, b;
    wire [3:0] a_parity, b_parity;
    wire [14:0] place = 15'(address << SKIP);

    farm_ram_word #(.BITS(BITS), .READ_WIDTH(READ_WIDTH), .PORT_BYTES(4)) word (.a, .b, .a_parity, .b_parity, .data);
    (* keep *) RAMB36E2 #(
        .READ_WIDTH_A(READ_WIDTH), .READ_WIDTH_B(BOTH ? READ_WIDTH : 0), .DOA_REG(1), .DOB_REG(1),
        .CLOCK_DOMAINS("COMMON"), .WRITE_MODE_A("READ_FIRST"), .WRITE_MODE_B("READ_FIRST")
    ) memory (
        .CLKARDCLK(clk), .CLKBWRCLK(clk), .ENARDEN(go), .ENBWREN(BOTH ? go : 1'b0),
        .REGCEAREGCE(go), .REGCEB(BOTH ? go : 1'b0),
        .ADDRARDADDR(place), .ADDRBWRADDR(BOTH ? {1'b1, place[13:0]} : 15'b0),
        .ADDRENA(1'b1), .ADDRENB(1'b1), .WEA(4'b0), .WEBWE(8'b0),
        .DINADIN(32'b0), .DINBDIN(32'b0), .DINPADINP(4'b0), .DINPBDINP(4'b0),
        .RSTRAMARSTRAM(1'b0), .RSTRAMB(1'b0), .RSTREGARSTREG(1'b0), .RSTREGB(1'b0), .SLEEP(1'b0),
        .CASDIMUXA(1'b0), .CASDIMUXB(1'b0), .CASDINA(32'b0), .CASDINB(32'b0), .CASDINPA(4'b0), .CASDINPB(4'b0),
        .CASDOMUXA(1'b0), .CASDOMUXB(1'b0), .CASDOMUXEN_A(1'b1), .CASDOMUXEN_B(1'b1),
        .CASINDBITERR(1'b0), .CASINSBITERR(1'b0), .CASOREGIMUXA(1'b0), .CASOREGIMUXB(1'b0),
        .CASOREGIMUXEN_A(1'b1), .CASOREGIMUXEN_B(1'b1), .ECCPIPECE(1'b0), .INJECTDBITERR(1'b0), .INJECTSBITERR(1'b0),
        .DOUTADOUT(a), .DOUTBDOUT(b), .DOUTPADOUTP(a_parity), .DOUTPBDOUTP(b_parity),
        .CASDOUTA(), .CASDOUTB(), .CASDOUTPA(), .CASDOUTPB(), .CASOUTDBITERR(), .CASOUTSBITERR(),
        .DBITERR(), .SBITERR(), .ECCPARITY(), .RDADDRECC()
    );
endmodule

// The same in half a block RAM: a port has at most 18 bits.
module farm_block_ram18 #(
    parameter int BITS = 18,
    parameter int READ_WIDTH = 18
) (
    input  wire              clk,
    input  wire              go,
    input  wire  [14:0]      address,
    output logic [BITS-1:0]  data
);
    localparam int SKIP = READ_WIDTH >= 18 ? 4 : READ_WIDTH >= 9 ? 3 : READ_WIDTH >= 4 ? 2 : READ_WIDTH - 1;
    localparam bit BOTH = BITS > READ_WIDTH;
    wire [15:0] a, b;
    wire [1:0] a_parity, b_parity;
    wire [13:0] place = 14'(address << SKIP);

    farm_ram_word #(.BITS(BITS), .READ_WIDTH(READ_WIDTH), .PORT_BYTES(2)) word (.a, .b, .a_parity, .b_parity, .data);
    (* keep *) RAMB18E2 #(
        .READ_WIDTH_A(READ_WIDTH), .READ_WIDTH_B(BOTH ? READ_WIDTH : 0), .DOA_REG(1), .DOB_REG(1),
        .CLOCK_DOMAINS("COMMON"), .WRITE_MODE_A("READ_FIRST"), .WRITE_MODE_B("READ_FIRST")
    ) memory (
        .CLKARDCLK(clk), .CLKBWRCLK(clk), .ENARDEN(go), .ENBWREN(BOTH ? go : 1'b0),
        .REGCEAREGCE(go), .REGCEB(BOTH ? go : 1'b0),
        .ADDRARDADDR(place), .ADDRBWRADDR(BOTH ? {1'b1, place[12:0]} : 14'b0),
        .ADDRENA(1'b1), .ADDRENB(1'b1), .WEA(2'b0), .WEBWE(4'b0),
        .DINADIN(16'b0), .DINBDIN(16'b0), .DINPADINP(2'b0), .DINPBDINP(2'b0),
        .RSTRAMARSTRAM(1'b0), .RSTRAMB(1'b0), .RSTREGARSTREG(1'b0), .RSTREGB(1'b0), .SLEEP(1'b0),
        .CASDIMUXA(1'b0), .CASDIMUXB(1'b0), .CASDINA(16'b0), .CASDINB(16'b0), .CASDINPA(2'b0), .CASDINPB(2'b0),
        .CASDOMUXA(1'b0), .CASDOMUXB(1'b0), .CASDOMUXEN_A(1'b1), .CASDOMUXEN_B(1'b1),
        .CASOREGIMUXA(1'b0), .CASOREGIMUXB(1'b0), .CASOREGIMUXEN_A(1'b1), .CASOREGIMUXEN_B(1'b1),
        .DOUTADOUT(a), .DOUTBDOUT(b), .DOUTPADOUTP(a_parity), .DOUTPBDOUTP(b_parity),
        .CASDOUTA(), .CASDOUTB(), .CASDOUTPA(), .CASDOUTPB()
    );
endmodule

`default_nettype wire
