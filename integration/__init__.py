"""Joins blocks to one kernel: stream graph, register map, kernel description, packaging, and the fit to SLRs."""
