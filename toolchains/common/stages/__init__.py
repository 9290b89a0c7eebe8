"""Stages that are the same in every toolchain."""
