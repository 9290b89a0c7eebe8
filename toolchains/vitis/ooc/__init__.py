"""Vivado out of context: scripts and the program of the step."""
