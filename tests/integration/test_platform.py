"""Platform files: data of a board, with all mistakes at once."""

from __future__ import annotations

import re
from dataclasses import astuple
from itertools import pairwise

import pytest

from config.fpga_resources import Resources
from config.problem import ConfigError
from integration.platform import BOARDS, Budget, find_platform

SHARED = BOARDS.parents[1] / "shared"
U250 = (BOARDS / "u250.yaml").read_text()


@pytest.fixture
def problems(tmp_path):
    """Return a function that reads the platform with some texts replaced and gives all problems."""

    def read(*changes: tuple[str, str]) -> list[tuple[int | None, str]]:
        text = U250
        for before, after in changes:
            assert before in text, before
            text = text.replace(before, after, 1)
        (tmp_path / "u250.yaml").write_text(text)
        with pytest.raises(ConfigError) as error:
            find_platform("u250", tmp_path)
        assert all(problem.remedy for problem in error.value.problems)
        return [(problem.line, problem.what) for problem in error.value.problems]

    return read


def test_u250() -> None:
    board = find_platform("u250")
    assert (board.part, board.vbnv) == ("xcu250-figd2104-2L-e", "xilinx_u250_xdma_201830_2")
    banks = [memory for memory in board.memories if memory.kind == "ddr4"]
    # The card has four DIMMs of 16 GiB.
    assert [(bank.tag, bank.size_kib) for bank in banks] == [(f"bank{i}", 16 * 2**20) for i in range(4)]
    spans = sorted((memory.base, memory.base + memory.size_kib * 1024) for memory in board.memories)
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans)), "memories overlap"
    assert board.tags("weightsmem") == ("bank0", "PLRAM[0]")


def test_plrams_of_the_u250() -> None:
    """Of 0x20000 bytes and 0x200000 apart, as xclbinutil printed them of a public build; a link makes one 2 MiB."""
    board = find_platform("u250")
    plrams = [memory for memory in board.memories if memory.kind == "dram"]
    assert [memory.plram for memory in plrams] == [0, 1, 2, 3]
    assert [(memory.shell_kib or memory.size_kib) * 1024 for memory in plrams] == [0x20000] * 4
    assert [memory.base for memory in plrams] == [0x3000000000 + n * 0x200000 for n in range(4)]
    assert [memory.slr for memory in plrams] == ["slr0", "slr1", "slr2", "slr3"]
    # The weights of the last layer of ResNet-50, 1000 x 2048 bytes, fit.
    assert plrams[0].size_kib * 1024 >= 1000 * 2048


def test_the_info_of_a_public_build() -> None:
    """All memories of a file that v++ made for this board, as xclbinutil prints them."""
    info = SHARED / "reports_corpus" / "vpp_xclbin_info" / "v2022.2_u250_topk.xclbin.info"
    if not info.is_file():
        pytest.skip("the corpus of reports is not beside this checkout")
    pattern = r"Name: +(\S+)\n +Index: +\d+\n +Type: +MEM_\w+\n +Base Address: +(0x\w+)\n +Address Size: +(0x\w+)"
    printed = [(tag, int(base, 16), int(size, 16)) for tag, base, size in re.findall(pattern, info.read_text())]
    ours = [(each.tag, each.base, (each.shell_kib or each.size_kib) * 1024) for each in find_platform("u250").memories]
    # That shell is a later one, which also reaches the host's memory.
    assert ours == [each for each in printed if not each[0].startswith("HOST")]


def test_name() -> None:
    with pytest.raises(ConfigError, match=r"command line: there is no platform called 'u25'; did you mean 'u250'\?"):
        find_platform("u25")
    with pytest.raises(
        ConfigError, match=r"farm\.yaml:4: there is no platform called 'zcu'; known: u200, u250, u280, u50, u55c"
    ):
        find_platform("zcu", origin="farm.yaml:4")


def line_of(part: str) -> int:
    return 1 + next(i for i, line in enumerate(U250.splitlines()) if part in line)


@pytest.mark.parametrize("board", ["u50", "u55c", "u200", "u250", "u280"])
def test_slrs_of_a_board(board) -> None:
    """The SLRs have not more left than the whole; every memory and shell names SLRs that there are."""
    platform = find_platform(board)
    slrs = dict(platform.budget.slrs)
    total = astuple(platform.budget.total)
    assert all(
        sum(each) <= whole for each, whole in zip(zip(*map(astuple, slrs.values()), strict=True), total, strict=True)
    )
    assert all(memory.slr in slrs for memory in platform.memories)
    assert platform.shell() is not None
    assert all(len(shell.pblocks) == len(slrs) for shell in platform.shells)
    assert platform.shell("xilinx_u9_gen1x1_xdma_1") is None
    assert (platform.data_clock.mhz, platform.data_clock.most_mhz) == (300, 650)


@pytest.mark.parametrize("board", ["u50", "u55c", "u200", "u250", "u280"])
def test_speed_of_the_memories(board) -> None:
    """Bandwidths by arithmetic: 2.4 GT/s of 8 bytes, and 460 GB/s of AMD's UG1393 over 32 channels."""
    memories = find_platform(board).memories
    speeds = {"ddr4": 2.4 * 8, "hbm": 460 / 32, "dram": 64 * 0.3}
    assert all(memory.gb_per_s == pytest.approx(speeds[memory.kind]) for memory in memories)
    # Cycles of the memory's own clock at a page miss, as published; in PLRAM those that AMD's example sets.
    latencies = {"ddr4": 32 / 0.3, "hbm": 62 / 0.45, "dram": 10 / 0.3}
    assert all(memory.latency_ns == pytest.approx(latencies[memory.kind], abs=0.1) for memory in memories)


def test_the_speed_of_a_memory_is_not_in_an_xclbin(tmp_path) -> None:
    """Another number there builds no other xclbin for the emulation, which has no time."""
    (tmp_path / "u250.yaml").write_text(U250.replace("gb_per_s: 19.2", "gb_per_s: 10"))
    assert find_platform("u250", tmp_path).describe() == find_platform("u250").describe()


def test_shells() -> None:
    """The cells of a compute unit as public logs of the three generations show them."""
    u250, u50 = find_platform("u250"), find_platform("u50")
    assert u250.shell().cell("k_1") == "pfm_top_i/dynamic_region/k_1"
    later = u250.shell("xilinx_u250_gen3x16_xdma_4_1_202210_1")
    assert later.cell("k_1") == "level0_i/level1/level1_i/ulp/k_1"
    assert u50.shell().cell("k_1") == "level0_i/ulp/k_1"
    assert [(bank.sp, bank.slr) for bank in u250.memories][:4] == [(f"DDR[{i}]", f"slr{i}") for i in range(4)]


@pytest.mark.parametrize(
    ("before", "after", "line", "what"),
    [
        ("part:", "prat:", None, "'part' is missing"),
        ("kind: data", "kind: dat", "DATA_CLK", "'kind' cannot be 'dat'"),
        ("mhz: 300", "mhz: fast", "DATA_CLK", "'mhz' must be a whole number"),
        ("mhz: 500", "mhz: 0", "KERNEL_CLK", "'mhz' is 0"),
        ("size_kib: 16777216, base: 0x5", "base: 0x5", "bank1", "'size_kib' is missing"),
        ("in_r: [bank0]", "in_r: [bank9]", "connect:", "there is no memory 'bank9'"),
        ("in_r: [bank0], ", "", "connect:", "'in_r' is missing"),
        ("in_r: [bank0]", "in_r: []", "connect:", "'in_r'"),
        ('weightsmem: [bank0, "PLRAM[0]"]}', "weightsmem: [bank0], extra: [bank0]}", "connect:", "unknown key 'extra'"),
        ("tag: bank1", "tag: bank0", "base: 0x5000000000", "'bank0'"),
        ("base: 0x5000000000", "base: 0x4000001000", "bank1", "overlap"),
        ("kernel_base: 0x1800000", "kernel_base: -1", "kernel_base", "'kernel_base' is -1"),
        ("platform: xilinx_u250_xdma_201830_2", "platform: u250", "platform:", "'u250'"),
        ("kind: data,", "kind: system,", "clocks:", "data"),
        ('sp: "DDR[1]", slr: slr1', 'sp: "DDR[1]", slr: slr7', "bank1", "there is no SLR 'slr7'"),
        ("dynamic_region/{cu}", "dynamic_region", "xdma_201830_2, cu_path", "names no compute unit"),
        (", pblock_dynamic_SLR3", "", "xdma_201830_2, cu_path", "3 pblocks for 4 SLRs"),
        ("slls: 23040", "slls: 0", "slls", "'slls' is 0"),
        ("slr: slr1, gb_per_s: 19.2", "slr: slr1", "bank1", "'gb_per_s' is missing"),
        ("slr: slr1, gb_per_s: 19.2", "slr: slr1, gb_per_s: 0", "bank1", "'gb_per_s' is 0"),
        ("slr: slr1, gb_per_s: 19.2", "slr: slr1, gb_per_s: fast", "bank1", "'gb_per_s' must be a number"),
        ("slr: slr1, gb_per_s: 19.2", "slr: slr1, gb_per_s: .inf", "bank1", "'gb_per_s'"),
        ("shell_kib: 128", "shell_kib: 4096", 'tag: "PLRAM[0]"', "4096 is more than 'size_kib'"),
        ('sp: "DDR[1]"', 'sp: "DDR[1]", shell_kib: 1', "bank1", "a link cannot resize DDR[1]"),
        ("latency_ns: 33.3", "latency_ns: -1", 'tag: "PLRAM[0]"', "'latency_ns' is -1"),
        (", latency_ns: 33.3", "", 'tag: "PLRAM[0]"', "'latency_ns' is missing"),
        ("latency_ns: 33.3", "latency_ns: short", 'tag: "PLRAM[0]"', "'latency_ns' must be a number"),
        ("base: 0x5000000000", "base: high", "bank1", "'base' must be a whole number"),
    ],
)
def test_mistake(problems, before, after, line, what) -> None:
    found = problems((before, after))
    assert any(what in text for _, text in found), found
    if line is not None:
        assert line_of(line) in [where for where, text in found if what in text], found


def test_several_at_once(problems) -> None:
    found = problems(("kind: data", "kind: dat"), ("in_r: [bank0]", "in_r: [bank9]"), ("part:", "prat:"))
    assert len(found) == 4  # 'part' is missing, and 'prat' is unknown


def test_name_of_the_file(problems) -> None:
    assert any("'u280'" in what for _, what in problems(("name: u250", "name: u280")))


@pytest.mark.parametrize("name", ["u200", "u250", "u280", "u50", "u55c"])
def test_boards(name: str) -> None:
    board = find_platform(name)
    assert f"_{name}_" in board.vbnv and board.part.startswith(f"xc{name}-")
    for _, amounts in board.budget.slrs:
        assert amounts.luts and board.budget.total.luts and amounts.luts < board.budget.total.luts


def test_budget() -> None:
    """The totals are what v++ prints as the user's budget, the parts what AMD documents as free."""
    assert astuple(find_platform("u250").budget.total) == (1576074, 3213658, 2452, 1280, 12281)
    assert dict(find_platform("u250").budget.slrs)["slr2"] == Resources(345000, 690000, 500, 320, 2877)
    assert dict(find_platform("u200").budget.slrs)["slr1"] == Resources(159739, 331654, 326, 160, 1317)


def test_budget_mistakes(problems) -> None:
    found = problems(("bram_tiles: 2452", "brams: 2452"), ("slr1: {luts: 345000", "slr1: {luts: many"))
    assert [line for line, _ in found] == [line_of("total:"), line_of("slr1:")]


def test_a_platform_without_a_budget(tmp_path) -> None:
    (tmp_path / "u250.yaml").write_text(U250.partition("# Resources that the shell leaves")[0])
    assert find_platform("u250", tmp_path).budget == Budget()
