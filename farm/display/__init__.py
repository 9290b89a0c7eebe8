"""What a build shows while it runs, and every sentence about reasons and failures."""
