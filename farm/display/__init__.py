"""The display of a build, and every sentence about reasons and failures."""
