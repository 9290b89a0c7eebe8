# dma_ddcb20: synthesis out of context, for Vivado @RELEASE@
set_param general.maxThreads 4
create_project -in_memory -part xcu250-figd2104-2L-e
# If a file with memory contents is missing, fail. By default Vivado warns and uses zeros.
set_msg_config -id {Synth 8-4445} -new_severity ERROR
set_msg_config -id {Synth 8-2898} -new_severity ERROR
read_verilog -sv {operators/farm_stream.sv}
read_verilog -sv {operators/fifo/fifo.sv}
read_verilog -sv {dma/bursts.sv}
read_verilog -sv {dma/control.sv}
read_verilog -sv {dma/gearbox.sv}
read_verilog -sv {dma/read.sv}
read_verilog -sv {dma/replay.sv}
read_verilog -sv {dma/write.sv}
read_verilog -sv {dma_ddcb20.sv}
read_xdc -mode out_of_context ooc.xdc
synth_design -mode out_of_context -top dma_ddcb20 -part xcu250-figd2104-2L-e -flatten_hierarchy rebuilt
rename_ref -prefix_all dma_ddcb20_
write_checkpoint -force dma_ddcb20.dcp
write_verilog -force -mode synth_stub dma_ddcb20_stub.v
report_utilization -file utilization.rpt
report_utilization -hierarchical -file utilization_hierarchical.rpt
report_timing_summary -delay_type min_max -max_paths 10 -report_unconstrained -file timing_summary.rpt
puts "farm done: out-of-context synthesis"
exit 0
