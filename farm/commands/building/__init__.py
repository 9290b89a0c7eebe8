"""What a build needs besides the command: the stores, and the engine that runs what is not current."""
