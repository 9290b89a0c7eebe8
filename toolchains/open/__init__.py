"""The open toolchain: g++, Verilator and Yosys, which run on any machine without a licence."""
