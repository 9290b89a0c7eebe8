"""Reports of Vivado HLS and Vitis HLS."""
