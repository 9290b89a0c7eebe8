# @kernel: the kernel as a netlist IP, for Vivado @release
set_param general.maxThreads @threads

@{procedures}

create_project -force packaging kernel_packaging_project -part @part
set core [ipx::package_checkpoint -dcp_file @kernel.dcp -root_dir @folder -vendor @vendor -library @library -name @kernel -version @version -taxonomy /KernelIP -force]
farm_clock $core {@buses}
# The shell sets the clock. A frequency here would have to equal the shell's (BD 41-237, Vivado 12-7038).
ipx::remove_bus_parameter -quiet FREQ_HZ [farm_bus $core ap_clk]
foreach master {@masters} {
@{master_parameters}
}
set_property sdx_kernel true $core
set_property sdx_kernel_type rtl $core
set_property supported_families { } $core
set_property auto_family_support_level level_2 $core
set_property xpm_libraries {XPM_CDC XPM_MEMORY XPM_FIFO} $core
@{checks}

# The registers, as in kernel.xml.
set map [ipx::add_memory_map -quiet @control $core]
set_property slave_memory_map_ref @control [farm_bus $core @control]
set block [ipx::add_address_block -quiet reg0 $map]
set_property range @range $block
@{registers}

# The netlist that hw_emu simulates.
file copy -force @simulation_netlist @folder/@simulation_netlist
set group [ipx::add_file_group -type simulation @simulation_group $core]
ipx::add_file @simulation_netlist $group
set_property model_name @top $group

if {![ipx::check_integrity -quiet -kernel $core]} {
    ipx::check_integrity -kernel $core
    error "dataflow-farm: ipx::check_integrity -kernel finds no kernel in the IP"
}
farm_save $core
file delete -force @kernel.xo
package_xo -kernel_name @kernel -xo_path @kernel.xo -ip_directory @folder -kernel_xml kernel.xml -force
puts "@done"
exit 0
