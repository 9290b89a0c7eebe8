"""The vitis toolchain: scripts for Vitis HLS, Vivado and v++, how they are started, and how their output is judged."""
