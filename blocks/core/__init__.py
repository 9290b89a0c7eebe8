"""A core: its graph of operators, its ports, its model, and its C++ and SystemVerilog views."""
