"""The kinds of blocks that a network file may name, each a short form of a graph of operators."""
