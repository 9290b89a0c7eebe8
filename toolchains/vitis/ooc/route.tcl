# Place and route for timing only. The checkpoint above is unplaced, so the link may place it freely.
# The clock comes from a global buffer outside. Without its location, skew inside the core is not estimated.
set sites [lsort -dictionary [get_sites -quiet -filter {SITE_TYPE == @site}]]
if {[llength $sites] == 0} {
    error "dataflow-farm: the device has no @site site that could drive the clock"
}
set_property HD.CLK_SRC [lindex $sites [expr {[llength $sites] / 2}]] [get_ports ap_clk]
opt_design
place_design
phys_opt_design
route_design
@{reports}
