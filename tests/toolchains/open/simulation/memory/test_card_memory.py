"""The card's memory in cycles, against arithmetic by hand."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import needs
import pytest

from integration.platform import Platform, find_platform
from toolchains.open.simulation.memory import FOLDER, HEADERS
from toolchains.open.simulation.memory.memory_lines import memory_lines

DMA = FOLDER.parent / "dma"
BANK = "bank ddr 4096 1048576"  # tag, base, bytes


@dataclass(frozen=True)
class Burst:
    """Cycles in which its address was accepted, its first and last word moved, and a write was answered."""

    accepted: int
    first: int
    last: int
    answered: int


@dataclass(frozen=True)
class Run:
    bursts: dict[str, list[Burst]]
    sums: dict[str, int]
    counts: dict[str, tuple[int, int, int]]
    cycles: int
    skipped: int
    text: str


@pytest.fixture(scope="session")
def bench(once) -> Path:
    """The compiled bench; undefined behaviour ends it."""
    needs.compiler()

    def compile_it(folder: Path) -> None:
        flags = ["-std=c++17", "-Og", "-Wall", "-Wextra", "-Werror", "-fsanitize=undefined", "-fno-sanitize-recover"]
        argv = ["g++", *flags, f"-I{FOLDER}", f"-I{DMA}", "-o", folder / "bench", Path(__file__).with_name("bench.cpp")]
        subprocess.run(argv, check=True)

    return once.make("card-memory-bench", compile_it) / "bench"


@pytest.fixture(scope="session")
def run(bench):
    """Run these lines; an error of the memory is a RuntimeError with its text."""

    def run(*lines: str) -> Run:
        done = subprocess.run([bench], input="\n".join(lines), capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        bursts: dict[str, list[Burst]] = {}
        sums, counts, ends = {}, {}, {}
        for kind, *words in map(str.split, done.stdout.splitlines()):
            if kind == "burst":
                bursts.setdefault(words[0], []).append(Burst(*map(int, words[1:])))
            elif kind == "sum":
                sums[words[0]] = int(words[1])
            elif kind == "bank":
                counts[words[0]] = tuple(map(int, words[1:]))
            else:
                ends = {"cycles": int(words[0]), "skipped": int(words[2])}
        return Run(bursts, sums, counts, **ends, text=done.stdout)

    return run


def test_headers_are_all(bench) -> None:
    assert sorted(path.name for path in FOLDER.glob("*.hpp")) == sorted(HEADERS)


@pytest.mark.parametrize("latency", [1, 2, 27, 300])
def test_latency_is_exact(run, latency) -> None:
    """A word a cycle: the first word comes so many cycles after its address, the others right behind it."""
    found = run(f"{BANK} 64 1 {latency} 4", "read r ddr 64 4096 8 3 1 5", "write w ddr 64 65536 8 3 1 5")
    for burst in found.bursts["r"]:
        assert burst.first - burst.accepted in (latency, latency + 1)  # the other master may have had its turn
    alone = run(f"{BANK} 64 1 {latency} 4", "read r ddr 64 4096 8 3 1 5")
    assert [burst.first - burst.accepted for burst in alone.bursts["r"]] == [latency] * 3
    assert [burst.last - burst.first for burst in alone.bursts["r"]] == [7] * 3
    alone = run(f"{BANK} 64 1 {latency} 4", "write w ddr 64 4096 8 3 1 5")
    assert [burst.answered - burst.last for burst in alone.bursts["w"]] == [latency] * 3


# Bytes a cycle as numerator and denominator: DDR4-2400 at 250, 300 and 195 MHz, HBM at 450 MHz, a slow memory.
RATES = [(384, 5), (64, 1), (1280, 13), (575, 18), (7, 2)]


@pytest.mark.parametrize(("numerator", "denominator"), RATES)
@pytest.mark.parametrize("percent", [100, 80, 60])
def test_bandwidth_is_what_was_set(run, numerator, denominator, percent) -> None:
    """64,000 bytes take their bytes over the bandwidth, or a cycle a word where the master's port is the limit."""
    found = run(
        f"{BANK} {numerator} {denominator} 30 32",
        f"memory efficiency_percent {percent}",
        "read r ddr 64 4096 8 125 32 0",
    )
    rate = min(Fraction(64), Fraction(numerator * percent, denominator * 100))
    bursts = found.bursts["r"]
    # One word is saved up at the beginning.
    assert abs(bursts[-1].last - bursts[0].first - (64_000 - 64) / rate) <= 2
    assert found.counts["ddr"] == (64_000, 0, 1000)


@pytest.mark.parametrize(("numerator", "denominator"), RATES)
def test_two_masters_share_a_bank_fairly(run, numerator, denominator) -> None:
    lines = ["read a ddr 64 4096 8 125 32 0", "read b ddr 64 131072 8 125 32 0"]
    found = run(f"{BANK} {numerator} {denominator} 30 32", *lines)
    rate = min(Fraction(128), Fraction(numerator, denominator))
    ends = [bursts[-1].last for bursts in found.bursts.values()]
    assert abs(max(ends) - found.bursts["a"][0].first - (128_000 - 64) / rate) <= 3
    assert abs(ends[0] - ends[1]) <= 64 / rate + 1
    # In the middle, too: neither is ahead by more than a word.
    for one, other in zip(found.bursts["a"], found.bursts["b"], strict=True):
        assert abs(one.last - other.last) <= 64 / rate + 1
    assert found.counts["ddr"][:2] == (128_000, 0)


def test_reading_and_writing_share_too(run) -> None:
    """Image in, result out and weights in, as the kernel's DMA has them: all finish, and the bytes add up."""
    lines = [
        "read in ddr 64 4096 16 20 16 0",
        "write out ddr 4 65536 5 20 4 0",
        "read weights ddr 32 131072 16 40 16 0",
    ]
    found = run(f"{BANK} 48 1 30 32", *lines)
    read, written, busy = found.counts["ddr"]
    assert (read, written) == (20 * 16 * 64 + 40 * 16 * 32, 20 * 5 * 4)
    assert read + written <= 48 * found.cycles
    assert busy <= found.cycles
    # The narrow writer is not shut out by the wide readers: it is done long before them.
    assert found.bursts["out"][-1].answered < found.bursts["weights"][-1].last / 2


def test_banks_do_not_disturb_each_other(run) -> None:
    banks = [f"{BANK} 4 1 30 32", "bank other 1048576000 1048576 4 1 30 32"]
    alone = run(*banks, "read a ddr 64 4096 8 12 32 0")
    both = run(*banks, "read a ddr 64 4096 8 12 32 0", "read b other 64 1048576000 8 12 32 0")
    assert both.bursts["a"] == alone.bursts["a"] == both.bursts["b"]
    assert both.counts == {"ddr": (6144, 0, 96), "other": (6144, 0, 96)}


@pytest.mark.parametrize("outstanding", [1, 2, 5])
def test_bursts_under_way_are_bounded(run, outstanding) -> None:
    """A word a burst: with n under way, n words move in the time of one latency and the cycle that makes room."""
    latency = 100
    found = run(f"{BANK} 64 1 {latency} {outstanding}", "read r ddr 64 4096 1 40 40 0")
    accepted = [burst.accepted for burst in found.bursts["r"]]
    moved = [burst.last for burst in found.bursts["r"]]
    assert [later - earlier for earlier, later in zip(accepted, accepted[outstanding:], strict=False)] == [
        latency + 1
    ] * (40 - outstanding)
    for cycle in range(found.cycles):
        assert sum(a <= cycle for a in accepted) - sum(m < cycle for m in moved) <= outstanding
    found = run(f"{BANK} 64 1 {latency} {outstanding}", "write w ddr 64 4096 1 40 40 0")
    accepted = [burst.accepted for burst in found.bursts["w"]]
    answered = [burst.answered for burst in found.bursts["w"]]
    for cycle in range(found.cycles):
        assert sum(a <= cycle for a in accepted) - sum(m < cycle for m in answered) <= outstanding


def test_what_was_written_is_read(run) -> None:
    """The bytes of the writer, by the formula of the bench; a page that nobody wrote is junk."""
    lines = ["write w ddr 64 61440 8 16 4 0", "read r ddr 64 61440 8 16 4 100"]
    found = run(f"{BANK} 64 1 5 8", *lines)
    total = 0
    for word in range(128):
        for byte in range(64):
            total = (total * 31 + (word + byte) % 256) % 2**64
    assert found.sums["r"] == total
    junk = 0
    for _ in range(128 * 64):
        junk = (junk * 31 + 0xA5) % 2**64
    assert run(f"{BANK} 64 1 5 8", "read r ddr 64 61440 8 16 4 0").sums["r"] == junk


def test_it_is_deterministic_and_cycles_at_rest_may_be_left_out(run) -> None:
    lines = [
        f"{BANK} 384 5 27 4",
        "read a ddr 64 4096 4 20 2 150",
        "write b ddr 4 65536 5 20 1 130",
        "read c ddr 32 131072 8 10 3 200",
    ]
    plain = run(*lines)
    assert run(*lines) == plain
    skipping = run(*lines, "skip")
    assert skipping.skipped > 500
    assert skipping.text.split("skipped")[0] == plain.text.split("skipped")[0]


@pytest.mark.parametrize(
    ("rule", "kind", "words"),
    [
        ("address", "read", "an offered address changed"),
        ("taken back", "read", "taken back before it was accepted"),
        ("outside", "read", "a burst outside the memory"),
        ("outside", "write", "a burst outside the memory"),
        ("last", "write", "WLAST is not at the last word"),
    ],
)
def test_a_broken_rule_is_named(run, rule, kind, words) -> None:
    with pytest.raises(RuntimeError, match=words):
        # Another burst keeps the address waiting, so that it can change.
        run(f"{BANK} 64 1 5 1", f"{kind} m ddr 64 4096 8 4 4 0", f"break {rule}")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["bank ddr 0 4096 64 1 5"], "does not have the values of a bank"),
        (["bank ddr 0 4096 64 1 5 4 7"], "does not have the values of a bank"),
        (["bank ddr 0 4096 sixty 1 5 4"], "does not have the values of a bank"),
        (["bank ddr 0 4096 0 1 5 4"], "no bandwidth"),
        (["bank ddr 0 4096 64 0 5 4"], "no bandwidth"),
        (["bank ddr 0 4096 5000000000 1 5 4"], "more than 32 bits"),
        (["bank ddr 0 4096 64 1 0 4"], "at least 1"),
        (["bank ddr 0 4096 64 1 5 0"], "at least 1"),
        (["bank ddr 0 0 64 1 5 4"], "ends behind"),
        (["bank ddr 18446744073709551615 4096 64 1 5 4"], "ends behind"),
        (["bank ddr 0 4096 64 1 5 4", "bank ddr 4096 4096 64 1 5 4"], "there twice"),
        (["bank ddr 0 4096 64 1 5 4", "bank other 4095 4096 64 1 5 4"], "overlap"),
        (["memory efficiency_percent 0"], "1 to 100"),
        (["memory efficiency_percent 101"], "1 to 100"),
        (["memory efficiency_percent many"], "1 to 100"),
        (["memory speed 5"], "1 to 100"),
        (["bank ddr 0 4096 64 1 5 4", "read r none 64 0 1 1 1 0"], "there is no bank none"),
    ],
)
def test_bad_settings_are_named(run, lines, words) -> None:
    with pytest.raises(RuntimeError, match=words):
        run(*lines)


@pytest.mark.parametrize(
    ("board", "clock_mhz", "rate", "latency"),
    [
        # 19.2 GB/s and 106.6 ns; 14.375 GB/s and 137.8 ns, which is 62 cycles of the HBM's own 450 MHz.
        ("u250", 195.0, "1280 13", 21),
        ("u250", 250.0, "384 5", 27),
        ("u250", 300.0, "64 1", 32),
        ("u200", 300.0, "64 1", 32),
        ("u280", 450.0, "575 18", 62),
        ("u50", 250.0, "115 2", 34),
        ("u55c", 250.0, "115 2", 34),
    ],
)
def test_lines_of_a_platform(board, clock_mhz, rate, latency) -> None:
    platform = find_platform(board)
    (tag,) = platform.tags("in_r")
    bank = platform.bank(tag)
    # The U250's weights may lie in 2 MiB of PLRAM: as fast as a DDR bank there, and 33.3 ns from address to data.
    plram = f"bank PLRAM[0] {0x3000000000} {2 << 20} {rate} {round(clock_mhz * 0.0333)} 32"
    assert memory_lines(platform, clock_mhz, 80) == [
        f"bank {tag} {bank.base} {bank.size_kib * 1024} {rate} {latency} 32",
        *([plram] if board == "u250" else []),
        "memory efficiency_percent 80",
    ]


def test_the_memory_takes_the_lines(run) -> None:
    lines = memory_lines(find_platform("u250"), 250.0)
    base = find_platform("u250").bank("bank0").base
    assert run(*lines, f"read r bank0 64 {base} 8 1 1 0").bursts["r"][0] == Burst(1, 28, 35, 0)


@pytest.mark.parametrize(("clock_mhz", "percent"), [(0.0, 100), (float("nan"), 100), (250.0, 0), (250.0, 101)])
def test_lines_need_a_clock_and_an_efficiency(clock_mhz, percent) -> None:
    with pytest.raises(ValueError, match="no memory at"):
        memory_lines(find_platform("u250"), clock_mhz, percent)


def test_lines_need_the_speed_of_the_memories() -> None:
    """An xclbin's description of the platform does not have it."""
    described = Platform.from_description(find_platform("u250").describe())
    with pytest.raises(ValueError, match="memory bank0 has no speed"):
        memory_lines(described, 250.0)
