"""Operators, blocks made of operators, and networks made of blocks."""
