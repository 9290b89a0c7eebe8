"""The kinds of blocks that a network file may name. Each expands to a graph of operators."""
