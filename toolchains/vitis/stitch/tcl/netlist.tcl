# Synthesise only the logic between the cores; the cores are netlists already.
set_property SYNTH_CHECKPOINT_MODE Hierarchical [get_files @kernel.bd]
generate_target all [get_files @kernel.bd]
make_wrapper -files [get_files @kernel.bd] -top -import -fileset sources_1
set_property top @top [current_fileset]
update_compile_order -fileset sources_1
set_property -name {STEPS.SYNTH_DESIGN.ARGS.MORE OPTIONS} -value {-mode out_of_context} -objects [get_runs synth_1]
launch_runs synth_1 -jobs @jobs
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
write_checkpoint -force @{kernel}_empty.dcp
report_utilization -file @utilization
report_utilization -hierarchical -file @hierarchy
close_project
puts "@done"
exit 0
