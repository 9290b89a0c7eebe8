# @kernel: contents of the parameter memories, for Vivado @release
set_param general.maxThreads @threads
open_checkpoint @{kernel}_empty.dcp

# Collect all primitives of parameter memories once: a search for each of them would go through the whole design.
set farm_cells [dict create]
set farm_filled 0
foreach cell [get_cells -quiet -hierarchical -filter {NAME =~ *_memory/*}] {
    if {[regexp {(\w+_memory)/(?:\w+/)*(bit\d+|column\d+/memory)$} [get_property NAME $cell] -> memory place]} {
        dict set farm_cells $memory/$place $cell
    }
}

# Parse 64'hF0 or 0xF0.
proc farm_number {text} {
    regsub {^.*('h|0x)} $text {} digits
    return [expr "0x$digits"]
}

proc farm_fill {place values} {
    global farm_cells farm_filled
    if {![dict exists $farm_cells $place]} {
        error "dataflow-farm: the netlist has no memory cell $place"
    }
    set cell [dict get $farm_cells $place]
    set_property -dict $values $cell
    # Read the value back: otherwise a memory that stayed empty would only show on the card.
    foreach {name value} [lrange $values 0 1] {
        if {[farm_number [get_property $name $cell]] != [farm_number $value]} {
            error "dataflow-farm: $name of $cell is [get_property $name $cell] after it was set to $value"
        }
    }
    incr farm_filled
}

source @values
if {$farm_filled != $farm_wanted} {
    error "dataflow-farm: $farm_filled memory cells are filled, not $farm_wanted"
}
# The look-up tables hold their final values now, so tools may optimise them again.
foreach place [dict keys $farm_cells] {
    if {[string match */bit* $place]} {
        reset_property DONT_TOUCH [dict get $farm_cells $place]
    }
}
write_checkpoint -force @kernel.dcp
write_verilog -force -mode funcsim @{kernel}_funcsim.v
write_verilog -force -mode synth_stub @{kernel}_stub.v
puts "@done"
exit 0
