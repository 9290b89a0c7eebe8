"""Reports and hand-off files of v++ and xclbinutil."""
