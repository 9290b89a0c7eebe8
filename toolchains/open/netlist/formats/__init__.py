"""How a netlist is written, one module a format."""
