"""Assigns blocks to SLRs: the problem as plain data, its exact solver, and the answer."""
