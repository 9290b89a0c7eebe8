# digits: netlist from a generated top, for Vivado 2022.2
set_param general.maxThreads 4
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog -sv {operators/farm_stream.sv}
read_verilog -sv {operators/fifo/fifo.sv}
read_verilog -sv {operators/width_converter/width_converter.sv}
read_verilog -sv {parameter_memory/memory.sv}
read_verilog -sv {convert_8b17f7.sv}
read_verilog -sv {farm_memory_w256_d9.sv}
read_verilog -sv {farm_memory_w960_d2.sv}
read_verilog -sv {farm_memory_w72_d4.sv}
read_verilog -sv {farm_memory_w128_d16.sv}
read_verilog -sv {farm_memory_w480_d16.sv}
read_verilog -sv {farm_memory_w64_d16.sv}
read_verilog -sv {farm_memory_w48_d16.sv}
read_verilog -sv {farm_memory_w256_d36.sv}
read_verilog -sv {farm_memory_w33_d32.sv}
read_verilog -sv {farm_memory_w240_d4.sv}
read_verilog -sv {farm_memory_w54_d16.sv}
read_verilog -sv {farm_memory_w256_d32.sv}
read_verilog -sv {farm_memory_w540_d32.sv}
read_verilog -sv {farm_memory_w128_d32.sv}
read_verilog -sv {farm_memory_w54_d32.sv}
read_verilog -sv {farm_memory_w512_d72.sv}
read_verilog -sv {farm_memory_w36_d64.sv}
read_verilog -sv {farm_memory_w240_d8.sv}
read_verilog -sv {farm_memory_w60_d32.sv}
read_verilog -sv {farm_memory_w32_d10.sv}
read_verilog -sv {digits_wrapper.sv}
read_xdc -mode out_of_context ooc.xdc
# The cores are black boxes until their checkpoints are linked.
read_verilog black_boxes.v
# Keep the hierarchy: the floorplan finds FIFOs, memories and registers by name.
synth_design -mode out_of_context -top digits_wrapper -part xcu250-figd2104-2L-e -flatten_hierarchy none
write_checkpoint -force digits_wrapper.dcp
close_project
# Link by name: each black box gets the checkpoint with the same top module.
create_project -in_memory -part xcu250-figd2104-2L-e
add_files {digits_wrapper.dcp dma_ddcb20.dcp stem_8b7069.dcp residual_89ae1e.dcp residual_8ead75.dcp residual_c91fe4.dcp residual_6a78fe.dcp head_daf9a2.dcp}
link_design -top digits_wrapper -part xcu250-figd2104-2L-e -mode out_of_context
write_checkpoint -force digits_empty.dcp
report_utilization -file utilization.rpt
report_utilization -hierarchical -file utilization_hierarchical.rpt
puts "farm done: netlist of the kernel"
exit 0
