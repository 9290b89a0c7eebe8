"""Benchmarks of the whole kernel, simulated: how long it takes, and how long to build it."""
