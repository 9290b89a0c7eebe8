"""Pictures and arrays of the user as the input of a network."""
