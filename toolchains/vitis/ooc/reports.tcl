report_utilization -file @utilization
report_utilization -hierarchical -file @hierarchy
report_timing_summary -delay_type min_max -max_paths 10 -report_unconstrained -file @timing
