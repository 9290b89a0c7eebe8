"""Toolchains: they make the steps that build a core, a block or a network. They run nothing."""
