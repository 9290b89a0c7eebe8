"""Answers as JSON, and in the forms that CI reads."""
