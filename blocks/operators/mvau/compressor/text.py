"""The SystemVerilog of compressors: one module for each, and one that picks among those of a core."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from blocks.operators.mvau.compressor.plan import Counter, Level, Plan, plan
from config.frozen import dataclass


@dataclass(frozen=True)
class Compressor:
    """A compressor with `stages` registers from its inputs to its rows."""

    lanes: int
    weight_bits: int
    input_bits: int
    stages: int

    @property
    def name(self) -> str:
        """The module's name."""
        return f"farm_compress_{self.lanes}_{self.weight_bits}_{self.input_bits}_{self.stages}"

    @property
    def plan(self) -> Plan:
        """Its counters."""
        return plan(self.lanes, self.weight_bits, self.input_bits)


DEFAULTS = tuple(Compressor(1, weight_bits, 2, 2) for weight_bits in (0, 1, 2))
"""What the modules ask for with the defaults of their parameters. Yosys elaborates these before those of the core."""


def registers(levels: int, stages: int) -> tuple[int, ...]:
    """How many registers stand behind each of the levels of logic, the last of which is the adder of the two rows.

    With fewer registers than levels the levels are spread evenly, the later stages having the fewer; with more, the
    spare ones stand behind the last level.
    """
    behind = [0] * levels
    for stage in range(min(stages, levels)):
        behind[-(-levels * (stage + 1) // min(stages, levels)) - 1] += 1
    behind[-1] += max(0, stages - levels)
    return tuple(behind)


def modules(wanted: Iterable[Compressor]) -> Iterator[str]:
    """The lines of all modules, and of `farm_compress`, which instantiates the one that its parameters name."""
    each = sorted(set(wanted), key=lambda one: one.name)
    for compressor in each:
        yield from _module(compressor)
        yield ""
    yield "module farm_compress #("
    first = each[0]
    yield f"    parameter int LANES = {first.lanes}, WEIGHT_BITS = {first.weight_bits},"
    yield f"    parameter int INPUT_BITS = {first.input_bits}, STAGES = {first.stages},"
    yield f"    parameter int BEAT_BITS = {first.plan.beat_bits}"
    yield ") ("
    yield "    input  wire                                   clk,"
    yield "    input  wire [LANES*INPUT_BITS-1:0]            a,  // bit planes"
    yield "    input  wire [(WEIGHT_BITS > 0 ? WEIGHT_BITS : 1)*LANES-1:0] w,  // bit planes"
    yield "    output wire [BEAT_BITS-1:0]                   beat,"
    yield "    output wire                                   one  // another bit of column 0"
    yield ");"
    for at, compressor in enumerate(each):
        condition = f"LANES == {compressor.lanes} && WEIGHT_BITS == {compressor.weight_bits}"
        condition += f" && INPUT_BITS == {compressor.input_bits} && STAGES == {compressor.stages}"
        yield f"    {'end else ' if at else ''}if ({condition}) begin : c{at}"
        yield f"        {compressor.name} made (.clk, .a, .w, .beat, .one);"
    yield "    end else begin : none"
    yield "        farm_compress_of_this_size_was_not_made missing ();"
    yield "    end"
    yield "endmodule"


def _module(compressor: Compressor) -> Iterator[str]:
    made = compressor.plan
    bits = made.beat_bits
    weights = max(made.weight_bits, 1) * made.lanes
    yield f"// {made.lanes} lanes, {made.weight_bits} x {made.input_bits} bits: {made.luts} LUTs in "
    yield f"// {made.logic_levels} levels of counters."
    yield f"module {compressor.name} ("
    yield "    input  wire clk,"
    yield f"    input  wire [{made.lanes * made.input_bits - 1}:0] a,"
    yield f"    input  wire [{weights - 1}:0] w,"
    yield f"    output wire [{bits - 1}:0] beat,"
    yield "    output wire one"
    yield ");"
    behind = iter(registers(made.logic_levels, compressor.stages))
    source = "a"
    for at, level in enumerate(made.levels):
        yield from _level(made, at, level, source)
        source = f"b{at}"
        for stage in range(next(behind) if level.counters else 0):
            yield from _register(source, f"b{at}_{stage}", len(level.columns))
            source = f"b{at}_{stage}"
    yield from _adder(made.levels[-1].columns, bits, source)
    source = "added"
    for stage in range(next(behind)):
        yield from _register(source, f"added_{stage}", bits + 1)
        source = f"added_{stage}"
    yield f"    assign {{one, beat}} = {source};"
    yield "endmodule"


def _level(made: Plan, at: int, level: Level, source: str) -> Iterator[str]:
    yield f"    wire [{len(level.columns) - 1}:0] b{at};"
    for number, counter in enumerate(level.counters):
        given = ", ".join(f".{name}({value})" for name, value in counter.parameters)
        outputs = _joined(f"b{at}", counter.outputs)
        inputs = _gated(made, counter) if not at else f".in({_joined(source, counter.inputs)})"
        head = f"    {counter.module} {f'#({given}) ' if given else ''}u{at}_{number}"
        yield f"{head} ({inputs}, .sum({outputs}));"
    yield from (f"    assign b{at}[{end}] = {source}[{start}];" for start, end in level.passed)


def _gated(made: Plan, counter: Counter) -> str:
    lanes = [lane for lane in counter.inputs if lane is not None]
    planes = [plane * made.lanes + lane for lane in lanes for plane in counter.planes]
    return f".w({_joined('w', [counter.weight_bit * made.lanes + lane for lane in lanes])}), .a({_joined('a', planes)})"


def _joined(vector: str, places: Iterable[int | None]) -> str:
    """Bits of a vector, the first one lowest; a place that is None is 0."""
    bits = [f"{vector}[{place}]" if place is not None else "1'b0" for place in places]
    return f"{{{', '.join(reversed(bits))}}}" if len(bits) > 1 else bits[0]


def _register(source: str, name: str, width: int) -> Iterator[str]:
    yield f"    logic [{width - 1}:0] {name};"
    yield f"    always_ff @(posedge clk) {name} <= {source};"


def _adder(columns: tuple[int, ...], bits: int, source: str) -> Iterator[str]:
    """Two bits of a column are added; a third of column 0 enters the carry chain, a fourth goes on to the accumulator.

    Bits above the sum are always 0.
    """
    rows = [[at for at, each in enumerate(columns) if each == column] for column in range(bits)]

    def bit(row: list[int], place: int) -> int | None:
        return row[place] if len(row) > place else None

    pairs = sum(1 << column for column, row in enumerate(rows) if len(row) > 1)
    yield f"    wire [{bits}:0] added;"
    yield f"    farm_row_adder #(.BITS({bits}), .PAIRS({bits}'d{pairs})) rows ("
    yield f"        .x({_joined(source, (bit(row, 0) for row in rows))}),"
    yield f"        .y({_joined(source, (bit(row, 1) for row in rows))}),"
    yield f"        .enter({_joined(source, (bit(rows[0], 2),))}), .sum(added[{bits - 1}:0])"
    yield "    );"
    yield f"    assign added[{bits}] = {_joined(source, (bit(rows[0], 3),))};"
