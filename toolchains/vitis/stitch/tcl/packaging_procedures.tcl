# Find a bus interface by its name. HLS 2019.2 appends _V_V to it, some later releases _V. Fail if the packager has not
# inferred it.
proc farm_bus {core name} {
    foreach wanted [list $name ${name}_V ${name}_V_V] {
        set bus [ipx::get_bus_interfaces -quiet $wanted -of_objects $core]
        if {[llength $bus] == 1} {
            return $bus
        }
    }
    error "dataflow-farm: the packaged netlist has no interface $name"
}

# Associate every interface with the clock.
proc farm_clock {core buses} {
    foreach name $buses {
        set bus [farm_bus $core $name]
        ipx::associate_bus_interfaces -busif [get_property name $bus] -clock ap_clk $core
    }
}

# State the clock's frequency. Without it, block designs of some releases assume 100 MHz and refuse to connect the clock
# to one with another frequency (BD 41-237). The design around the IP may set another one.
proc farm_frequency {core hertz} {
    set parameter [ipx::add_bus_parameter -quiet FREQ_HZ [farm_bus $core ap_clk]]
    set_property value $hertz $parameter
    set_property value_resolve_type user $parameter
}

proc farm_save {core} {
    # By default the revision comes from the date, which overflows 32 bits from 2022 on.
    set_property core_revision 1 $core
    ipx::create_xgui_files $core
    ipx::update_checksums $core
    if {![ipx::check_integrity -quiet $core]} {
        # Run it again without -quiet, to print the reasons.
        ipx::check_integrity $core
        error "dataflow-farm: ipx::check_integrity finds the IP incomplete"
    }
    ipx::save_core $core
    ipx::unload_core $core
}
