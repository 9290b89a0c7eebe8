"""The counters, proved for all inputs; the adders by one step of induction; whole compressors of few lanes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from blocks.operators.mvau.compressor.plan import offset, plan
from blocks.operators.mvau.compressor.text import Compressor, modules
from toolchains.open.synthesis import yosys

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[4]
MVAU = ROOT / "blocks/operators/mvau"
CELLS = "".join(
    re.findall(r"^module (?:LUT6_2|CARRY8) .*?^endmodule\n",
               (ROOT / "toolchains/open/netlist/models.v").read_text(), re.DOTALL | re.MULTILINE)
)  # fmt: skip
"""Our models of the two primitives. Tests of their own hold them against those of Yosys."""
GATES = [("farm_gate_chains", planes, chains) for planes in (2, 3, 4) for chains in (1, 2)]
GATES += [("farm_gate_pair", 1, 1), *(("farm_gate_lane", planes, 0) for planes in (1, 2, 3, 4))]


def worth(bits: str, columns: list[int]) -> str:
    """The sum of 2**column * bit, as Verilog."""
    return " + ".join(f"(32'd{1 << column} * {bits}[{place}])" for place, column in enumerate(columns))


def gate_proofs() -> Iterator[str]:
    """A gate's outputs are worth the products; with NEGATIVE, the product bits' complements."""
    for module, planes, chains in GATES:
        for negative in (0, 1):
            lanes = 2 * chains or 1
            sizes = [f".NEGATIVE({negative})"]
            sizes += [f".PLANES({planes})"] if module != "farm_gate_pair" else []
            sizes += [f".CHAINS({chains})"] if module == "farm_gate_chains" else []
            # Each chain is proved by itself: a sum of both could hide a bit in the other one.
            size = planes + 1 if chains else planes
            for chain in range(chains or 1):
                mine = range(2 * chain, min(2 * chain + 2, lanes))
                bits = [(lane, plane) for lane in mine for plane in range(planes)]
                gates = (
                    "{" + ", ".join(f"w[{lane}] & a[{lane * planes + plane}]" for lane, plane in reversed(bits)) + "}"
                )
                name = f"p_{module}_{planes}_{chains}_{negative}_{chain}"
                yield f"module {name} (input [{lanes - 1}:0] w, input [{lanes * planes - 1}:0] a, output bad);"
                yield f"wire [{max(chains, 1) * size - 1}:0] all;"
                yield f"wire [{size - 1}:0] sum = all[{chain * size}+:{size}];"
                yield f"wire [{len(bits) - 1}:0] gates = {'~' if negative else ''}{gates};"
                yield f"{module} #({', '.join(sizes)}) made (.w(w), .a(a), .sum(all));"
                products = worth("gates", [plane for _, plane in bits])
                yield f"assign bad = {worth('sum', list(range(size)))} != {products}; endmodule"


def chain_proofs() -> Iterator[str]:
    for groups in (1, 2):
        for chains in (1, 2):
            for chain in range(chains):
                width, outs = 6 * groups + 1, 2 * groups + 1
                yield f"module p_chains_{groups}_{chains}_{chain} (input [{chains * width - 1}:0] in, output bad);"
                yield f"wire [{chains * outs - 1}:0] all; wire [{outs - 1}:0] sum = all[{chain * outs}+:{outs}];"
                yield f"wire [{width - 1}:0] mine = in[{chain * width}+:{width}];"
                yield f"farm_count_chains #(.GROUPS({groups}), .CHAINS({chains})) made (.in(in), .sum(all));"
                columns = [0] * 7 + [2] * (width - 7)
                yield f"assign bad = {worth('sum', list(range(outs)))} != {worth('mine', columns)};"
                yield "endmodule"
    yield "module p_full_adder (input [2:0] in, output bad); wire [1:0] sum; farm_full_adder made (.in(in), .sum(sum));"
    yield f"assign bad = {worth('sum', [0, 1])} != {worth('in', [0, 0, 0])}; endmodule"


def adder_proofs() -> Iterator[str]:
    """Accumulator plus beat plus one more bit, in every width of the accumulators in use; and rows with gaps."""
    for bits, pairs in [
        *((bits, (1 << low) - 1) for bits in (8, 9, 13, 14, 17, 24) for low in (6, 8)),
        (9, 0b101100100),
    ]:
        yield f"module p_adder_{bits}_{pairs} (input [{bits - 1}:0] x, given, input enter, output bad);"
        yield f"wire [{bits - 1}:0] sum, y = given & {bits}'d{pairs};"
        yield f"farm_row_adder #(.BITS({bits}), .PAIRS({bits}'d{pairs})) made (.x(x), .y(y), .enter(enter), .sum(sum));"
        yield f"wire [{bits - 1}:0] right = x + y + enter; assign bad = sum != right; endmodule"


def prove(folder: Path, texts: list[str], tops: list[str], source: str = "") -> None:
    """Prove by SAT that `bad` of each module is 0, whatever its inputs are."""
    (folder / "cells.v").write_text(CELLS)
    (folder / "counters.sv").write_text(source or (MVAU / "counters.sv").read_text())
    (folder / "proofs.sv").write_text("\n".join(texts) + "\n")
    lines = ["read_verilog -sv cells.v counters.sv proofs.sv", "design -save all"]
    for top in tops:
        lines += ["design -load all", f"hierarchy -top {top}", "proc", "flatten", "opt -full"]
        lines += [f"sat -verify -prove bad 0 {top}"]
    (folder / "s.ys").write_text("\n".join(lines) + "\n")
    yosys.run_script(Path("s.ys"), folder / "s.log", folder)


def tops_of(texts: list[str]) -> list[str]:
    return [line.split()[1] for line in texts if line.startswith("module p_")]


def test_counters_and_adders_preserve_their_worth(tmp_path: Path) -> None:
    texts = [*gate_proofs(), *chain_proofs(), *adder_proofs()]
    assert len(tops_of(texts)) == 2 * (3 + 3 * 2 + 1 + 4) + 6 + 1 + 13
    prove(tmp_path, texts, tops_of(texts))


def test_a_wrong_table_is_seen(tmp_path: Path) -> None:
    """One bit of a table that is wrong, in each of the counters' tables."""
    texts = [*gate_proofs(), *chain_proofs()]
    source = (MVAU / "counters.sv").read_text()
    for table in ("7888788888888888", "6996966996696996", "177e7ee8e8808000", "96969696e8e8e8e8"):
        wrong = f"{int(table, 16) ^ 1 << 37:016x}"
        assert source.count(table) == 1
        place = tmp_path / table
        place.mkdir()
        tops = {"7": "p_farm_gate_chains_2_1_0_0", "6": "p_chains_1_1_0", "1": "p_chains_1_1_0", "9": "p_full_adder"}
        with pytest.raises(yosys.YosysError):
            prove(place, texts, [tops[table[0]]], source.replace(table, wrong))


def compressor_proof(lanes: int, weight_bits: int, input_bits: int) -> list[str]:
    """Without registers: the beat and the bit beside it are worth the products, more the offset."""
    made = plan(lanes, weight_bits, input_bits)
    bits, weights = made.beat_bits, max(weight_bits, 1)
    products = []
    for lane in range(lanes):
        activation = "{" + ", ".join(f"a[{plane * lanes + lane}]" for plane in reversed(range(input_bits))) + "}"
        sign = (
            f"{{{32 - weights}{{w[{(weights - 1) * lanes + lane}]}}}}, " if weight_bits > 1 else f"{32 - weights}'d0, "
        )
        weight = "{" + sign + ", ".join(f"w[{bit * lanes + lane}]" for bit in reversed(range(weights))) + "}"
        products.append(f"{weight} * {activation}" if weight_bits else f"{{28'd0, {activation}}}")
    return [
        *modules([Compressor(lanes, weight_bits, input_bits, 0)]),
        f"module p_whole (input [{lanes * input_bits - 1}:0] a, input [{lanes * weights - 1}:0] w, output bad);",
        f"wire [{bits - 1}:0] beat; wire one;",
        f"farm_compress #(.LANES({lanes}), .WEIGHT_BITS({weight_bits}), .INPUT_BITS({input_bits}), .STAGES(0),",
        f".BEAT_BITS({bits})) made (.clk(1'b0), .a(a), .w(w), .beat(beat), .one(one));",
        f"wire [31:0] right = {' + '.join(products)} + {offset(lanes, weight_bits, input_bits)};",
        "wire [31:0] found = beat + {31'd0, one}; assign bad = found != right; endmodule",
    ]


FEW = ((1, 1, 2), (5, 1, 2), (7, 0, 2), (6, 1, 1), (3, 1, 4), (2, 2, 2))
MORE = ((10, 1, 2), (10, 0, 4), (10, 1, 1), (5, 2, 2), (3, 3, 3), (5, 1, 4), (2, 4, 4), (2, 3, 2), (1, 4, 3))


def test_whole_compressors_of_few_lanes(tmp_path: Path) -> None:
    for size in FEW:
        place = tmp_path / "x".join(map(str, size))
        place.mkdir()
        prove(place, compressor_proof(*size), ["p_whole"])


@pytest.mark.nightly
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("size", MORE)
def test_whole_compressors_of_up_to_ten_lanes(tmp_path: Path, size: tuple[int, int, int]) -> None:
    prove(tmp_path, compressor_proof(*size), ["p_whole"])
