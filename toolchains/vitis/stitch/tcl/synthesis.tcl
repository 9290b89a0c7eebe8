create_project -in_memory -part @part
@{sources}
synth_design -mode out_of_context -top @module -part @part -flatten_hierarchy @flatten
rename_ref -prefix_all @{module}_
write_checkpoint -force @module.dcp
close_project

