"""Synthesis of RTL with Yosys: netlist, area, logic delay, filled memories."""
