"""Vivado joins cores into a kernel: scripts, contents of memories, packaging."""
