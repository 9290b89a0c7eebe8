"""Logs of AMD's tools: messages, causes of failures, and redaction."""
