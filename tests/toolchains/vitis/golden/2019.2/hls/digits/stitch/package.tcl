# digits: cores and memories as IPs, for Vivado 2019.2
set_param general.maxThreads 4

# A bus interface by its name, or with the _V that HLS of 2019.2 adds twice and some later releases once; a name that
# the packager has not inferred ends the run.
proc farm_bus {core name} {
    foreach wanted [list $name ${name}_V ${name}_V_V] {
        set bus [ipx::get_bus_interfaces -quiet $wanted -of_objects $core]
        if {[llength $bus] == 1} {
            return $bus
        }
    }
    error "dataflow-farm: the packaged netlist has no interface $name"
}

# Every interface belongs to the clock.
proc farm_clock {core buses} {
    foreach name $buses {
        set bus [farm_bus $core $name]
        ipx::associate_bus_interfaces -busif [get_property name $bus] -clock ap_clk $core
    }
}

# The clock's frequency, without which a block design takes 100 MHz and refuses the connection (BD 41-237). The design
# around the IP may set another one.
proc farm_frequency {core hertz} {
    set parameter [ipx::add_bus_parameter -quiet FREQ_HZ [farm_bus $core ap_clk]]
    set_property value $hertz $parameter
    set_property value_resolve_type user $parameter
}

proc farm_save {core} {
    # Packaging would take the revision from the date, which overflows 32 bits from 2022 on.
    set_property core_revision 1 $core
    ipx::create_xgui_files $core
    ipx::update_checksums $core
    if {![ipx::check_integrity -quiet $core]} {
        # Once more, for the reasons.
        ipx::check_integrity $core
        error "dataflow-farm: ipx::check_integrity finds the IP incomplete"
    }
    ipx::save_core $core
    ipx::unload_core $core
}

# A core's netlist as an IP.
proc farm_core {core hertz buses} {
    set ip [ipx::package_checkpoint -dcp_file $core.dcp -root_dir ip/$core \
        -vendor dataflow-farm -library cores -name $core -version 1.0 -taxonomy /UserIP -force]
    farm_clock $ip $buses
    farm_frequency $ip $hertz
    farm_save $ip
}

# A memory and its contents as an IP: exactly these two files.
proc farm_memory {memory hertz part} {
    create_project -force $memory ${memory}_project -part $part
    add_files -norecurse [list $memory.v $memory.mem]
    set_property top $memory [current_fileset]
    update_compile_order -fileset sources_1
    ipx::package_project -root_dir ip/$memory -vendor dataflow-farm -library cores \
        -taxonomy /UserIP -import_files -force
    set ip [ipx::current_core]
    set_property name $memory $ip
    set_property version 1.0 $ip
    farm_clock $ip {out}
    farm_frequency $ip $hertz
    farm_save $ip
    close_project
}

# Between two blocks whose beats differ: convert_8b17f7.
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog -sv {operators/farm_stream.sv}
read_verilog -sv {operators/width_converter/width_converter.sv}
read_verilog -sv {convert_8b17f7.sv}
synth_design -mode out_of_context -top convert_8b17f7 -part xcu250-figd2104-2L-e -flatten_hierarchy rebuilt
rename_ref -prefix_all convert_8b17f7_
write_checkpoint -force convert_8b17f7.dcp
close_project

create_project -force packaging packaging_project -part xcu250-figd2104-2L-e
farm_core dma_ddcb20 250000000 {image weights result m_axi_gmem0 m_axi_gmem1 m_axi_gmem2 s_axi_control}
farm_core stem_8b7069 250000000 {input_r conv0_weights conv0_thresholds output_r}
farm_core residual_89ae1e 250000000 {input_r bypass_thresholds conv1_weights conv1_thresholds conv2a_weights conv2a_thresholds conv2b_weights conv2b_thresholds conv2c_weights conv2c_thresholds output_r}
farm_core residual_8ead75 250000000 {input_r bypass_thresholds conv2a_weights conv2a_thresholds conv2b_weights conv2b_thresholds conv2c_weights conv2c_thresholds output_r}
farm_core residual_c91fe4 250000000 {input_r bypass_thresholds conv1_weights conv1_thresholds conv2a_weights conv2a_thresholds conv2b_weights conv2b_thresholds conv2c_weights conv2c_thresholds output_r}
farm_core residual_6a78fe 250000000 {input_r bypass_thresholds conv2a_weights conv2a_thresholds conv2b_weights conv2b_thresholds conv2c_weights conv2c_thresholds output_r}
farm_core head_daf9a2 250000000 {input_r fc_weights fc_bias output_r}
farm_core convert_8b17f7 250000000 {input_r output_r}
close_project
farm_memory preres_conv0_weights_memory 250000000 xcu250-figd2104-2L-e
farm_memory preres_conv0_thresholds_memory 250000000 xcu250-figd2104-2L-e
farm_memory res2a_bypass_thresholds_memory 250000000 xcu250-figd2104-2L-e
farm_memory res2a_conv1_weights_memory 250000000 xcu250-figd2104-2L-e
farm_memory res2a_conv1_thresholds_memory 250000000 xcu250-figd2104-2L-e
farm_memory res2a_conv2a_weights_memory 250000000 xcu250-figd2104-2L-e
farm_memory res2a_conv2a_thresholds_memory 250000000 xcu250-figd2104-2L-e
farm_memory res2a_conv2b_weights_memory 250000000 xcu250-figd2104-2L-e
farm_memory res2a_conv2b_thresholds_memory 250000000 xcu250-figd2104-2L-e
farm_memory res2a_conv2c_weights_memory 250000000 xcu250-figd2104-2L-e
farm_memory res2a_conv2c_thresholds_memory 250000000 xcu250-figd2104-2L-e
farm_memory res2b_bypass_thresholds_memory 250000000 xcu250-figd2104-2L-e
farm_memory res2b_conv2a_weights_memory 250000000 xcu250-figd2104-2L-e
farm_memory res2b_conv2a_thresholds_memory 250000000 xcu250-figd2104-2L-e
farm_memory res2b_conv2b_weights_memory 250000000 xcu250-figd2104-2L-e
farm_memory res2b_conv2b_thresholds_memory 250000000 xcu250-figd2104-2L-e
farm_memory res2b_conv2c_weights_memory 250000000 xcu250-figd2104-2L-e
farm_memory res2b_conv2c_thresholds_memory 250000000 xcu250-figd2104-2L-e
farm_memory res3a_bypass_thresholds_memory 250000000 xcu250-figd2104-2L-e
farm_memory res3a_conv1_weights_memory 250000000 xcu250-figd2104-2L-e
farm_memory res3a_conv1_thresholds_memory 250000000 xcu250-figd2104-2L-e
farm_memory res3a_conv2a_weights_memory 250000000 xcu250-figd2104-2L-e
farm_memory res3a_conv2a_thresholds_memory 250000000 xcu250-figd2104-2L-e
farm_memory res3a_conv2b_weights_memory 250000000 xcu250-figd2104-2L-e
farm_memory res3a_conv2b_thresholds_memory 250000000 xcu250-figd2104-2L-e
farm_memory res3a_conv2c_weights_memory 250000000 xcu250-figd2104-2L-e
farm_memory res3a_conv2c_thresholds_memory 250000000 xcu250-figd2104-2L-e
farm_memory res3b_bypass_thresholds_memory 250000000 xcu250-figd2104-2L-e
farm_memory res3b_conv2a_weights_memory 250000000 xcu250-figd2104-2L-e
farm_memory res3b_conv2a_thresholds_memory 250000000 xcu250-figd2104-2L-e
farm_memory res3b_conv2b_weights_memory 250000000 xcu250-figd2104-2L-e
farm_memory res3b_conv2b_thresholds_memory 250000000 xcu250-figd2104-2L-e
farm_memory res3b_conv2c_weights_memory 250000000 xcu250-figd2104-2L-e
farm_memory res3b_conv2c_thresholds_memory 250000000 xcu250-figd2104-2L-e
farm_memory postres_fc_bias_memory 250000000 xcu250-figd2104-2L-e

puts "farm done: IPs packaged"
exit 0
