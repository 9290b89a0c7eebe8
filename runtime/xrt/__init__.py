"""AMD's own XRT, where it is installed, as a second reader of an xclbin."""
