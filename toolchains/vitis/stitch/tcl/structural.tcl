# @kernel: netlist from a generated top, for Vivado @release
set_param general.maxThreads @threads
create_project -in_memory -part @part
@{sources}
read_xdc -mode out_of_context @constraints
# The cores are black boxes until their checkpoints are linked.
read_verilog @black_boxes
# Keep the hierarchy: the floorplan finds FIFOs, memories and registers by name.
synth_design -mode out_of_context -top @top -part @part -flatten_hierarchy none
write_checkpoint -force @top.dcp
close_project
# Link by name: each black box gets the checkpoint with the same top module.
create_project -in_memory -part @part
add_files {@checkpoints}
link_design -top @top -part @part -mode out_of_context
write_checkpoint -force @{kernel}_empty.dcp
report_utilization -file @utilization
report_utilization -hierarchical -file @hierarchy
puts "@done"
exit 0
