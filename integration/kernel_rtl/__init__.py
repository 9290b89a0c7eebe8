"""The kernel in SystemVerilog: what stands between two blocks, and the top that joins all of them."""
