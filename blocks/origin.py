"""The words for where values are from, as memory images and manifests carry them."""

STAND_IN = "stand-in"
"""The origin of values that nobody trained: drawn from a seed, so a network builds and runs without its own."""
STAND_IN_WEIGHTS = "stand-in fc_weights"
"""The same of the last layer's streamed weights alone."""
UNKNOWN = "unknown"
