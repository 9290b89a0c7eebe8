# Package a core's netlist as an IP.
proc farm_core {core hertz buses streams} {
    set ip [ipx::package_checkpoint -dcp_file $core.dcp -root_dir @folder/$core \
        -vendor @vendor -library @library -name $core -version @version -taxonomy /UserIP -force]
    farm_clock $ip $buses
    farm_frequency $ip $hertz
    # State the width, so a block design need not derive it from the netlist's ports.
    foreach {name bytes} $streams {
        set parameter [ipx::add_bus_parameter -quiet TDATA_NUM_BYTES [farm_bus $ip $name]]
        set_property value $bytes $parameter
    }
    farm_save $ip
}
