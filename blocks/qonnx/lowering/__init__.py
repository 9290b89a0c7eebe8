"""From the nodes of a file to layers: integers are followed from the image to the results, each with its scale."""
