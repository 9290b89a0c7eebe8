"""Parameter memories: primitives, contents, and the patched netlist read back by a simulator."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import needs
import numpy as np
import pytest
from everyday import first

from blocks.memories import pack_beats
from blocks.network import find_network
from blocks.parameter_memory.contents import ContentsError, initial_values, unpack_image
from blocks.parameter_memory.plan import BLOCK_RAMS, HALF_BLOCK_RAMS, plan_memory
from toolchains.open.stages.memories import memory_view
from toolchains.open.synthesis import yosys
from toolchains.open.synthesis.fill_memory import fill, fill_block, main
from toolchains.open.synthesis.script import DSP_MAP, NETLIST, synthesis_script

ROOT = Path(__file__).resolve().parents[4]
#: Width and depth: each primitive, port width, and use of one port or of both is in one of them.
SHAPES = ((20, 20), (20, 40), (100, 70), (54, 700), (20, 1500), (13, 3000), (3, 6000))


@pytest.mark.parametrize(
    ("width_bits", "depth", "luts", "tiles"),
    [
        (2048, 18, 1024, 0),  # 128 x 16 bits of 8 LUTs
        (1024, 64, 1024, 0),  # a LUT for each bit
        (1320, 64, 1320, 0),
        (2048, 72, 0, 28.5),  # 28 x 72 = 2016, and 32 of the 36 bits of half a tile
        (2048, 288, 0, 28.5),
        (1024, 1024, 0, 28.5),  # 28 x 36 = 1008, and 16 of 18
        (2048, 1152, 0, 114),  # 113 x 18 = 2034, and 14 that half a tile's 9 do not hold
        (32, 1000, 0, 1),
        (1, 32768, 0, 1),
    ],
)
def test_the_plan_is_what_arithmetic_gives(width_bits: int, depth: int, luts: int, tiles: float) -> None:
    area = plan_memory(width_bits, depth).area
    assert (area.luts, area.bram_tiles) == (luts, tiles)


def test_all_parameters_of_the_reference_design_fit_the_block_rams() -> None:
    cores = find_network("resnet50").cores().values()
    ports = [port.stream for core in cores for port in core.parameter_ports()]
    areas = [plan_memory(stream.width_bits, stream.depth).area for stream in ports]
    held = sum(stream.width_bits * stream.depth for stream in ports)
    assert sum(area.bram_tiles for area in areas) <= 1500
    assert sum(area.bram_tiles * 36864 + area.luts * 64 for area in areas) >= held


@pytest.mark.parametrize(("width_bits", "depth"), [(0, 4), (4, 0), (1, 32769)])
def test_a_memory_that_cannot_be_is_refused(width_bits: int, depth: int) -> None:
    with pytest.raises(ValueError, match="a memory of"):
        plan_memory(width_bits, depth)


def test_an_image_of_another_size_is_one_error_that_says_both() -> None:
    with pytest.raises(ContentsError, match=r"conv0_weights: the image has 7 bytes, but 4 beats of 9 bits take 8"):
        unpack_image(bytes(7), 9, 4, "conv0_weights")
    with pytest.raises(ContentsError, match="bits set beyond the 9"):
        unpack_image(bytes([0, 2, 0, 0]), 9, 2)


@cache
def values_of(width_bits: int, depth: int, seed: int) -> np.ndarray:
    return np.random.default_rng([width_bits, depth, seed]).integers(0, 2, (depth, width_bits))


@pytest.fixture(scope="session")
def synthesised(synthesise_view):
    """The netlist of a memory without contents, each made once."""

    @cache
    def netlist(width_bits: int, depth: int) -> dict:
        folder = synthesise_view(memory_view(plan_memory(width_bits, depth)))
        return json.loads((folder / NETLIST).read_text())

    return netlist


def test_only_init_differs_between_two_sets_of_weights(synthesised) -> None:
    plan = plan_memory(20, 40)
    empty = synthesised(20, 40)
    texts = []
    for seed in (1, 2):
        filled = fill(empty, plan, pack_beats(values_of(20, 40, seed), 1))
        assert filled != empty
        for cell in filled["modules"][plan.module]["cells"].values():
            cell["parameters"] = {key: value for key, value in cell["parameters"].items() if "INIT_" not in key}
        texts.append(json.dumps(filled))
    assert texts[0] == texts[1] == json.dumps(empty)


def test_a_netlist_of_another_memory_is_refused(synthesised) -> None:
    with pytest.raises(ContentsError, match="has no module farm_memory_w21_d40"):
        fill(synthesised(20, 40), plan_memory(21, 40), bytes(120))


def test_a_block_gets_each_of_its_memories_filled_and_nothing_may_be_left_over(
    synthesised, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plan = plan_memory(20, 40)
    Path(f"{plan.module}.json").write_text(json.dumps(synthesised(20, 40)))
    images = b"".join(pack_beats(values_of(20, 40, seed), 1) for seed in (1, 2))
    described = [
        {"port": port, "width_bits": 20, "depth": 40, "offset": 120 * index, "bytes": 120}
        for index, port in enumerate(("weights", "thresholds"))
    ]
    modules = fill_block("res2a", images, described)["modules"]
    for seed, port in ((1, "weights"), (2, "thresholds")):
        alone = fill(synthesised(20, 40), plan, pack_beats(values_of(20, 40, seed), 1))
        assert modules[f"res2a_{port}"] == alone["modules"][plan.module]
    with pytest.raises(ContentsError, match=r"res2a: memories\.bin has 241 bytes, but its memories take 240"):
        fill_block("res2a", images + b"x", described)
    with pytest.raises(ContentsError, match=r"res2a\.thresholds: the image has 119 bytes, but 40 beats"):
        fill_block("res2a", images[:-1], described)


def test_the_step_says_in_one_line_what_does_not_fit(synthesised, tmp_path, monkeypatch, capsys) -> None:
    """An image that is too short, and one of a memory that the core does not have; nothing is left."""
    monkeypatch.chdir(tmp_path)
    Path("farm_memory_w20_d40.json").write_text(json.dumps(synthesised(20, 40)))
    for depth, size, words in (
        (40, 119, r"ERROR: res2a\.weights: the image has 119 bytes, but 40 beats of 20 bits take 120\b"),
        (41, 123, r"ERROR: res2a\.weights: a memory of 41 beats of 20 bits is described, but no core has one"),
    ):
        Path("memories.bin").write_bytes(bytes(size))
        described = {"port": "weights", "width_bits": 20, "depth": depth, "offset": 0, "bytes": size}
        Path("memories.json").write_text(json.dumps({"memories": [described]}))
        assert main(["--block", "res2a"]) == 1
        said = capsys.readouterr().out
        assert re.match(words, said)
        assert said.count("\n") == 1
        assert not list(tmp_path.glob("filled*"))


BENCH = """
module bench;
    reg clk = 0, rst_n = 0, ready = 0;
    wire [WIDTH-1:0] data; wire valid;
    TOP dut (.ap_clk(clk), .ap_rst_n(rst_n), .out_TDATA(data), .out_TVALID(valid), .out_TREADY(ready));
    integer seed = SEED, cycle, beats = 0, stalls;
    reg [WIDTH-1:0] held; reg waited = 0;
    always #1 clk = ~clk;
    initial begin
        for (cycle = 0; beats < BEATS; cycle = cycle + 1) begin
            @(negedge clk);
            rst_n = cycle > 5;
            ready = STALL == 0 || $urandom(seed) % 100 >= STALL;
            #0.5;
            if (cycle > 8 && waited && !(valid === 1 && data === held)) $display("BROKEN %0d", cycle);
            if (cycle > 12 && STALL == 0 && valid !== 1) $display("PAUSE %0d", cycle);
            if (cycle > 6 && valid === 1 && ready) begin $display("%h", data); beats = beats + 1; end
            waited = valid === 1 && !ready && cycle > 6;
            held = data;
        end
        $finish;
    end
endmodule
"""


@pytest.mark.parametrize(("width_bits", "depth"), first(SHAPES, 3))
def test_the_patched_netlist_streams_its_image(
    synthesised, netlist_models, tmp_path: Path, width_bits: int, depth: int
) -> None:
    needs.program("iverilog")
    plan = plan_memory(width_bits, depth)
    values = values_of(width_bits, depth, 0)
    filled = fill(synthesised(width_bits, depth), plan, pack_beats(values, 1))
    (tmp_path / "filled.json").write_text(json.dumps(filled))
    (tmp_path / "v.ys").write_text("read_json filled.json\nwrite_verilog -noattr filled.v\n")
    yosys.run_script(Path("v.ys"), tmp_path / "v.log", tmp_path)
    expected = [int("".join(map(str, row[::-1])), 2) for row in values]
    width = -(-width_bits // 8) * 8
    for stall in (0, 40):
        beats = depth + 50 if stall else 2 * depth + 3
        seed = random.Random(width_bits * depth).randrange(2**30)
        names = {"WIDTH": width, "TOP": plan.module, "SEED": seed, "STALL": stall, "BEATS": beats}
        bench = BENCH
        for name, value in names.items():
            bench = re.sub(rf"\b{name}\b", str(value), bench)
        (tmp_path / "bench.v").write_text(bench)
        sources = ["bench.v", "filled.v", *map(str, netlist_models)]
        subprocess.run(["iverilog", "-g2012", "-o", "run", "-s", "bench", *sources], cwd=tmp_path, check=True)
        done = subprocess.run(["vvp", "-n", "run"], cwd=tmp_path, check=True, capture_output=True, text=True)
        lines = done.stdout.split()
        assert "BROKEN" not in lines
        assert "PAUSE" not in lines
        assert [int(line, 16) for line in lines if not line.startswith("$")] == [
            expected[beat % depth] for beat in range(beats)
        ]


ROMS = (("RAMB36E2", 36, 1024), ("RAMB36E2", 18, 2048), ("RAMB18E2", 18, 1024), ("RAMB18E2", 9, 2048))


@pytest.fixture(scope="module")
def roms(once) -> dict[str, tuple[str, dict[str, str]]]:
    """ROMs that Yosys maps by itself, all in one run; type and parameters of the cell that each became."""
    folder = once.make("roms-synthesised", synthesise_roms)
    cells = json.loads((folder / NETLIST).read_text())["modules"]["roms"]["cells"]
    return {
        f"{read_width}x{depth}": (cell["type"], cell["parameters"])
        for _, read_width, depth in ROMS
        for cell in [cell for name, cell in cells.items() if name.startswith(f"rom_{read_width}x{depth}.")]
        if cell["type"].startswith("RAMB")
    }


def synthesise_roms(folder: Path) -> None:
    ports, instances, modules = ["input clk", "input [10:0] a"], [], []
    for _, read_width, depth in ROMS:
        name, top = f"rom_{read_width}x{depth}", (depth - 1).bit_length() - 1
        parity = read_width // 9
        # Yosys numbers bits by bytes of nine, the parity bit the last of each.
        order = [8 * byte + bit if bit < 8 else 8 * parity + byte for byte in range(parity) for bit in range(9)]
        lines = ["".join(map(str, row[order][::-1])) for row in values_of(read_width, depth, 3)]
        (folder / f"{name}.mem").write_text("\n".join(lines) + "\n")
        ports.append(f"output [{read_width - 1}:0] {name}_q")
        instances.append(f"    module_{name} {name} (.clk, .a(a[{top}:0]), .q({name}_q));")
        modules.append(f"""
module module_{name} (input clk, input [{top}:0] a, output logic [{read_width - 1}:0] q);
    (* rom_style = "block" *) logic [{read_width - 1}:0] words [{depth}];
    initial $readmemb("{name}.mem", words);
    always_ff @(posedge clk) q <= words[a];
endmodule
""")
    text = "".join(modules) + f"module roms ({', '.join(ports)});\n" + "\n".join(instances) + "\nendmodule\n"
    (folder / "roms.sv").write_text(text)
    shutil.copy(ROOT / "toolchains/open/synthesis" / DSP_MAP, folder)
    (folder / "s.ys").write_text(synthesis_script("roms", ("roms.sv",)))
    yosys.run_synthesis(Path("s.ys"), folder / "s.log", folder)


@pytest.mark.parametrize(("primitive", "read_width", "depth"), ROMS)
def test_yosys_puts_the_same_words_in_the_same_init(roms, primitive: str, read_width: int, depth: int) -> None:
    shape = next(
        shape
        for shape in (*BLOCK_RAMS, *HALF_BLOCK_RAMS)
        if (shape.primitive, shape.read_width, shape.depth, shape.bits) == (primitive, read_width, depth, read_width)
    )
    (found, parameters) = roms[f"{read_width}x{depth}"]
    assert found == primitive
    plan = plan_memory(read_width, depth)
    assert plan.shapes == (shape,)
    (ours,) = initial_values(plan, values_of(read_width, depth, 3))
    theirs = {key: int(value, 2) for key, value in parameters.items() if re.fullmatch("INITP?_[0-9A-F]{2}", key)}
    assert {key: value for key, value in theirs.items() if value} == {key: v for key, v in ours.items() if v}
