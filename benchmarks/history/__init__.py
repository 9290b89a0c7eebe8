"""How long questions about many builds take, and a page."""
