"""The whole kernel, simulated: blocks, links and DMA joined cycle by cycle, as the program of target hw_emu."""
