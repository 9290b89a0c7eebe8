"""One folder per operator, a "room": its shape, its exact integer model and its views, side by side."""
