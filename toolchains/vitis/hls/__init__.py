"""Vitis HLS: its scripts, the test bench, and the programs of its steps."""
