"""Gates: conditions for a build, written in farm.yaml, and their check.

    gates:
      - wns_ns >= 0
      - slr0.lut <= 75 %
      - res3b.bram_tiles <= 40

A gate without a value fails, because nothing was measured. It also fails on a value that a stand-in of a tool has
invented; the value is still shown.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from config.fpga_resources import LABELS
from config.problem import ConfigError, Problem, suggestion
from config.settings import Settings
from config.whole_file import write_whole
from reports.project.ci import Case, junit
from reports.reading.number import Below, Bounded

JUNIT_FILE = "gates.xml"
_TEXT = re.compile(
    r"(?:(?P<scope>[A-Za-z_][A-Za-z0-9_]{0,60})\.)?(?P<quantity>[a-z][a-z0-9_]{0,40})"
    r" {0,8}(?P<relation><=|>=|<|>|==?) {0,8}(?P<limit>[+-]?[0-9]{1,15}(?:\.[0-9]{1,9})?) {0,8}(?P<percent>%?)"
)
_SLR = re.compile(r"slr[0-9]{1,2}")
_RELATIONS = ("<=", ">=")

_RESOURCES = {word: name for name, label in LABELS.items() for word in (label.lower(), name)}
"""Resources by the names that a gate may use: labels (`lut`, `ff`) and full names."""

_OTHERS = {
    # quantity: the task that supplies it for the whole design, and for one block
    "wns_ns": ("link", "ooc"),
    "whs_ns": ("link", None),
    "wpws_ns": ("link", None),
    "fps": ("kernel", "cosim"),
    "ii_cycles": ("kernel", "cosim"),
    "latency_cycles": ("kernel", "cosim"),
    "power_w": ("link", None),
    "slls": ("link", None),
}


class GateError(ValueError):
    """A text is not a valid gate: `what` describes the mistake, `remedy` says what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what}; {remedy}")


@dataclass(frozen=True)
class Gate:
    """A condition. `scope` is a block, an SLR in lower case, or None for the whole design.

    With `percent` the limit is a share of the amount available there. `str` gives the gate as written in farm.yaml.
    """

    scope: str | None
    quantity: str
    relation: str
    limit: float
    percent: bool

    def __str__(self) -> str:
        name = self.quantity if self.scope is None else f"{self.scope}.{self.quantity}"
        return f"{name} {self.relation} {self.limit:.15g}{' %' if self.percent else ''}"

    @property
    def key(self) -> tuple[str | None, str]:
        """Scope and quantity for looking up a value, with the quantity's full name."""
        return self.scope, _RESOURCES.get(self.quantity, self.quantity)

    @property
    def supplier(self) -> str:
        """The task that supplies the value, as typed after `doit`."""
        if self.scope is None or _SLR.fullmatch(self.scope):
            return "link" if self.quantity in _RESOURCES else _OTHERS[self.quantity][0]
        task = "ooc" if self.quantity in _RESOURCES else _OTHERS[self.quantity][1]
        return f"{task}:{self.scope}"


@dataclass(frozen=True)
class Measured:
    """A value with its share of the amount available (None if unknown), and its source: a file or a task."""

    value: Bounded | None
    share_percent: Bounded | None
    source: str
    stand_in: bool = False


@dataclass(frozen=True)
class Outcome:
    """The result of a gate. If `value` is None, `doit <supplier>` supplies it. A stand-in's value passes no gate."""

    gate: Gate
    value: Bounded | None
    passed: bool
    source: str | None
    supplier: str
    stand_in: bool = False

    @property
    def margin(self) -> float | None:
        """The distance of the value from the limit, negative if the gate fails; None without a number."""
        if self.value is None or isinstance(self.value, Below):
            return None
        room = self.value - self.gate.limit
        return room if self.gate.relation == ">=" else -room

    def __str__(self) -> str:
        if self.value is None:
            why = "no value" if self.source is None else f"no value in {self.source}"
            return f"{self.gate}: failed, {why}: `doit {self.supplier}` supplies it"
        unit = " %" if self.gate.percent else ""
        number = str(self.value) if isinstance(self.value, Below) else _digits(self.value)
        if self.stand_in:
            why = f"{number}{unit} is invented by a stand-in ({self.source})"
            return f"{self.gate}: failed, {why}: only the tool itself can pass it"
        margin = self.margin
        if margin is None:
            by_how_much = ""
        elif margin < 0:
            by_how_much = f", {_digits(-margin)}{unit} {'below' if self.gate.relation == '>=' else 'above'}"
        else:
            by_how_much = f", {_digits(margin)}{unit} to spare"
        return f"{self.gate}: {'passed' if self.passed else 'failed'}, {number}{unit}{by_how_much} ({self.source})"


def _digits(value: float) -> str:
    """Render a number without exponent, and without the rounding noise of subtraction."""
    return f"{round(value, 6):.15g}"


def parse_gate(text: str, blocks: Iterable[str] | None = None) -> Gate:
    """Parse a gate. Scopes may be `slr0`, `slr1`, … and the names in `blocks` (None: any name). Raises GateError."""
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        raise GateError(
            f"'{text.strip()[:80]}' is not a valid gate",
            "write 'name >= number', 'slr0.lut <= 75 %' or 'block.luts <= 9'",
        )
    quantity, relation = match["quantity"], match["relation"]
    percent = bool(match["percent"])
    if relation not in _RELATIONS:
        raise GateError(f"a gate cannot use '{relation}'", "use <= or >=")
    if quantity not in _RESOURCES and quantity not in _OTHERS:
        raise GateError(f"there is no quantity '{quantity}'", suggestion(quantity, [*_RESOURCES, *_OTHERS]))
    if percent and quantity not in _RESOURCES:
        raise GateError(f"'{quantity}' has no share in percent", "remove the %")
    scope = match["scope"]
    if scope is not None and _SLR.fullmatch(scope.lower()):
        scope = scope.lower()
        if quantity not in _RESOURCES:
            raise GateError(f"an SLR has no '{quantity}'", f"use one of {', '.join(sorted(_RESOURCES))}")
    elif scope is not None:
        known = None if blocks is None else sorted(blocks)
        if known is not None and scope not in known:
            raise GateError(f"there is no block '{scope}'", suggestion(scope, known))
        if quantity not in _RESOURCES and _OTHERS[quantity][1] is None:
            raise GateError(f"a block has no '{quantity}' of its own", f"write '{quantity}' for the whole design")
    return Gate(scope, quantity, relation, float(match["limit"]), percent)


def gates_of(settings: Settings, blocks: Iterable[str]) -> tuple[Gate, ...]:
    """Parse the gates in the project's settings. Raises ConfigError with all mistakes in them."""
    known = tuple(blocks)
    gates: list[Gate] = []
    problems: list[Problem] = []
    for text in settings.gates:
        try:
            gates.append(parse_gate(text, known))
        except GateError as error:
            problems.append(settings.problem("gates", error.what, error.remedy))
    if problems:
        raise ConfigError(problems)
    return tuple(gates)


def cases(outcomes: Iterable[Outcome]) -> list[Case]:
    """Return the outcomes as a CI system shows them."""
    return [Case(str(one.gate), str(one), one.passed) for one in outcomes]


def write_junit(outcomes: Iterable[Outcome], root: Path, folder: str) -> None:
    """Write the outcomes of a build's gates as test results, `gates.xml` in its folder. Raises OSError."""
    found = cases(outcomes)
    if found:
        write_whole(root / folder / JUNIT_FILE, junit(found, folder))


def check(
    gates: Iterable[Gate],
    values: Mapping[tuple[str | None, str], Measured],
    suppliers: Mapping[str, str] | None = None,
) -> tuple[Outcome, ...]:
    """Return the outcome of each gate; `values` are by `Gate.key`.

    `suppliers` gives the task that supplies a quantity if it is not the link of this build.
    """
    return tuple(_check(gate, values.get(gate.key), _supplier(gate, suppliers or {})) for gate in gates)


def _supplier(gate: Gate, suppliers: Mapping[str, str]) -> str:
    return suppliers.get(gate.key[1], gate.supplier) if gate.supplier == "link" else gate.supplier


def _check(gate: Gate, measured: Measured | None, supplier: str) -> Outcome:
    if measured is None:
        return Outcome(gate, None, False, None, supplier)
    value = measured.share_percent if gate.percent else measured.value
    if value is None:
        return Outcome(gate, None, False, measured.source, supplier)
    if measured.stand_in:
        return Outcome(gate, value, False, measured.source, supplier, stand_in=True)
    if isinstance(value, Below):
        # "<0.01" is only an upper bound: it can satisfy an upper limit but never a lower one.
        passed = gate.relation == "<=" and value.limit <= gate.limit
        return Outcome(gate, value, passed, measured.source, supplier)
    if not math.isfinite(value):
        # An infinite slack means that nothing constrains the paths.
        return Outcome(gate, None, False, measured.source, supplier)
    passed = value >= gate.limit if gate.relation == ">=" else value <= gate.limit
    return Outcome(gate, value, passed, measured.source, supplier)
