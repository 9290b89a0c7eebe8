"""The stages that Vitis HLS, Vivado and v++ do, one file each, named like its task."""
