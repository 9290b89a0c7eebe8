"""A folding for a wanted rate: chooses pe, simd, mmv and pixels_in of every layer of a network of general blocks."""

from blocks.balance.mapping import folded
from blocks.balance.search import Balanced, FoldingError, balance

__all__ = ["Balanced", "FoldingError", "balance", "folded"]
