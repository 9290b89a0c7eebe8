# residual_8ead75: C simulation, and synthesis for its latencies, for vitis-run @RELEASE@
open_project -reset project
set_top residual_8ead75
add_files residual_8ead75_top.cpp -cflags "-I. -std=c++14"
add_files -tb {bench.cpp input_r.txt bypass_thresholds.txt conv2a_weights.txt conv2a_thresholds.txt conv2b_weights.txt conv2b_thresholds.txt conv2c_weights.txt conv2c_thresholds.txt output_r.txt} -cflags "-I. -std=c++14"
open_solution -reset -flow_target vivado solution
set_part {xcu250-figd2104-2L-e}
create_clock -period 4.000 -name default
# Pointers have 64 bits, as in the register map of kernel.xml.
config_interface -m_axi_addr64
# All cores end up in one netlist, where module names must be unique, so they begin with the top's name.
config_rtl -module_auto_prefix
config_export -format ip_catalog -vendor xilinx.com -library hls -ipname residual_8ead75 -version 1.0
csim_design
csynth_design
puts "farm done: HLS"
exit 0
