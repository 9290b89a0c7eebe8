"""Shared by all parsers: reading files and documents, numbers, and errors."""
