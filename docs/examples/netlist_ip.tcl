# The accelerator `digits` in a block design of its own: the netlist IP, its clock and reset, its interfaces outside.
# Change part and clock to those of the build. In place of the external masters stands your memory, in place of the
# external slave your processor: connect them with connect_bd_intf_net instead of make_bd_intf_pins_external.
set part xcu250-figd2104-2L-e
set hertz 250000000
set masters {m_axi_gmem0 m_axi_gmem1 m_axi_gmem2}

create_project -force example example_project -part $part
set_property ip_repo_paths [file normalize kernel_ip] [current_project]
update_ip_catalog -rebuild
create_bd_design example

create_bd_port -dir I -type clk -freq_hz $hertz clk
create_bd_port -dir I -type rst resetn
set_property CONFIG.POLARITY ACTIVE_LOW [get_bd_ports resetn]

create_bd_cell -type ip -vlnv xilinx.com:hls:digits:1.0 accelerator
connect_bd_net [get_bd_ports clk] [get_bd_pins accelerator/ap_clk]
connect_bd_net [get_bd_ports resetn] [get_bd_pins accelerator/ap_rst_n]

foreach interface [concat $masters s_axi_control] {
    make_bd_intf_pins_external [get_bd_intf_pins accelerator/$interface]
    set_property name $interface [get_bd_intf_ports ${interface}_0]
    set_property CONFIG.FREQ_HZ $hertz [get_bd_intf_ports $interface]
}
make_bd_pins_external [get_bd_pins accelerator/interrupt]
set_property CONFIG.ASSOCIATED_BUSIF [join [concat $masters s_axi_control] :] [get_bd_ports clk]
set_property CONFIG.ASSOCIATED_RESET resetn [get_bd_ports clk]

assign_bd_address
validate_bd_design
save_bd_design
generate_target all [get_files example.bd]
make_wrapper -files [get_files example.bd] -top -import -fileset sources_1
puts "example: block design validated"
