# digits: the kernel as a netlist IP, for Vivado @RELEASE@
set_param general.maxThreads 4

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

create_project -force packaging kernel_packaging_project -part xcu250-figd2104-2L-e
set core [ipx::package_checkpoint -dcp_file digits.dcp -root_dir kernel_ip -vendor xilinx.com -library hls -name digits -version 1.0 -taxonomy /KernelIP -force]
farm_clock $core {m_axi_gmem0 m_axi_gmem1 m_axi_gmem2 s_axi_control}
# The shell sets the clock. A frequency here would have to equal the shell's (BD 41-237, Vivado 12-7038).
ipx::remove_bus_parameter -quiet FREQ_HZ [farm_bus $core ap_clk]
foreach master {m_axi_gmem0 m_axi_gmem1 m_axi_gmem2} {
    set_property value AXI4 [ipx::add_bus_parameter -quiet PROTOCOL [farm_bus $core $master]]
    set_property value 64 [ipx::add_bus_parameter -quiet MAX_BURST_LENGTH [farm_bus $core $master]]
    set_property value 32 [ipx::add_bus_parameter -quiet NUM_READ_OUTSTANDING [farm_bus $core $master]]
    set_property value 32 [ipx::add_bus_parameter -quiet NUM_WRITE_OUTSTANDING [farm_bus $core $master]]
}
set_property sdx_kernel true $core
set_property sdx_kernel_type rtl $core
set_property supported_families { } $core
set_property auto_family_support_level level_2 $core
set_property xpm_libraries {XPM_CDC XPM_MEMORY XPM_FIFO} $core
set_property vitis_drc {ctrl_protocol ap_ctrl_hs} $core
set_property ipi_drc {ignore_freq_hz true} $core

# The registers, as in kernel.xml.
set map [ipx::add_memory_map -quiet s_axi_control $core]
set_property slave_memory_map_ref s_axi_control [farm_bus $core s_axi_control]
set block [ipx::add_address_block -quiet reg0 $map]
set_property range 4096 $block
set register [ipx::add_register -quiet CTRL $block]
set_property address_offset 0x000 $register
set_property size 32 $register
set register [ipx::add_register -quiet GIER $block]
set_property address_offset 0x004 $register
set_property size 32 $register
set register [ipx::add_register -quiet IP_IER $block]
set_property address_offset 0x008 $register
set_property size 32 $register
set register [ipx::add_register -quiet IP_ISR $block]
set_property address_offset 0x00c $register
set_property size 32 $register
set register [ipx::add_register -quiet in_r $block]
set_property address_offset 0x010 $register
set_property size 64 $register
set parameter [ipx::add_register_parameter -quiet ASSOCIATED_BUSIF $register]
set_property value m_axi_gmem0 $parameter
set register [ipx::add_register -quiet out_r $block]
set_property address_offset 0x01c $register
set_property size 64 $register
set parameter [ipx::add_register_parameter -quiet ASSOCIATED_BUSIF $register]
set_property value m_axi_gmem1 $parameter
set register [ipx::add_register -quiet weightsmem $block]
set_property address_offset 0x028 $register
set_property size 64 $register
set parameter [ipx::add_register_parameter -quiet ASSOCIATED_BUSIF $register]
set_property value m_axi_gmem2 $parameter
set register [ipx::add_register -quiet numReps $block]
set_property address_offset 0x034 $register
set_property size 32 $register

# The netlist that hw_emu simulates.
file copy -force digits_funcsim.v kernel_ip/digits_funcsim.v
set group [ipx::add_file_group -type simulation xilinx_verilogbehavioralsimulation $core]
ipx::add_file digits_funcsim.v $group
set_property model_name digits_wrapper $group

if {![ipx::check_integrity -quiet -kernel $core]} {
    ipx::check_integrity -kernel $core
    error "dataflow-farm: ipx::check_integrity -kernel finds no kernel in the IP"
}
farm_save $core
file delete -force digits.xo
package_xo -kernel_name digits -xo_path digits.xo -ip_directory kernel_ip -kernel_xml kernel.xml -force
puts "farm done: kernel packaged"
exit 0
