# digits: block design and netlist, for Vivado @RELEASE@
set_param general.maxThreads 4

# Find an IP of AMD's catalog, in the version that this release has.
proc farm_ip {name} {
    set found [lsort -dictionary [get_ipdefs "$name:*"]]
    if {[llength $found] == 0} {
        error "dataflow-farm: the catalog has no IP $name"
    }
    return [lindex $found end]
}

# Find the interface of a core's stream. HLS 2019.2 appends _V_V to its name, some later releases _V.
proc farm_stream {cell port bytes} {
    set found {}
    foreach name [list $port ${port}_V ${port}_V_V] {
        set pin [get_bd_intf_pins -quiet $cell/$name]
        if {[llength $pin] == 1} {
            lappend found $pin
        }
    }
    if {[llength $found] != 1} {
        error "dataflow-farm: $cell has [llength $found] interfaces for its stream $port, not one"
    }
    set width [get_property CONFIG.TDATA_NUM_BYTES $found]
    if {$width != $bytes} {
        error "dataflow-farm: $cell/$port has $width bytes a beat, the design has $bytes"
    }
    return [lindex $found 0]
}

# Create a cell and connect the clock and the reset of its SLR.
proc farm_cell {cell ip slr {clock ap_clk} {reset ap_rst_n}} {
    create_bd_cell -type ip -vlnv $ip $cell
    connect_bd_net [get_bd_ports ap_clk] [get_bd_pins $cell/$clock]
    connect_bd_net [get_bd_pins reset_$slr/Q] [get_bd_pins $cell/$reset]
}

# Validation propagates parameters. Check that it has not changed one that we set.
proc farm_expect {cell values} {
    foreach {name value} $values {
        set found [get_property CONFIG.$name [get_bd_cells $cell]]
        if {$found != $value} {
            error "dataflow-farm: $cell has $name $found after validation, the design has $value"
        }
    }
}

proc farm_external {pin name} {
    make_bd_intf_pins_external [get_bd_intf_pins $pin]
    set_property name $name [get_bd_intf_ports ${name}_0]
}

create_project -force kernel kernel_project -part xcu250-figd2104-2L-e
# This folder holds only the packaged IPs, so Vivado finds no stray component.xml.
set_property ip_repo_paths [file normalize ip] [current_project]
update_ip_catalog -rebuild
create_bd_design digits
create_bd_port -dir I -type clk -freq_hz 250000000 ap_clk
create_bd_port -dir I -type rst ap_rst_n
set_property CONFIG.POLARITY ACTIVE_LOW [get_bd_ports ap_rst_n]

# A chain of reset registers, one per SLR: the reset crosses at most one boundary per cycle. The clock is
# the shell's single net. The reduced logic removes the pin type 'reset', which shift registers refuse.
create_bd_cell -type ip -vlnv [farm_ip xilinx.com:ip:util_reduced_logic] reset_plain
set_property -dict [list CONFIG.C_SIZE 1 CONFIG.C_OPERATION and] [get_bd_cells reset_plain]
connect_bd_net [get_bd_ports ap_rst_n] [get_bd_pins reset_plain/Op1]
create_bd_cell -type ip -vlnv [farm_ip xilinx.com:ip:c_shift_ram] reset_slr0
set_property -dict [list CONFIG.Width 1 CONFIG.Depth 1 CONFIG.DefaultData 0 CONFIG.AsyncInitVal 0] [get_bd_cells reset_slr0]
connect_bd_net [get_bd_ports ap_clk] [get_bd_pins reset_slr0/CLK]
connect_bd_net [get_bd_pins reset_plain/Res] [get_bd_pins reset_slr0/D]

# The blocks: one IP per core, one cell per block.
farm_cell inoutdma dataflow-farm:cores:dma_ddcb20:1.0 slr0
farm_cell preres dataflow-farm:cores:stem_8b7069:1.0 slr0
farm_cell res2a dataflow-farm:cores:residual_89ae1e:1.0 slr0
farm_cell res2b dataflow-farm:cores:residual_8ead75:1.0 slr0
farm_cell res3a dataflow-farm:cores:residual_c91fe4:1.0 slr0
farm_cell res3b dataflow-farm:cores:residual_6a78fe:1.0 slr0
farm_cell postres dataflow-farm:cores:head_daf9a2:1.0 slr0

# Their parameter memories.
farm_cell preres_conv0_weights_memory dataflow-farm:cores:farm_memory_w256_d9:1.0 slr0
connect_bd_intf_net [farm_stream preres_conv0_weights_memory out 32] [farm_stream preres conv0_weights 32]
farm_cell preres_conv0_thresholds_memory dataflow-farm:cores:farm_memory_w960_d2:1.0 slr0
connect_bd_intf_net [farm_stream preres_conv0_thresholds_memory out 120] [farm_stream preres conv0_thresholds 120]
farm_cell res2a_bypass_thresholds_memory dataflow-farm:cores:farm_memory_w72_d4:1.0 slr0
connect_bd_intf_net [farm_stream res2a_bypass_thresholds_memory out 9] [farm_stream res2a bypass_thresholds 9]
farm_cell res2a_conv1_weights_memory dataflow-farm:cores:farm_memory_w128_d16:1.0 slr0
connect_bd_intf_net [farm_stream res2a_conv1_weights_memory out 16] [farm_stream res2a conv1_weights 16]
farm_cell res2a_conv1_thresholds_memory dataflow-farm:cores:farm_memory_w480_d16:1.0 slr0
connect_bd_intf_net [farm_stream res2a_conv1_thresholds_memory out 60] [farm_stream res2a conv1_thresholds 60]
farm_cell res2a_conv2a_weights_memory dataflow-farm:cores:farm_memory_w64_d16:1.0 slr0
connect_bd_intf_net [farm_stream res2a_conv2a_weights_memory out 8] [farm_stream res2a conv2a_weights 8]
farm_cell res2a_conv2a_thresholds_memory dataflow-farm:cores:farm_memory_w48_d16:1.0 slr0
connect_bd_intf_net [farm_stream res2a_conv2a_thresholds_memory out 6] [farm_stream res2a conv2a_thresholds 6]
farm_cell res2a_conv2b_weights_memory dataflow-farm:cores:farm_memory_w256_d36:1.0 slr0
connect_bd_intf_net [farm_stream res2a_conv2b_weights_memory out 32] [farm_stream res2a conv2b_weights 32]
farm_cell res2a_conv2b_thresholds_memory dataflow-farm:cores:farm_memory_w33_d32:1.0 slr0
connect_bd_intf_net [farm_stream res2a_conv2b_thresholds_memory out 5] [farm_stream res2a conv2b_thresholds 5]
farm_cell res2a_conv2c_weights_memory dataflow-farm:cores:farm_memory_w128_d16:1.0 slr0
connect_bd_intf_net [farm_stream res2a_conv2c_weights_memory out 16] [farm_stream res2a conv2c_weights 16]
farm_cell res2a_conv2c_thresholds_memory dataflow-farm:cores:farm_memory_w480_d16:1.0 slr0
connect_bd_intf_net [farm_stream res2a_conv2c_thresholds_memory out 60] [farm_stream res2a conv2c_thresholds 60]
farm_cell res2b_bypass_thresholds_memory dataflow-farm:cores:farm_memory_w240_d4:1.0 slr0
connect_bd_intf_net [farm_stream res2b_bypass_thresholds_memory out 30] [farm_stream res2b bypass_thresholds 30]
farm_cell res2b_conv2a_weights_memory dataflow-farm:cores:farm_memory_w128_d16:1.0 slr0
connect_bd_intf_net [farm_stream res2b_conv2a_weights_memory out 16] [farm_stream res2b conv2a_weights 16]
farm_cell res2b_conv2a_thresholds_memory dataflow-farm:cores:farm_memory_w54_d16:1.0 slr0
connect_bd_intf_net [farm_stream res2b_conv2a_thresholds_memory out 7] [farm_stream res2b conv2a_thresholds 7]
farm_cell res2b_conv2b_weights_memory dataflow-farm:cores:farm_memory_w256_d36:1.0 slr0
connect_bd_intf_net [farm_stream res2b_conv2b_weights_memory out 32] [farm_stream res2b conv2b_weights 32]
farm_cell res2b_conv2b_thresholds_memory dataflow-farm:cores:farm_memory_w33_d32:1.0 slr0
connect_bd_intf_net [farm_stream res2b_conv2b_thresholds_memory out 5] [farm_stream res2b conv2b_thresholds 5]
farm_cell res2b_conv2c_weights_memory dataflow-farm:cores:farm_memory_w128_d16:1.0 slr0
connect_bd_intf_net [farm_stream res2b_conv2c_weights_memory out 16] [farm_stream res2b conv2c_weights 16]
farm_cell res2b_conv2c_thresholds_memory dataflow-farm:cores:farm_memory_w480_d16:1.0 slr0
connect_bd_intf_net [farm_stream res2b_conv2c_thresholds_memory out 60] [farm_stream res2b conv2c_thresholds 60]
farm_cell res3a_bypass_thresholds_memory dataflow-farm:cores:farm_memory_w240_d4:1.0 slr0
connect_bd_intf_net [farm_stream res3a_bypass_thresholds_memory out 30] [farm_stream res3a bypass_thresholds 30]
farm_cell res3a_conv1_weights_memory dataflow-farm:cores:farm_memory_w256_d32:1.0 slr0
connect_bd_intf_net [farm_stream res3a_conv1_weights_memory out 32] [farm_stream res3a conv1_weights 32]
farm_cell res3a_conv1_thresholds_memory dataflow-farm:cores:farm_memory_w540_d32:1.0 slr0
connect_bd_intf_net [farm_stream res3a_conv1_thresholds_memory out 68] [farm_stream res3a conv1_thresholds 68]
farm_cell res3a_conv2a_weights_memory dataflow-farm:cores:farm_memory_w128_d32:1.0 slr0
connect_bd_intf_net [farm_stream res3a_conv2a_weights_memory out 16] [farm_stream res3a conv2a_weights 16]
farm_cell res3a_conv2a_thresholds_memory dataflow-farm:cores:farm_memory_w54_d32:1.0 slr0
connect_bd_intf_net [farm_stream res3a_conv2a_thresholds_memory out 7] [farm_stream res3a conv2a_thresholds 7]
farm_cell res3a_conv2b_weights_memory dataflow-farm:cores:farm_memory_w512_d72:1.0 slr0
connect_bd_intf_net [farm_stream res3a_conv2b_weights_memory out 64] [farm_stream res3a conv2b_weights 64]
farm_cell res3a_conv2b_thresholds_memory dataflow-farm:cores:farm_memory_w36_d64:1.0 slr0
connect_bd_intf_net [farm_stream res3a_conv2b_thresholds_memory out 5] [farm_stream res3a conv2b_thresholds 5]
farm_cell res3a_conv2c_weights_memory dataflow-farm:cores:farm_memory_w256_d32:1.0 slr0
connect_bd_intf_net [farm_stream res3a_conv2c_weights_memory out 32] [farm_stream res3a conv2c_weights 32]
farm_cell res3a_conv2c_thresholds_memory dataflow-farm:cores:farm_memory_w540_d32:1.0 slr0
connect_bd_intf_net [farm_stream res3a_conv2c_thresholds_memory out 68] [farm_stream res3a conv2c_thresholds 68]
farm_cell res3b_bypass_thresholds_memory dataflow-farm:cores:farm_memory_w240_d8:1.0 slr0
connect_bd_intf_net [farm_stream res3b_bypass_thresholds_memory out 30] [farm_stream res3b bypass_thresholds 30]
farm_cell res3b_conv2a_weights_memory dataflow-farm:cores:farm_memory_w256_d32:1.0 slr0
connect_bd_intf_net [farm_stream res3b_conv2a_weights_memory out 32] [farm_stream res3b conv2a_weights 32]
farm_cell res3b_conv2a_thresholds_memory dataflow-farm:cores:farm_memory_w60_d32:1.0 slr0
connect_bd_intf_net [farm_stream res3b_conv2a_thresholds_memory out 8] [farm_stream res3b conv2a_thresholds 8]
farm_cell res3b_conv2b_weights_memory dataflow-farm:cores:farm_memory_w512_d72:1.0 slr0
connect_bd_intf_net [farm_stream res3b_conv2b_weights_memory out 64] [farm_stream res3b conv2b_weights 64]
farm_cell res3b_conv2b_thresholds_memory dataflow-farm:cores:farm_memory_w36_d64:1.0 slr0
connect_bd_intf_net [farm_stream res3b_conv2b_thresholds_memory out 5] [farm_stream res3b conv2b_thresholds 5]
farm_cell res3b_conv2c_weights_memory dataflow-farm:cores:farm_memory_w256_d32:1.0 slr0
connect_bd_intf_net [farm_stream res3b_conv2c_weights_memory out 32] [farm_stream res3b conv2c_weights 32]
farm_cell res3b_conv2c_thresholds_memory dataflow-farm:cores:farm_memory_w540_d32:1.0 slr0
connect_bd_intf_net [farm_stream res3b_conv2c_thresholds_memory out 68] [farm_stream res3b conv2c_thresholds 68]
farm_cell postres_fc_bias_memory dataflow-farm:cores:farm_memory_w32_d10:1.0 slr0
connect_bd_intf_net [farm_stream postres_fc_bias_memory out 4] [farm_stream postres fc_bias 4]

# inoutdma.image -> preres.input_r
farm_cell link0_fifo [farm_ip xilinx.com:ip:axis_data_fifo] slr0 s_axis_aclk s_axis_aresetn
set_property -dict [list CONFIG.TDATA_NUM_BYTES 1 CONFIG.FIFO_DEPTH 32 CONFIG.FIFO_MEMORY_TYPE distributed CONFIG.HAS_TLAST 0 CONFIG.HAS_TKEEP 0] [get_bd_cells link0_fifo]
connect_bd_intf_net [farm_stream inoutdma image 1] [get_bd_intf_pins link0_fifo/S_AXIS]
connect_bd_intf_net [get_bd_intf_pins link0_fifo/M_AXIS] [farm_stream preres input_r 1]

# preres.output_r -> res2a.input_r
farm_cell link1_converter dataflow-farm:cores:convert_8b17f7:1.0 slr0
connect_bd_intf_net [farm_stream preres output_r 8] [farm_stream link1_converter input_r 8]
farm_cell link1_fifo [farm_ip xilinx.com:ip:axis_data_fifo] slr0 s_axis_aclk s_axis_aresetn
set_property -dict [list CONFIG.TDATA_NUM_BYTES 2 CONFIG.FIFO_DEPTH 32 CONFIG.FIFO_MEMORY_TYPE distributed CONFIG.HAS_TLAST 0 CONFIG.HAS_TKEEP 0] [get_bd_cells link1_fifo]
connect_bd_intf_net [farm_stream link1_converter output_r 2] [get_bd_intf_pins link1_fifo/S_AXIS]
connect_bd_intf_net [get_bd_intf_pins link1_fifo/M_AXIS] [farm_stream res2a input_r 2]

# res2a.output_r -> res2b.input_r
farm_cell link2_fifo [farm_ip xilinx.com:ip:axis_data_fifo] slr0 s_axis_aclk s_axis_aresetn
set_property -dict [list CONFIG.TDATA_NUM_BYTES 8 CONFIG.FIFO_DEPTH 32 CONFIG.FIFO_MEMORY_TYPE distributed CONFIG.HAS_TLAST 0 CONFIG.HAS_TKEEP 0] [get_bd_cells link2_fifo]
connect_bd_intf_net [farm_stream res2a output_r 8] [get_bd_intf_pins link2_fifo/S_AXIS]
connect_bd_intf_net [get_bd_intf_pins link2_fifo/M_AXIS] [farm_stream res2b input_r 8]

# res2b.output_r -> res3a.input_r
farm_cell link3_fifo [farm_ip xilinx.com:ip:axis_data_fifo] slr0 s_axis_aclk s_axis_aresetn
set_property -dict [list CONFIG.TDATA_NUM_BYTES 8 CONFIG.FIFO_DEPTH 32 CONFIG.FIFO_MEMORY_TYPE distributed CONFIG.HAS_TLAST 0 CONFIG.HAS_TKEEP 0] [get_bd_cells link3_fifo]
connect_bd_intf_net [farm_stream res2b output_r 8] [get_bd_intf_pins link3_fifo/S_AXIS]
connect_bd_intf_net [get_bd_intf_pins link3_fifo/M_AXIS] [farm_stream res3a input_r 8]

# res3a.output_r -> res3b.input_r
farm_cell link4_fifo [farm_ip xilinx.com:ip:axis_data_fifo] slr0 s_axis_aclk s_axis_aresetn
set_property -dict [list CONFIG.TDATA_NUM_BYTES 8 CONFIG.FIFO_DEPTH 32 CONFIG.FIFO_MEMORY_TYPE distributed CONFIG.HAS_TLAST 0 CONFIG.HAS_TKEEP 0] [get_bd_cells link4_fifo]
connect_bd_intf_net [farm_stream res3a output_r 8] [get_bd_intf_pins link4_fifo/S_AXIS]
connect_bd_intf_net [get_bd_intf_pins link4_fifo/M_AXIS] [farm_stream res3b input_r 8]

# res3b.output_r -> postres.input_r
farm_cell link5_fifo [farm_ip xilinx.com:ip:axis_data_fifo] slr0 s_axis_aclk s_axis_aresetn
set_property -dict [list CONFIG.TDATA_NUM_BYTES 8 CONFIG.FIFO_DEPTH 32 CONFIG.FIFO_MEMORY_TYPE distributed CONFIG.HAS_TLAST 0 CONFIG.HAS_TKEEP 0] [get_bd_cells link5_fifo]
connect_bd_intf_net [farm_stream res3b output_r 8] [get_bd_intf_pins link5_fifo/S_AXIS]
connect_bd_intf_net [get_bd_intf_pins link5_fifo/M_AXIS] [farm_stream postres input_r 8]

# inoutdma.weights -> postres.fc_weights
farm_cell link6_fifo [farm_ip xilinx.com:ip:axis_data_fifo] slr0 s_axis_aclk s_axis_aresetn
set_property -dict [list CONFIG.TDATA_NUM_BYTES 16 CONFIG.FIFO_DEPTH 32 CONFIG.FIFO_MEMORY_TYPE distributed CONFIG.HAS_TLAST 0 CONFIG.HAS_TKEEP 0] [get_bd_cells link6_fifo]
connect_bd_intf_net [farm_stream inoutdma weights 16] [get_bd_intf_pins link6_fifo/S_AXIS]
connect_bd_intf_net [get_bd_intf_pins link6_fifo/M_AXIS] [farm_stream postres fc_weights 16]

# postres.output_r -> inoutdma.result
farm_cell link7_fifo [farm_ip xilinx.com:ip:axis_data_fifo] slr0 s_axis_aclk s_axis_aresetn
set_property -dict [list CONFIG.TDATA_NUM_BYTES 4 CONFIG.FIFO_DEPTH 32 CONFIG.FIFO_MEMORY_TYPE distributed CONFIG.HAS_TLAST 0 CONFIG.HAS_TKEEP 0] [get_bd_cells link7_fifo]
connect_bd_intf_net [farm_stream postres output_r 4] [get_bd_intf_pins link7_fifo/S_AXIS]
connect_bd_intf_net [get_bd_intf_pins link7_fifo/M_AXIS] [farm_stream inoutdma result 4]

# The ports of the kernel: memory ports, registers and interrupt of the DMA.
farm_external inoutdma/m_axi_gmem0 m_axi_gmem0
set_property CONFIG.FREQ_HZ 250000000 [get_bd_intf_ports m_axi_gmem0]
farm_external inoutdma/m_axi_gmem1 m_axi_gmem1
set_property CONFIG.FREQ_HZ 250000000 [get_bd_intf_ports m_axi_gmem1]
farm_external inoutdma/m_axi_gmem2 m_axi_gmem2
set_property CONFIG.FREQ_HZ 250000000 [get_bd_intf_ports m_axi_gmem2]
farm_external inoutdma/s_axi_control s_axi_control
set_property CONFIG.FREQ_HZ 250000000 [get_bd_intf_ports s_axi_control]
make_bd_pins_external [get_bd_pins inoutdma/interrupt]
set_property name interrupt [get_bd_ports interrupt_0]
set_property CONFIG.ASSOCIATED_BUSIF {m_axi_gmem0:m_axi_gmem1:m_axi_gmem2:s_axi_control} [get_bd_ports ap_clk]
set_property CONFIG.ASSOCIATED_RESET ap_rst_n [get_bd_ports ap_clk]
assign_bd_address
validate_bd_design
farm_expect reset_slr0 {Width 1 Depth 1 DefaultData 0 AsyncInitVal 0}
farm_expect link0_fifo {TDATA_NUM_BYTES 1 FIFO_DEPTH 32}
farm_expect link1_fifo {TDATA_NUM_BYTES 2 FIFO_DEPTH 32}
farm_expect link2_fifo {TDATA_NUM_BYTES 8 FIFO_DEPTH 32}
farm_expect link3_fifo {TDATA_NUM_BYTES 8 FIFO_DEPTH 32}
farm_expect link4_fifo {TDATA_NUM_BYTES 8 FIFO_DEPTH 32}
farm_expect link5_fifo {TDATA_NUM_BYTES 8 FIFO_DEPTH 32}
farm_expect link6_fifo {TDATA_NUM_BYTES 16 FIFO_DEPTH 32}
farm_expect link7_fifo {TDATA_NUM_BYTES 4 FIFO_DEPTH 32}
save_bd_design

# Synthesise only the logic between the cores; the cores are netlists already.
set_property SYNTH_CHECKPOINT_MODE Hierarchical [get_files digits.bd]
generate_target all [get_files digits.bd]
make_wrapper -files [get_files digits.bd] -top -import -fileset sources_1
set_property top digits_wrapper [current_fileset]
update_compile_order -fileset sources_1
set_property -name {STEPS.SYNTH_DESIGN.ARGS.MORE OPTIONS} -value {-mode out_of_context} -objects [get_runs synth_1]
launch_runs synth_1 -jobs 4
# After a failed run, older releases return normally; newer ones raise an error before they say why.
catch {wait_on_run synth_1}
# Print the logs of failed child runs, those of IPs too. They hold the cause, e.g. a refused licence.
foreach run [get_runs *synth_1] {
    if {[get_property PROGRESS $run] ne "100%"} {
        set log [file join [get_property DIRECTORY $run] runme.log]
        if {[file exists $log]} {
            set file [open $log]
            puts [read $file]
            close $file
        }
    }
}
if {[get_property PROGRESS [get_runs synth_1]] ne "100%"} {
    error "dataflow-farm: synth_1 ended as: [get_property STATUS [get_runs synth_1]]"
}
open_run synth_1 -name synth_1
write_checkpoint -force digits_empty.dcp
report_utilization -file utilization.rpt
report_utilization -hierarchical -file utilization_hierarchical.rpt
close_project
puts "farm done: netlist of the kernel"
exit 0
