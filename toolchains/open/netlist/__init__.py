"""The kernel as one netlist: what `ooc` left of each core, filled memories, and what stands between the blocks."""
