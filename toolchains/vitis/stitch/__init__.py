"""Joining cores into a kernel with Vivado: scripts, contents of memories, packaging."""
