"""Vitis HLS: scripts, test bench, and the programs of its steps."""
