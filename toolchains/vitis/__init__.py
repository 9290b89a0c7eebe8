"""The vitis toolchain: Vitis HLS, Vivado and v++. It renders what they are told, starts them and reads what they say."""
