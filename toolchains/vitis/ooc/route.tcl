# For its timing only: the checkpoint above is the unplaced one, which the link is free to place.
# The clock comes from a global buffer outside: without its place, skew within the core is not estimated.
set sites [lsort -dictionary [get_sites -quiet -filter {SITE_TYPE == @site}]]
if {[llength $sites] == 0} {
    error "dataflow-farm: the device names no @site site for the clock to come from"
}
set_property HD.CLK_SRC [lindex $sites [expr {[llength $sites] / 2}]] [get_ports ap_clk]
opt_design
place_design
phys_opt_design
route_design
@{reports}
