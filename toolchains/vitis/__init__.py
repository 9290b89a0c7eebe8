"""Vitis HLS, Vivado and v++: what they are told, how they are started, and what they have said."""
