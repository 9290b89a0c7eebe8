"""From float32 to codes: thresholds, and a multiplication where it gives the same."""
