"""The stages of the open toolchain. Each file has the name of its task."""
