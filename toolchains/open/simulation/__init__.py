"""Simulation of single cores: RTL compiled by Verilator and compared with the integer model."""
