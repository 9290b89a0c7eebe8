"""The emulated card: a ``pynq.Device`` whose compute units run a payload program instead of logic."""
