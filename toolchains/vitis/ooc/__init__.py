"""Out-of-context synthesis with Vivado: scripts and the program of the step."""
