"""The commands that the farm adds to doit, or puts in place of doit's own."""
