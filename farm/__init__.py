"""The engine: steps, their keys, their records, and the loop that runs them. It knows no FPGA."""
