"""Configuration: reads YAML files and command-line words into frozen values and reports all mistakes at once."""
