"""One room per operator: its shape, its exact integer model and its views, side by side."""
