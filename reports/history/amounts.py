"""Amounts of a build by name: `luts` of the whole design, `res2a.luts` of a block, `slr0.luts` of an SLR.

Names are those of gates (`reports.summary.gates`). `formula.` and `cores.` name what the formulas say of the whole
design, and the sum of the cores as synthesised; `build.` is the build itself.
A block's amounts by formula end with `_formula`. An amount that no step has supplied is absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from config.fpga_resources import LABELS, NAMES

Key = tuple[str, str]
"""Scope and quantity; the scope is empty for the whole design."""
ESTIMATE = "~"
FORMULA, CORES, BUILD = "formula", "cores", "build"
_FULL = {label.lower(): name for name, label in LABELS.items()}


@dataclass(frozen=True)
class Amount:
    """A number with its mark: empty, `~` for an estimate, `!` for a figure that a stand-in of a tool has invented."""

    value: float
    mark: str = ""


Amounts = Mapping[Key, Amount]


def key_of(name: str) -> Key:
    """Return the key of a name; a quantity may have its short form (`lut`, `res2a.ff`)."""
    scope, _, quantity = name.rpartition(".")
    return scope, full(quantity)


def full(quantity: str) -> str:
    """Return the full name of a quantity: `luts` of `lut`, `luts_formula` of `lut_formula`."""
    base = quantity.removesuffix("_formula")
    return _FULL.get(base, base) + quantity[len(base) :]


def name_of(key: Key) -> str:
    """Return the name of a key."""
    scope, quantity = key
    return f"{scope}.{quantity}" if scope else quantity


def is_resource(quantity: str) -> bool:
    """Whether a quantity is an amount of LUT, FF, BRAM, URAM or DSP."""
    return quantity.removesuffix("_formula") in NAMES
