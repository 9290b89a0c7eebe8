"""Checks a compressor's SystemVerilog without the plan that it was made from.

The checker knows what each counter does with columns, which `test_counters.py` proves, and nothing else. It follows
every bit from the ports to the sum: each bit of a level is used once, counters join bits of one column, and the rows
that are added have their bits where they are worth what they are worth. So every level preserves the sum of
2**column * bit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator


class WiringError(Exception):
    """A compressor that does not preserve its sum; the text names the line."""


_INSTANCE = re.compile(r"^    (farm_\w+) (?:#\((.*?)\) )?(\w+) \((.*)\);$")
_BIT = re.compile(r"^(\w+)\[(\d+)\]$")


class Wiring:
    """The columns of all bits of one module, found line by line."""

    def __init__(self, lanes: int, weight_bits: int, input_bits: int) -> None:
        self.lanes, self.weight_bits, self.input_bits = lanes, weight_bits, input_bits
        self.columns: dict[str, int] = {}
        self.uses: Counter[str] = Counter()
        self.gates: Counter[tuple[int, int, int]] = Counter()
        """By lane, weight bit and plane."""
        self.negative: Counter[tuple[int, bool]] = Counter()
        if not weight_bits:
            self.columns |= {f"a[{p * lanes + lane}]": p for p in range(input_bits) for lane in range(lanes)}

    def check(self, text: str) -> None:
        """Read a module's lines. Raises WiringError."""
        joined = re.sub(r"\(\n\s+", "(", re.sub(r",\n\s+", ", ", text)).replace("\n    );", ");")
        for line in joined.splitlines():
            self._line(line)
        self._finish()

    def _line(self, line: str) -> None:
        found = _INSTANCE.match(line)
        if found:
            parameters = dict(re.findall(r"\.(\w+)\((?:\d+'d)?(\d+)\)", found[2] or ""))
            ports = dict(re.findall(r"\.(\w+)\(([^()]*)\)", found[4]))
            given = {name: list(self._bits(value)) for name, value in ports.items()}
            getattr(self, f"_{found[1]}")(line, {key: int(value) for key, value in parameters.items()}, given)
        elif passed := re.match(r"^    assign (\w+\[\d+\]) = (\S+);$", line):
            self._out(line, passed[1], self._column(line, passed[2]))
        elif clocked := re.match(r"^    always_ff @\(posedge clk\) (\w+) <= (\w+);$", line):
            for bit, column in [item for item in self.columns.items() if item[0].startswith(f"{clocked[2]}[")]:
                self._use(line, bit)
                self._out(line, clocked[1] + bit[len(clocked[2]) :], column)
        elif ended := re.match(r"^    assign \{one, beat\} = (\w+);$", line):
            self.end = ended[1]
        elif not re.match(
            r"^(//.*|module .*|endmodule|\);|    (input|output) .*|    (wire|logic) \[.*\] \w+;|)$", line
        ):
            raise WiringError(f"not understood: {line}")

    @staticmethod
    def _bits(value: str) -> Iterator[str]:
        """The bits of a concatenation, the lowest first; a slice has its width."""
        for part in reversed(re.sub(r"[{}\s]", "", value).split(",")):
            if sliced := re.match(r"^(\w+)\[(\d+):(\d+)\]$", part):
                yield from (f"{sliced[1]}[{at}]" for at in range(int(sliced[3]), int(sliced[2]) + 1))
            else:
                yield part

    def _use(self, line: str, bit: str) -> None:
        self.uses[bit] += 1
        if self.uses[bit] > 1:
            raise WiringError(f"{bit} is used twice: {line}")

    def _column(self, line: str, bit: str) -> int:
        if bit not in self.columns:
            raise WiringError(f"{bit} has no worth: {line}")
        self._use(line, bit)
        return self.columns[bit]

    def _out(self, line: str, bit: str, column: int) -> None:
        if bit in self.columns or not _BIT.match(bit):
            raise WiringError(f"{bit} is driven twice: {line}")
        self.columns[bit] = column

    def _outs(self, line: str, bits: list[str], columns: list[int]) -> None:
        if len(bits) != len(columns):
            raise WiringError(f"{len(bits)} outputs, not {len(columns)}: {line}")
        for bit, column in zip(bits, columns, strict=True):
            self._out(line, bit, column)

    def _same(self, line: str, bits: list[str]) -> int | None:
        """The column that the bits share; constants are 0 and have none."""
        found = {self._column(line, bit) for bit in bits if bit != "1'b0"}
        if len(found) > 1:
            raise WiringError(f"bits of columns {sorted(found)} are one to a counter: {line}")
        return found.pop() if found else None

    def _farm_count_chains(self, line: str, sizes: dict[str, int], ports: dict[str, list[str]]) -> None:
        groups, chains = sizes["GROUPS"], sizes["CHAINS"]
        if len(ports["in"]) != chains * (6 * groups + 1):
            raise WiringError(f"{len(ports['in'])} inputs: {line}")
        columns = []
        for chain in range(chains):
            bits = ports["in"][chain * (6 * groups + 1) :][: 6 * groups + 1]
            first = self._same(line, bits[:7])
            if first is None:
                raise WiringError(f"a chain without bits: {line}")
            for group in range(1, groups):
                if self._same(line, bits[6 * group + 1 :][:6]) not in (None, first + 2 * group):
                    raise WiringError(f"group {group} is in a wrong column: {line}")
            columns += [first + place for place in range(2 * groups + 1)]
        self._outs(line, ports["sum"], columns)

    def _farm_full_adder(self, line: str, _: dict[str, int], ports: dict[str, list[str]]) -> None:
        column = self._same(line, ports["in"])
        if column is None or len(ports["in"]) != 3:
            raise WiringError(f"not three bits: {line}")
        self._outs(line, ports["sum"], [column, column + 1])

    def _gated(self, line: str, sizes: dict[str, int], ports: dict[str, list[str]]) -> tuple[int, int, int]:
        """Column, planes and lanes of gates. The planes follow each other, in every lane the same ones."""
        planes = sizes.get("PLANES", 1)
        weights = [divmod(int(_place(bit, "w", line)), self.lanes) for bit in ports["w"]]
        inputs = [divmod(int(_place(bit, "a", line)), self.lanes) for bit in ports["a"]]
        weight_bit, first = weights[0][0], inputs[0][0]
        expected = [(first + plane, lane) for _, lane in weights for plane in range(planes)]
        if inputs != expected or any(bit != weight_bit for bit, _ in weights):
            raise WiringError(f"activations and weights of different lanes: {line}")
        negative = bool(sizes["NEGATIVE"])
        if negative != (self.weight_bits > 1 and weight_bit == self.weight_bits - 1):
            raise WiringError(f"NEGATIVE is {int(negative)} at bit {weight_bit} of the weights: {line}")
        self.gates.update((lane, weight_bit, plane) for plane, lane in inputs)
        return weight_bit + first, planes, len(weights)

    def _farm_gate_chains(self, line: str, sizes: dict[str, int], ports: dict[str, list[str]]) -> None:
        column, planes, lanes = self._gated(line, sizes, ports)
        if lanes != 2 * sizes["CHAINS"]:
            raise WiringError(f"{lanes} lanes: {line}")
        self._outs(line, ports["sum"], [column + place for place in range(planes + 1)] * sizes["CHAINS"])

    def _farm_gate_pair(self, line: str, sizes: dict[str, int], ports: dict[str, list[str]]) -> None:
        column, _, lanes = self._gated(line, sizes, ports)
        if lanes != 2:
            raise WiringError(f"{lanes} lanes: {line}")
        self._outs(line, ports["sum"], [column, column + 1])

    def _farm_gate_lane(self, line: str, sizes: dict[str, int], ports: dict[str, list[str]]) -> None:
        column, planes, _ = self._gated(line, sizes, ports)
        self._outs(line, ports["sum"], [column + place for place in range(planes)])

    def _farm_row_adder(self, line: str, sizes: dict[str, int], ports: dict[str, list[str]]) -> None:
        """Adds bit by bit; without a pair y has to be 0. The last bit of `added` is a bit of column 0 that is left."""
        self.bits = sizes["BITS"]
        for row in ("x", "y"):
            for place, bit in enumerate(ports[row]):
                if bit != "1'b0" and self._column(line, bit) != place:
                    raise WiringError(f"{bit} is worth 2**{self.columns[bit]}, not 2**{place}: {line}")
        for place, bit in enumerate(ports["y"]):
            if bit != "1'b0" and not sizes["PAIRS"] >> place & 1:
                raise WiringError(f"{bit} is not added: {line}")
        if self._same(line, ports["enter"]) not in (None, 0):
            raise WiringError(f"the carry that enters is not of column 0: {line}")
        self._outs(line, ports["sum"], list(range(self.bits)))
        self.columns["1'b0"] = 0

    def _finish(self) -> None:
        expected = {(lane, bit, plane) for lane in range(self.lanes) for bit in range(self.weight_bits)
                    for plane in range(self.input_bits)}  # fmt: skip
        if set(self.gates) != expected or any(count != 1 for count in self.gates.values()):
            raise WiringError("not every product bit is gated once")
        last = [self.columns.get(f"{self.end}[{place}]") for place in range(self.bits + 1)]
        if last != [*range(self.bits), 0]:
            raise WiringError(f"the sum's columns are {last}")
        largest = self.lanes * ((1 << max(self.weight_bits, 1)) - 1) * ((1 << self.input_bits) - 1)
        if largest >> self.bits:
            raise WiringError(f"{self.bits} bits do not hold {largest}")
        used = {bit for bit, count in self.uses.items() if count}
        for bit, column in self.columns.items():
            # A bit above the largest sum is always 0: all bits together are worth the sum.
            if bit not in used and not bit.startswith(f"{self.end}[") and bit != "1'b0" and column < self.bits:
                raise WiringError(f"{bit}, worth 2**{column}, is lost")


def _place(bit: str, port: str, line: str) -> str:
    found = _BIT.match(bit)
    if not found or found[1] != port:
        raise WiringError(f"{bit} is not a bit of {port}: {line}")
    return found[2]
