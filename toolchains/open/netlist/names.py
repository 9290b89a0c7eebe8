"""The files of a kernel's netlist, by name. `doit list` reads this module and none that makes them."""

ENDINGS = ("v", "json", "edf")
"""Verilog, Yosys's JSON, EDIF."""
LOGIC = tuple(f"logic.{ending}.gz" for ending in ENDINGS)
PLACES = "logic.places.json"
LINKS = "links"
"""All that stands between blocks, synthesised together; without an ending, the step and its module."""
AREA = "area.json"
MODELS = "models.v"
MODEL_SOURCES = ("models.v", "block_models.v")
"""In `toolchains/open/netlist`; together, with block RAMs, they are MODELS."""
