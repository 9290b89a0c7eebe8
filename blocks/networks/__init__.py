"""The networks. Each has a YAML file and may have a folder of trained parameters."""
