"""What the farm and its accelerators achieve, measured and printed."""
