"""Networks: a YAML file and a folder of trained parameters each."""
