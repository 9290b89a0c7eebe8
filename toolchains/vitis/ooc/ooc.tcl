# @core: synthesis out of context, for Vivado @release
set_param general.maxThreads @threads
create_project -in_memory -part @part
# If a file with memory contents is missing, fail. By default Vivado warns and uses zeros.
set_msg_config -id {Synth 8-4445} -new_severity ERROR
set_msg_config -id {Synth 8-2898} -new_severity ERROR
@{sources}
read_xdc -mode out_of_context @constraints
synth_design -mode out_of_context -top @core -part @part -flatten_hierarchy rebuilt
rename_ref -prefix_all @{core}_
write_checkpoint -force @core.dcp
write_verilog -force -mode synth_stub @{core}_stub.v
@{reports}
@{route}
puts "@done"
exit 0
