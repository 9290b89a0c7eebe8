"""What is private in a log: rules by what they hide, each with the words that a line must hold before it is tried."""
