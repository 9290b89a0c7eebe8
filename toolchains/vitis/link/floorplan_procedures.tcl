# Find cells by name at any depth below the compute unit.
proc farm_place {pblock unit names} {
    foreach name $names {
        set cells [get_cells -quiet -hierarchical -filter "NAME =~ $unit/*/$name || NAME == $unit/$name"]
        if {[llength $cells] != 1} {
            error "dataflow-farm: the floorplan finds [llength $cells] cells called $name in $unit, not one"
        }
        add_cells_to_pblock [get_pblocks $pblock] $cells
    }
}

# Place the two sides of a register slice between SLRs. AMD chooses their names inside the slice. If they are not found,
# warn and leave them to the placer.
proc farm_cross {unit name sides} {
    foreach {side pblock} $sides {
        set cells [get_cells -quiet -hierarchical -filter "NAME =~ $unit/*$name/*$side*"]
        if {[llength $cells] == 0} {
            puts "WARNING: floorplan: the register slice $name has no cells called $side"
            continue
        }
        add_cells_to_pblock [get_pblocks $pblock] $cells
    }
}
