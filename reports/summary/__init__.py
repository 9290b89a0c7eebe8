"""A build and a project in one value: roll-up, gates, and what is shown of them."""
