"""Parse reports of FPGA tools into frozen values. This package reads files and never starts a tool."""
