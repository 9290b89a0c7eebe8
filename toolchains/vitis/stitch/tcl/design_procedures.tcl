# Find an IP of AMD's catalog, in the version that this release has.
proc farm_ip {name} {
    set found [lsort -dictionary [get_ipdefs "$name:*"]]
    if {[llength $found] == 0} {
        error "dataflow-farm: the catalog has no IP $name"
    }
    return [lindex $found end]
}

# Find the interface of a core's stream. HLS 2019.2 appends _V_V to its name, some later releases _V.
proc farm_stream {cell port bytes} {
    set found {}
    foreach name [list $port ${port}_V ${port}_V_V] {
        set pin [get_bd_intf_pins -quiet $cell/$name]
        if {[llength $pin] == 1} {
            lappend found $pin
        }
    }
    if {[llength $found] != 1} {
        error "dataflow-farm: $cell has [llength $found] interfaces for its stream $port, not one"
    }
    set width [get_property CONFIG.TDATA_NUM_BYTES $found]
    if {$width != $bytes} {
        error "dataflow-farm: $cell/$port has $width bytes a beat, the design has $bytes"
    }
    return [lindex $found 0]
}

# Create a cell and connect the clock and the reset of its SLR.
proc farm_cell {cell ip slr {clock ap_clk} {reset ap_rst_n}} {
    create_bd_cell -type ip -vlnv $ip $cell
    connect_bd_net [get_bd_ports ap_clk] [get_bd_pins $cell/$clock]
    connect_bd_net [get_bd_pins reset_$slr/Q] [get_bd_pins $cell/$reset]
}

# Validation propagates parameters. Check that it has not changed one that we set.
proc farm_expect {cell values} {
    foreach {name value} $values {
        set found [get_property CONFIG.$name [get_bd_cells $cell]]
        if {$found != $value} {
            error "dataflow-farm: $cell has $name $found after validation, the design has $value"
        }
    }
}

proc farm_external {pin name} {
    make_bd_intf_pins_external [get_bd_intf_pins $pin]
    set_property name $name [get_bd_intf_ports ${name}_0]
}
