"""RTL of single cores, compiled by Verilator and compared with the integer model."""
