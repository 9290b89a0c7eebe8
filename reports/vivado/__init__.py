"""Reports of Vivado."""
