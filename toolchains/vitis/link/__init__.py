"""Linking the kernel with v++: configuration, floorplan, and the link's reports."""
