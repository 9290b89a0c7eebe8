"""The layers of a general block: what the network file says of each, the operators that compute it, its arrays."""
