"""Shared by the benchmarks of the engine: graphs of small steps, and a project for injecting faults."""
