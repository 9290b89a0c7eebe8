"""The page of a build: one HTML file for a browser, which needs no network and no other file."""
