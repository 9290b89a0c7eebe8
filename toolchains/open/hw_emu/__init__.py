"""Stages that the open toolchain does otherwise for target hw_emu."""
