"""AMD's programs on this machine: find them, list what is missing, run them."""
