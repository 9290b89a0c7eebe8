"""Steps on a cluster: the engine's own blocking client, a program on the node, and a record written last."""
