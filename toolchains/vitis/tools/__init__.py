"""AMD's programs on this machine: where they are, what is missing, how one is run."""
