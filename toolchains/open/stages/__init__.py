"""The stages of the open toolchain, one file each, named like its task."""
