"""v++ links the kernel: configuration, floorplan, and what the link left."""
