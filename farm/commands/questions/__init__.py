"""Commands that answer and leave no trace."""
