"""Configuration: YAML files and command-line words become frozen values, with every mistake reported at once."""
