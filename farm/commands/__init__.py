"""What the user types and sees: the commands that doit gets from the farm, and the words for what the engine tells."""
