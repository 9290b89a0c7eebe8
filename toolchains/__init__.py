"""Toolchains: given a core, a block or a network, the steps that make it. They run nothing."""
