"""Which counters a compressor has, level by level.

Costs are LUTs. A chain takes 7 bits of a column, and 6 more of the column two above it, for 2 LUTs a column: it
replaces 4 bits a column by none, so two bits a LUT. A full adder replaces one bit a LUT. A gate chain adds the
activations of two lanes, each behind its weight, for a LUT a plane.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from functools import cache

from config.frozen import dataclass

MAX_WEIGHT_BITS = 4
CHAIN_PLANES = 4
"""Planes of two lanes in one gate chain: half of a CARRY8."""
FURTHER = 3
"""Levels that the search goes on after the first plan."""
WIDTH = 60
"""Heaps that the search keeps on each level."""


@dataclass(frozen=True)
class Rule:
    """When a level puts in a chain: for at least `first` bits, longer for at least `further`; and full adders."""

    first: int
    further: int
    adders: bool


RULES = tuple(Rule(*least, adders) for adders in (False, True) for least in ((7, 6), (6, 5), (5, 4)))


@dataclass(frozen=True)
class Counter:
    """A counter of a level: module, parameters, and for each input port and each output port its bits.

    Bits are places in the level before it and in the level that it makes. The inputs of gates are lanes: their bit
    `weight_bit` of the weight, and these planes of the activation.
    """

    module: str
    parameters: tuple[tuple[str, int], ...]
    inputs: tuple[int | None, ...]
    outputs: tuple[int, ...]
    luts: int
    weight_bit: int = 0
    planes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Level:
    """Counters, the columns of the bits that come out, and the bits that only pass: from the place, to the place."""

    counters: tuple[Counter, ...]
    columns: tuple[int, ...]
    passed: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Plan:
    """A compressor. The first level has the gates; without weights it is the activations themselves."""

    lanes: int
    weight_bits: int
    input_bits: int
    levels: tuple[Level, ...]

    @property
    def beat_bits(self) -> int:
        """Bits of a beat's sum, which is never negative: see `offset`."""
        weights = (1 << max(self.weight_bits, 1)) - 1
        return (self.lanes * weights * ((1 << self.input_bits) - 1)).bit_length()

    @property
    def logic_levels(self) -> int:
        """Levels that have counters, and the adder of the last two rows."""
        return sum(bool(level.counters) for level in self.levels) + 1

    @property
    def luts(self) -> int:
        """LUTs of all counters and of the adder of rows, without the accumulator."""
        last = self.levels[-1].columns
        pairs = sum(last.count(column) > 1 for column in {*last})
        return sum(counter.luts for level in self.levels for counter in level.counters) + pairs


def offset(lanes: int, weight_bits: int, input_bits: int) -> int:
    """What a compressor's sum exceeds the sum of products by.

    The highest bit of a weight in two's complement is worth -2**j. Its gate gives 1 where the product bit is 0: that is
    the product bit's worth plus 2**(i + j).
    """
    return lanes * ((1 << input_bits) - 1) << (weight_bits - 1) if weight_bits > 1 else 0


@cache
def plan(lanes: int, weight_bits: int, input_bits: int) -> Plan:
    """Make the plan; `weight_bits` 0 is the sum of the activations alone.

    Raises:
        ValueError: fewer than one lane or plane, or weights of more than 4 bits.
    """
    if lanes < 1 or input_bits < 1 or not 0 <= weight_bits <= MAX_WEIGHT_BITS:
        raise ValueError(
            f"{lanes} lanes of {weight_bits} x {input_bits} bits: a compressor has at least one lane, activations of "
            f"at least 1 bit and weights of 1 to {MAX_WEIGHT_BITS} bits"
        )
    levels = [_gates(lanes, weight_bits, input_bits) if weight_bits else _planes(lanes, input_bits)]
    for rule in _rules(_heights(levels[0].columns)):
        levels.append(_level(levels[-1].columns, rule))
    return Plan(lanes, weight_bits, input_bits, tuple(levels))


def _planes(lanes: int, input_bits: int) -> Level:
    """The activations' bits, plane by plane, as they arrive."""
    places = range(lanes * input_bits)
    return Level((), tuple(place // lanes for place in places), tuple((place, place) for place in places))


def _gates(lanes: int, weight_bits: int, input_bits: int) -> Level:
    """Two lanes a chain of up to four planes, two chains a CARRY8; the last lane of an odd number has gates only."""
    counters: list[Counter] = []
    columns: list[int] = []
    for bit, first in itertools.product(range(weight_bits), range(0, input_bits, CHAIN_PLANES)):
        planes = range(first, min(first + CHAIN_PLANES, input_bits))
        negative = ("NEGATIVE", int(weight_bits > 1 and bit == weight_bits - 1))
        at = 0
        while at < lanes:
            count = next(size for size in ((4, 2, 1) if len(planes) > 1 else (2, 1)) if size <= lanes - at)
            gate = _gate(len(planes), count)
            new = [bit + first + column for column in gate.columns]
            outputs = tuple(range(len(columns), len(columns) + len(new)))
            inputs = tuple(range(at, at + count))
            counters.append(
                Counter(gate.module, (*gate.parameters, negative), inputs, outputs, gate.luts, bit, tuple(planes))
            )
            columns += new
            at += count
    return Level(tuple(counters), tuple(columns))


@dataclass(frozen=True)
class _Gate:
    """A module for some lanes, and the columns of its outputs."""

    module: str
    parameters: tuple[tuple[str, int], ...]
    columns: tuple[int, ...]
    luts: int


def _gate(planes: int, lanes: int) -> _Gate:
    if lanes == 1:
        return _Gate("farm_gate_lane", (("PLANES", planes),), tuple(range(planes)), (planes + 1) // 2)
    if planes == 1:
        return _Gate("farm_gate_pair", (), (0, 1), 1)
    chains = lanes // 2
    sizes = (("PLANES", planes), ("CHAINS", chains))
    return _Gate("farm_gate_chains", sizes, tuple(range(planes + 1)) * chains, planes * chains)


Heights = tuple[int, ...]
"""Bits in each column, from column 0."""


def _heights(columns: Sequence[int]) -> Heights:
    return tuple(columns.count(column) for column in range(max(columns) + 1))


def most(column: int) -> int:
    """Bits of a column that are left: two rows, and in column 0 the carries into their adder and the accumulator."""
    return 4 if column == 0 else 2


def _done(heights: Heights) -> bool:
    return all(height <= most(column) for column, height in enumerate(heights))


def _rules(heights: Heights) -> tuple[Rule, ...]:
    """The rules of the levels: of those with the fewest LUTs, counting a level as one, the first found."""
    front: dict[Heights, tuple[int, tuple[Rule, ...]]] = {heights: (0, ())}
    found: list[tuple[int, int, tuple[Rule, ...]]] = []
    for count in itertools.count():
        if not front or (found and count > found[0][1] + FURTHER):
            break
        after: dict[Heights, tuple[int, tuple[Rule, ...]]] = {}
        for heap, (luts, rules) in front.items():
            if _done(heap):
                found.append((luts + count, count, rules))
                continue
            for rule in RULES:
                new, cost = _after(heap, rule)
                if new != heap and (new not in after or after[new][0] > luts + cost):
                    after[new] = (luts + cost, (*rules, rule))
        front = dict(sorted(after.items(), key=lambda item: (item[1][0] + sum(item[0]) / 2, item[0]))[:WIDTH])
    return min(found, key=lambda each: each[:2])[2]


@dataclass(frozen=True)
class _Taken:
    """A chain at `column` with the bits that it takes of each column, or a full adder."""

    column: int
    groups: tuple[int, ...] = ()


def _taken(heights: Mapping[int, int], rule: Rule) -> list[_Taken]:
    """The counters of a level, from the lowest column on; `heights` has the bits that are there."""
    left, made = dict(heights), dict.fromkeys(heights, 0)
    found = []

    def high(at: int) -> bool:
        return left.get(at, 0) + made.get(at, 0) > most(at)

    for column in range(max(heights) + 1):
        while left.get(column, 0) >= rule.first and high(column):
            groups = [min(7, left[column])]
            left[column] -= groups[0]
            if left.get(column + 2, 0) >= rule.further and high(column + 2):
                groups.append(min(6, left[column + 2]))
                left[column + 2] -= groups[1]
            found.append(_Taken(column, tuple(groups)))
            for place in range(2 * len(groups) + 1):
                made[column + place] = made.get(column + place, 0) + 1
        while rule.adders and left.get(column, 0) >= 3 and high(column):
            left[column] -= 3
            found.append(_Taken(column))
            for place in range(2):
                made[column + place] = made.get(column + place, 0) + 1
    return found


def _after(heights: Heights, rule: Rule) -> tuple[Heights, int]:
    """The heights behind a level, and its LUTs."""
    after = dict(enumerate(heights))
    luts = 0
    for each in _taken(after | {}, rule):
        groups = each.groups or (3,)
        for place, count in enumerate(groups):
            after[each.column + 2 * place] -= count
        outputs = 2 * len(each.groups) + 1 if each.groups else 2
        for place in range(outputs):
            after[each.column + place] = after.get(each.column + place, 0) + 1
        luts += 2 * len(each.groups) if each.groups else 1
    return tuple(after.get(column, 0) for column in range(max(after) + 1)), luts


def _level(columns: Sequence[int], rule: Rule) -> Level:
    """Give each counter its bits. Two chains of one length share a CARRY8."""
    left = {column: [at for at, each in enumerate(columns) if each == column] for column in {*columns}}
    made: list[int] = []
    counters: list[Counter] = []
    waiting: dict[int, list[tuple[int, list[int | None]]]] = {}

    def outputs(new: list[int]) -> tuple[int, ...]:
        made.extend(new)
        return tuple(range(len(made) - len(new), len(made)))

    def chains(groups: int, which: list[tuple[int, list[int | None]]]) -> None:
        given = (("GROUPS", groups), ("CHAINS", len(which)))
        new = [column + place for column, _ in which for place in range(2 * groups + 1)]
        inputs = tuple(bit for _, bits in which for bit in bits)
        counters.append(Counter("farm_count_chains", given, inputs, outputs(new), 2 * groups * len(which)))

    for each in _taken({column: len(bits) for column, bits in left.items()}, rule):
        if not each.groups:
            inputs = tuple(left[each.column].pop(0) for _ in range(3))
            counters.append(Counter("farm_full_adder", (), inputs, outputs([each.column, each.column + 1]), 1))
            continue
        bits: list[int | None] = []
        for place, count in enumerate(each.groups):
            taken: list[int | None] = [left[each.column + 2 * place].pop(0) for _ in range(count)]
            bits += taken + [None] * ((6 if place else 7) - count)
        same = waiting.setdefault(len(each.groups), [])
        same.append((each.column, bits))
        if len(same) == 2:
            chains(len(each.groups), waiting.pop(len(each.groups)))
    for groups, which in waiting.items():
        chains(groups, which)
    passed = []
    for column, rest in sorted(left.items()):
        for bit in rest:
            passed.append((bit, len(made)))
            made.append(column)
    return Level(tuple(counters), tuple(made), tuple(passed))
