"""Reports of Yosys, nextpnr, OpenSTA and FINN."""
