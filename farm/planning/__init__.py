"""What a build would do and in which order: graph, expected cost, admission. It starts nothing."""
