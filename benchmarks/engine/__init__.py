"""What the benchmarks of the engine share: graphs of small steps, and a project that is broken on purpose."""
