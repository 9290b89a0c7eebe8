"""Limits of growth for `doit diff`, written in farm.yaml or on the command line, and their check.

    diff_gates:
      - lut <= +2 %            the whole design, linked
      - cores.lut <= +500      the sum of the cores as synthesised; formula.lut is that of the formulas
      - res2a.ii_cycles <= 0
      - "*.lut <= +10 %"       every block and every SLR for itself
      - wns_ns >= -0.1

A limit is on the change from A to B; with % it is relative to A. As with gates, an amount that is absent fails, and so
does one that a stand-in of a tool has invented.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from config.fpga_resources import LABELS, NAMES
from config.problem import ConfigError, Problem, suggestion
from config.settings import Settings
from reports.history.amounts import Amounts, Key, full, name_of
from reports.reading.plain import rounded
from reports.reading.stand_in import MARK
from reports.summary.gates import GateError

KEY = "diff_gates"
EVERY = "*"
_TEXT = re.compile(
    r"(?:(?P<scope>\*|[A-Za-z_][A-Za-z0-9_/.-]{0,200})\.)?(?P<quantity>[a-z][a-z0-9_]{0,40})"
    r" {0,8}(?P<relation><=|>=) {0,8}(?P<limit>[+-]?[0-9]{1,15}(?:\.[0-9]{1,9})?) {0,8}(?P<percent>%?)"
)
_OTHERS = (
    "wns_ns", "whs_ns", "wpws_ns", "logic_ns", "fps", "ii_cycles", "latency_cycles", "power_w", "slls", "xclbin_bytes",
    "wall_s",
)  # fmt: skip
_KNOWN = (*NAMES, *(label.lower() for label in LABELS.values()), *_OTHERS)


@dataclass(frozen=True)
class Limit:
    """A limit of the change of an amount. `scope` is EVERY for each block and each SLR."""

    scope: str
    quantity: str
    relation: str
    limit: float
    percent: bool

    def __str__(self) -> str:
        sign = "+" if self.limit > 0 else ""
        name = name_of((self.scope, self.quantity))
        return f"{name} {self.relation} {sign}{self.limit:.15g}{' %' if self.percent else ''}"


@dataclass(frozen=True)
class Verdict:
    """A limit checked; `says` is a sentence."""

    limit: Limit
    passed: bool
    says: str


def parse_limit(text: str) -> Limit:
    """Return the limit in a text. Raises GateError."""
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        raise GateError(
            f"'{text.strip()[:80]}' is not a limit of growth", "write 'lut <= +2 %', 'res2a.ii_cycles <= 0'"
        )
    quantity = match["quantity"]
    if quantity.removesuffix("_formula") not in _KNOWN:
        raise GateError(f"there is no quantity '{quantity}'", suggestion(quantity, _KNOWN))
    return Limit(match["scope"] or "", full(quantity), match["relation"], float(match["limit"]), bool(match["percent"]))


def limits_of(settings: Settings) -> tuple[Limit, ...]:
    """Return the limits in the project's settings. Raises ConfigError with all mistakes in them."""
    limits: list[Limit] = []
    problems: list[Problem] = []
    for text in settings.build.diff_gates:
        try:
            limits.append(parse_limit(text))
        except GateError as error:
            problems.append(settings.problem(KEY, error.what, error.remedy))
    if problems:
        raise ConfigError(problems)
    return tuple(limits)


def check(limits: Iterable[Limit], before: Amounts, after: Amounts) -> tuple[Verdict, ...]:
    """Return the verdict on each limit."""
    return tuple(_check(limit, before, after) for limit in limits)


def _check(limit: Limit, before: Amounts, after: Amounts) -> Verdict:
    if limit.scope != EVERY:
        return _one(limit, (limit.scope, limit.quantity), before, after)
    keys = [key for key in {**before, **after} if key[1] == limit.quantity and key[0]]
    both = [_one(limit, key, before, after) for key in keys if key in before and key in after]
    if not both:
        return Verdict(limit, False, f"{limit}: failed, A and B have no such amount in common")
    failed = [one for one in both if not one.passed]
    if not failed:
        return Verdict(limit, True, f"{limit}: passed, {len(both)} compared")
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    return Verdict(limit, False, failed[0].says + more)


def _one(limit: Limit, key: Key, before: Amounts, after: Amounts) -> Verdict:
    head = f"{limit}: " if limit.scope != EVERY else f"{limit}: {key[0]}: "
    missing = [side for side, amounts in (("A", before), ("B", after)) if key not in amounts]
    if missing:
        who = " and ".join(missing) + (" has" if len(missing) == 1 else " have")
        return Verdict(limit, False, f"{head}failed, {who} no {name_of(key)}")
    old, new = before[key], after[key]
    change = new.value - old.value
    said = f"{number(old.value)} -> {number(new.value)} ({signed(change)}{share_words(old.value, change)})"
    if MARK in (old.mark, new.mark):
        return Verdict(
            limit, False, f"{head}failed, {said} is invented by a stand-in: only the tool itself can pass it"
        )
    if limit.percent:
        # From nothing, any growth is infinitely many percent.
        change = 0.0 if not change else 100 * change / abs(old.value) if old.value else change * float("inf")
    passed = change <= limit.limit if limit.relation == "<=" else change >= limit.limit
    return Verdict(limit, passed, f"{head}{'passed' if passed else 'failed'}, {said}")


def number(value: float) -> str:
    """Return a number for people: thousands separated, three digits after the point, from 1,000 on one."""
    return f"{round(value, 1) if abs(value) >= 1000 else rounded(value):,.15g}"


def signed(value: float) -> str:
    """Return a change with its sign."""
    return f"{round(value, 6):+,.15g}"


def share_words(before: float, change: float) -> str:
    """Return a change relative to its beginning, as `, +2.1 %`; empty if it began at nothing, or has not changed."""
    return f", {100 * change / abs(before):+.2f} %" if before and change else ""
