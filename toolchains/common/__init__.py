"""Shared by all toolchains: the build, the stage, and the parts that most steps have in common."""
