"""The stages done by Vitis HLS, Vivado and v++. Each file has the name of its task."""
