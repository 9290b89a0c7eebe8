"""RTL synthesised by Yosys: netlist, area, logic delay, filled memories."""
