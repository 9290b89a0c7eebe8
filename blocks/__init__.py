"""What is built: operators, blocks made of them, and networks made of blocks."""
