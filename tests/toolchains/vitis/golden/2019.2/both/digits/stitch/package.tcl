# digits: cores and memories as IPs, for Vivado @RELEASE@
set_param general.maxThreads 4

# Find a bus interface by its name. HLS @RELEASE@ appends _V_V to it, some later releases _V. Fail if the packager has not
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

# Package a core's netlist as an IP.
proc farm_core {core hertz buses streams} {
    set ip [ipx::package_checkpoint -dcp_file $core.dcp -root_dir ip/$core \
        -vendor dataflow-farm -library cores -name $core -version 1.0 -taxonomy /UserIP -force]
    farm_clock $ip $buses
    farm_frequency $ip $hertz
    # State the width, so a block design need not derive it from the netlist's ports.
    foreach {name bytes} $streams {
        set parameter [ipx::add_bus_parameter -quiet TDATA_NUM_BYTES [farm_bus $ip $name]]
        set_property value $bytes $parameter
    }
    farm_save $ip
}

# A converter between blocks with different beats: convert_8b17f7.
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog -sv {operators/farm_stream.sv}
read_verilog -sv {operators/width_converter/width_converter.sv}
read_verilog -sv {convert_8b17f7.sv}
synth_design -mode out_of_context -top convert_8b17f7 -part xcu250-figd2104-2L-e -flatten_hierarchy rebuilt
rename_ref -prefix_all convert_8b17f7_
write_checkpoint -force convert_8b17f7.dcp
close_project

# A parameter memory of 9 beats of 256 bits; its primitives keep their names.
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog -sv {parameter_memory/memory.sv}
read_verilog -sv {farm_memory_w256_d9.sv}
synth_design -mode out_of_context -top farm_memory_w256_d9 -part xcu250-figd2104-2L-e -flatten_hierarchy none
rename_ref -prefix_all farm_memory_w256_d9_
write_checkpoint -force farm_memory_w256_d9.dcp
close_project

# A parameter memory of 2 beats of 960 bits; its primitives keep their names.
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog -sv {parameter_memory/memory.sv}
read_verilog -sv {farm_memory_w960_d2.sv}
synth_design -mode out_of_context -top farm_memory_w960_d2 -part xcu250-figd2104-2L-e -flatten_hierarchy none
rename_ref -prefix_all farm_memory_w960_d2_
write_checkpoint -force farm_memory_w960_d2.dcp
close_project

# A parameter memory of 4 beats of 72 bits; its primitives keep their names.
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog -sv {parameter_memory/memory.sv}
read_verilog -sv {farm_memory_w72_d4.sv}
synth_design -mode out_of_context -top farm_memory_w72_d4 -part xcu250-figd2104-2L-e -flatten_hierarchy none
rename_ref -prefix_all farm_memory_w72_d4_
write_checkpoint -force farm_memory_w72_d4.dcp
close_project

# A parameter memory of 16 beats of 128 bits; its primitives keep their names.
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog -sv {parameter_memory/memory.sv}
read_verilog -sv {farm_memory_w128_d16.sv}
synth_design -mode out_of_context -top farm_memory_w128_d16 -part xcu250-figd2104-2L-e -flatten_hierarchy none
rename_ref -prefix_all farm_memory_w128_d16_
write_checkpoint -force farm_memory_w128_d16.dcp
close_project

# A parameter memory of 16 beats of 480 bits; its primitives keep their names.
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog -sv {parameter_memory/memory.sv}
read_verilog -sv {farm_memory_w480_d16.sv}
synth_design -mode out_of_context -top farm_memory_w480_d16 -part xcu250-figd2104-2L-e -flatten_hierarchy none
rename_ref -prefix_all farm_memory_w480_d16_
write_checkpoint -force farm_memory_w480_d16.dcp
close_project

# A parameter memory of 16 beats of 64 bits; its primitives keep their names.
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog -sv {parameter_memory/memory.sv}
read_verilog -sv {farm_memory_w64_d16.sv}
synth_design -mode out_of_context -top farm_memory_w64_d16 -part xcu250-figd2104-2L-e -flatten_hierarchy none
rename_ref -prefix_all farm_memory_w64_d16_
write_checkpoint -force farm_memory_w64_d16.dcp
close_project

# A parameter memory of 16 beats of 48 bits; its primitives keep their names.
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog -sv {parameter_memory/memory.sv}
read_verilog -sv {farm_memory_w48_d16.sv}
synth_design -mode out_of_context -top farm_memory_w48_d16 -part xcu250-figd2104-2L-e -flatten_hierarchy none
rename_ref -prefix_all farm_memory_w48_d16_
write_checkpoint -force farm_memory_w48_d16.dcp
close_project

# A parameter memory of 36 beats of 256 bits; its primitives keep their names.
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog -sv {parameter_memory/memory.sv}
read_verilog -sv {farm_memory_w256_d36.sv}
synth_design -mode out_of_context -top farm_memory_w256_d36 -part xcu250-figd2104-2L-e -flatten_hierarchy none
rename_ref -prefix_all farm_memory_w256_d36_
write_checkpoint -force farm_memory_w256_d36.dcp
close_project

# A parameter memory of 32 beats of 33 bits; its primitives keep their names.
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog -sv {parameter_memory/memory.sv}
read_verilog -sv {farm_memory_w33_d32.sv}
synth_design -mode out_of_context -top farm_memory_w33_d32 -part xcu250-figd2104-2L-e -flatten_hierarchy none
rename_ref -prefix_all farm_memory_w33_d32_
write_checkpoint -force farm_memory_w33_d32.dcp
close_project

# A parameter memory of 4 beats of 240 bits; its primitives keep their names.
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog -sv {parameter_memory/memory.sv}
read_verilog -sv {farm_memory_w240_d4.sv}
synth_design -mode out_of_context -top farm_memory_w240_d4 -part xcu250-figd2104-2L-e -flatten_hierarchy none
rename_ref -prefix_all farm_memory_w240_d4_
write_checkpoint -force farm_memory_w240_d4.dcp
close_project

# A parameter memory of 16 beats of 54 bits; its primitives keep their names.
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog -sv {parameter_memory/memory.sv}
read_verilog -sv {farm_memory_w54_d16.sv}
synth_design -mode out_of_context -top farm_memory_w54_d16 -part xcu250-figd2104-2L-e -flatten_hierarchy none
rename_ref -prefix_all farm_memory_w54_d16_
write_checkpoint -force farm_memory_w54_d16.dcp
close_project

# A parameter memory of 32 beats of 256 bits; its primitives keep their names.
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog -sv {parameter_memory/memory.sv}
read_verilog -sv {farm_memory_w256_d32.sv}
synth_design -mode out_of_context -top farm_memory_w256_d32 -part xcu250-figd2104-2L-e -flatten_hierarchy none
rename_ref -prefix_all farm_memory_w256_d32_
write_checkpoint -force farm_memory_w256_d32.dcp
close_project

# A parameter memory of 32 beats of 540 bits; its primitives keep their names.
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog -sv {parameter_memory/memory.sv}
read_verilog -sv {farm_memory_w540_d32.sv}
synth_design -mode out_of_context -top farm_memory_w540_d32 -part xcu250-figd2104-2L-e -flatten_hierarchy none
rename_ref -prefix_all farm_memory_w540_d32_
write_checkpoint -force farm_memory_w540_d32.dcp
close_project

# A parameter memory of 32 beats of 128 bits; its primitives keep their names.
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog -sv {parameter_memory/memory.sv}
read_verilog -sv {farm_memory_w128_d32.sv}
synth_design -mode out_of_context -top farm_memory_w128_d32 -part xcu250-figd2104-2L-e -flatten_hierarchy none
rename_ref -prefix_all farm_memory_w128_d32_
write_checkpoint -force farm_memory_w128_d32.dcp
close_project

# A parameter memory of 32 beats of 54 bits; its primitives keep their names.
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog -sv {parameter_memory/memory.sv}
read_verilog -sv {farm_memory_w54_d32.sv}
synth_design -mode out_of_context -top farm_memory_w54_d32 -part xcu250-figd2104-2L-e -flatten_hierarchy none
rename_ref -prefix_all farm_memory_w54_d32_
write_checkpoint -force farm_memory_w54_d32.dcp
close_project

# A parameter memory of 72 beats of 512 bits; its primitives keep their names.
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog -sv {parameter_memory/memory.sv}
read_verilog -sv {farm_memory_w512_d72.sv}
synth_design -mode out_of_context -top farm_memory_w512_d72 -part xcu250-figd2104-2L-e -flatten_hierarchy none
rename_ref -prefix_all farm_memory_w512_d72_
write_checkpoint -force farm_memory_w512_d72.dcp
close_project

# A parameter memory of 64 beats of 36 bits; its primitives keep their names.
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog -sv {parameter_memory/memory.sv}
read_verilog -sv {farm_memory_w36_d64.sv}
synth_design -mode out_of_context -top farm_memory_w36_d64 -part xcu250-figd2104-2L-e -flatten_hierarchy none
rename_ref -prefix_all farm_memory_w36_d64_
write_checkpoint -force farm_memory_w36_d64.dcp
close_project

# A parameter memory of 8 beats of 240 bits; its primitives keep their names.
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog -sv {parameter_memory/memory.sv}
read_verilog -sv {farm_memory_w240_d8.sv}
synth_design -mode out_of_context -top farm_memory_w240_d8 -part xcu250-figd2104-2L-e -flatten_hierarchy none
rename_ref -prefix_all farm_memory_w240_d8_
write_checkpoint -force farm_memory_w240_d8.dcp
close_project

# A parameter memory of 32 beats of 60 bits; its primitives keep their names.
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog -sv {parameter_memory/memory.sv}
read_verilog -sv {farm_memory_w60_d32.sv}
synth_design -mode out_of_context -top farm_memory_w60_d32 -part xcu250-figd2104-2L-e -flatten_hierarchy none
rename_ref -prefix_all farm_memory_w60_d32_
write_checkpoint -force farm_memory_w60_d32.dcp
close_project

# A parameter memory of 10 beats of 32 bits; its primitives keep their names.
create_project -in_memory -part xcu250-figd2104-2L-e
read_verilog -sv {parameter_memory/memory.sv}
read_verilog -sv {farm_memory_w32_d10.sv}
synth_design -mode out_of_context -top farm_memory_w32_d10 -part xcu250-figd2104-2L-e -flatten_hierarchy none
rename_ref -prefix_all farm_memory_w32_d10_
write_checkpoint -force farm_memory_w32_d10.dcp
close_project

create_project -force packaging packaging_project -part xcu250-figd2104-2L-e
farm_core dma_ddcb20 250000000 {image weights result m_axi_gmem0 m_axi_gmem1 m_axi_gmem2 s_axi_control} {image 1 weights 16 result 4}
farm_core stem_8b7069 250000000 {input_r conv0_weights conv0_thresholds output_r} {input_r 1 conv0_weights 32 conv0_thresholds 120 output_r 8}
farm_core residual_89ae1e 250000000 {input_r bypass_thresholds conv1_weights conv1_thresholds conv2a_weights conv2a_thresholds conv2b_weights conv2b_thresholds conv2c_weights conv2c_thresholds output_r} {input_r 2 bypass_thresholds 9 conv1_weights 16 conv1_thresholds 60 conv2a_weights 8 conv2a_thresholds 6 conv2b_weights 32 conv2b_thresholds 5 conv2c_weights 16 conv2c_thresholds 60 output_r 8}
farm_core residual_8ead75 250000000 {input_r bypass_thresholds conv2a_weights conv2a_thresholds conv2b_weights conv2b_thresholds conv2c_weights conv2c_thresholds output_r} {input_r 8 bypass_thresholds 30 conv2a_weights 16 conv2a_thresholds 7 conv2b_weights 32 conv2b_thresholds 5 conv2c_weights 16 conv2c_thresholds 60 output_r 8}
farm_core residual_c91fe4 250000000 {input_r bypass_thresholds conv1_weights conv1_thresholds conv2a_weights conv2a_thresholds conv2b_weights conv2b_thresholds conv2c_weights conv2c_thresholds output_r} {input_r 8 bypass_thresholds 30 conv1_weights 32 conv1_thresholds 68 conv2a_weights 16 conv2a_thresholds 7 conv2b_weights 64 conv2b_thresholds 5 conv2c_weights 32 conv2c_thresholds 68 output_r 8}
farm_core residual_6a78fe 250000000 {input_r bypass_thresholds conv2a_weights conv2a_thresholds conv2b_weights conv2b_thresholds conv2c_weights conv2c_thresholds output_r} {input_r 8 bypass_thresholds 30 conv2a_weights 32 conv2a_thresholds 8 conv2b_weights 64 conv2b_thresholds 5 conv2c_weights 32 conv2c_thresholds 68 output_r 8}
farm_core head_daf9a2 250000000 {input_r fc_weights fc_bias output_r} {input_r 8 fc_weights 16 fc_bias 4 output_r 4}
farm_core convert_8b17f7 250000000 {input_r output_r} {input_r 8 output_r 2}
farm_core farm_memory_w256_d9 250000000 {out} {out 32}
farm_core farm_memory_w960_d2 250000000 {out} {out 120}
farm_core farm_memory_w72_d4 250000000 {out} {out 9}
farm_core farm_memory_w128_d16 250000000 {out} {out 16}
farm_core farm_memory_w480_d16 250000000 {out} {out 60}
farm_core farm_memory_w64_d16 250000000 {out} {out 8}
farm_core farm_memory_w48_d16 250000000 {out} {out 6}
farm_core farm_memory_w256_d36 250000000 {out} {out 32}
farm_core farm_memory_w33_d32 250000000 {out} {out 5}
farm_core farm_memory_w240_d4 250000000 {out} {out 30}
farm_core farm_memory_w54_d16 250000000 {out} {out 7}
farm_core farm_memory_w256_d32 250000000 {out} {out 32}
farm_core farm_memory_w540_d32 250000000 {out} {out 68}
farm_core farm_memory_w128_d32 250000000 {out} {out 16}
farm_core farm_memory_w54_d32 250000000 {out} {out 7}
farm_core farm_memory_w512_d72 250000000 {out} {out 64}
farm_core farm_memory_w36_d64 250000000 {out} {out 5}
farm_core farm_memory_w240_d8 250000000 {out} {out 30}
farm_core farm_memory_w60_d32 250000000 {out} {out 8}
farm_core farm_memory_w32_d10 250000000 {out} {out 4}
close_project

puts "farm done: IPs packaged"
exit 0
