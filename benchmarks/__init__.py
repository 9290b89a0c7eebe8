"""Measures the farm and its accelerators and prints the figures."""
