"""Summaries of builds and of projects as values, gates, and their display."""
