"""The emulated card: a ``pynq.Device`` with compute units that run a payload program instead of logic."""
