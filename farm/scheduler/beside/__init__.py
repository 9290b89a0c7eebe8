"""What may take long happens beside the loop: files that are hashed, copied, searched and redacted."""
