create_clock -name ap_clk -period 4.000 [get_ports ap_clk]
