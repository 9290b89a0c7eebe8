"""A stage per file."""
