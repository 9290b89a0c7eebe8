"""Whose reports belong together: stages, runs and builds within a project folder."""
