# residual_6a78fe: synthesis out of context, for Vivado @RELEASE@
set_param general.maxThreads 4
create_project -in_memory -part xcu250-figd2104-2L-e
# If a file with memory contents is missing, fail. By default Vivado warns and uses zeros.
set_msg_config -id {Synth 8-4445} -new_severity ERROR
set_msg_config -id {Synth 8-2898} -new_severity ERROR
read_verilog -sv {operators/farm_stream.sv}
read_verilog -sv {operators/add/add.sv}
read_verilog -sv {operators/duplicate/duplicate.sv}
read_verilog -sv {operators/fifo/fifo.sv}
read_verilog -sv {operators/mvau/counters.sv}
read_verilog -sv {operators/mvau/mvau.sv}
read_verilog -sv {operators/mvau/mvau_binary.sv}
read_verilog -sv {operators/mvau/mvau_bits.sv}
read_verilog -sv {operators/mvau/mvau_integer.sv}
read_verilog -sv {operators/mvau/sum.sv}
read_verilog -sv {operators/pad/pad.sv}
read_verilog -sv {operators/sliding_window/sliding_window.sv}
read_verilog -sv {operators/sliding_window/window_rows.sv}
read_verilog -sv {operators/threshold/threshold.sv}
read_verilog -sv {operators/width_converter/width_converter.sv}
read_verilog -sv {residual_6a78fe.sv}
read_xdc -mode out_of_context ooc.xdc
synth_design -mode out_of_context -top residual_6a78fe -part xcu250-figd2104-2L-e -flatten_hierarchy rebuilt
rename_ref -prefix_all residual_6a78fe_
write_checkpoint -force residual_6a78fe.dcp
write_verilog -force -mode synth_stub residual_6a78fe_stub.v
report_utilization -file utilization.rpt
report_utilization -hierarchical -file utilization_hierarchical.rpt
report_timing_summary -delay_type min_max -max_paths 10 -report_unconstrained -file timing_summary.rpt
puts "farm done: out-of-context synthesis"
exit 0
