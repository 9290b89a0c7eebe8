"""Logs of AMD's tools: messages, why a run failed, and what is hidden before a log is kept."""
