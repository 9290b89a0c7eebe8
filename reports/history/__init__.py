"""The history of builds: a file for each, an index of them, trends, and what differs between two."""
