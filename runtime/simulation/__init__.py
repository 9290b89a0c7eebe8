"""What a simulated kernel counted: cycles of each image, and what its blocks, links and memories did in them."""
