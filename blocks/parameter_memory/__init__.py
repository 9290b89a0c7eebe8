"""Parameter memories, outside the cores: one module per width and depth, filled after synthesis."""
