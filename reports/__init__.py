"""Reports of FPGA tools: their text becomes frozen values. Files are read, no tool is ever started."""
