"""The reference of the network file, `docs/network_file.md`: every key with its range, default and error."""
