// The registers, on AXI4-Lite, at the offsets that Vitis HLS gives a kernel with ap_ctrl_hs, three 64 bit pointers and
// a scalar (UG1399, "S_AXILITE Control Register Map"):
//   0x00 control: 0 ap_start (stays until the call ends), 1 ap_done (cleared by reading), 2 ap_idle, 3 ap_ready (cleared
//        by reading), 7 auto_restart, 9 interrupt       0x04 bit 0: global interrupt enable
//   0x08 interrupt enable: 0 done, 1 ready              0x0c interrupt status (writing 1 toggles a bit)
//   0x10 in_r, 0x1c out_r, 0x28 weightsmem: 64 bits, lower half first                  0x34 numReps
// Without WEIGHTS there is no weightsmem, and numReps is at 0x28.
// One register is not in the map of HLS:
//   0x3c bus errors since it was last cleared: bit i for m_axi_gmem<i>; writing 1 clears a bit
`default_nettype none

module farm_dma_control #(
    parameter integer WEIGHTS = 1
) (
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
    logic [3:0] place;  // word address of the register being written
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
                        4'ha: if (WEIGHTS != 0) weightsmem[8*b +: 8] <= wdata[8*b +: 8];
                              else images[8*b +: 8] <= wdata[8*b +: 8];
                        4'hb: if (WEIGHTS != 0) weightsmem[32+8*b +: 8] <= wdata[8*b +: 8];
                        4'hd: if (WEIGHTS != 0) images[8*b +: 8] <= wdata[8*b +: 8];
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
                4'ha: rdata <= WEIGHTS != 0 ? weightsmem[31:0] : images;
                4'hb: rdata <= weightsmem[63:32];
                4'hd: rdata <= WEIGHTS != 0 ? images : '0;
                4'hf: rdata <= {29'd0, failed};
                default: rdata <= '0;
            endcase
    end
endmodule

`default_nettype wire
