"""Simulation of the DMA core with a model of host and card memory."""
