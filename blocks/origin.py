"""The words for the origin of a block's values in memory images and manifests."""

STAND_IN = "stand-in"
"""Untrained values, drawn from a seed, with which a network builds and runs before it has parameters."""
STAND_IN_WEIGHTS = "stand-in fc_weights"
"""Only the streamed weights of the last layer are stand-ins."""
UNKNOWN = "unknown"
