"""The DMA core simulated beside a model of host and card memory."""
