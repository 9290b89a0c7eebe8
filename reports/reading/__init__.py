"""What all parsers read with: sources, documents, numbers, and the one error they raise."""
