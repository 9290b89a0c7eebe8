# residual_89ae1e: synthesis and packaging, for vivado_hls @RELEASE@
open_project -reset project
set_top residual_89ae1e
add_files residual_89ae1e_top.cpp -cflags "-I. -std=c++0x"
add_files -tb {bench.cpp input_r.txt bypass_thresholds.txt conv1_weights.txt conv1_thresholds.txt conv2a_weights.txt conv2a_thresholds.txt conv2b_weights.txt conv2b_thresholds.txt conv2c_weights.txt conv2c_thresholds.txt output_r.txt} -cflags "-I. -std=c++0x"
open_solution -reset solution
set_part {xcu250-figd2104-2L-e}
create_clock -period 4.000 -name default
# Pointers have 64 bits, as in the register map of kernel.xml.
config_interface -m_axi_addr64
config_export -format ip_catalog -vendor xilinx.com -library hls -ipname residual_89ae1e -version 1.0
csynth_design
export_design -rtl verilog -format ip_catalog
puts "farm done: HLS"
exit 0
