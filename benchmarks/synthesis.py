"""Synthesises a network's cores and memories with Yosys and compares them with straightforward versions.

    python -m benchmarks.synthesis [NETWORK] [--only BLOCK ...] [--jobs 2] [--plain]

Prints per core LUTs (Yosys' estimated LCs and LUTs as memory), registers, block RAM tiles, DSPs, logic delay without
routing, levels, and the seconds and the peak memory of the run; then the sum over the blocks with their memories, and
the limits. All figures are estimates.

`--plain` synthesises every core again with `straightforward.sv`: PEs that add signed products and share nothing.
"plain" is that core at the same folding, "ratio" is ours divided by it. "at PE" adds the lanes that thresholds as wide
as their MVAU's PE would need, computed from the area of single lanes. It is an upper bound, because such a core would
need fewer width converters. Both exclude the memories.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from blocks.core.base import Core
from blocks.core.graph import Graph, GraphCore
from blocks.core.rtl import render, top_text
from blocks.dma import DmaCore
from blocks.network import Network, find_network
from blocks.operators.mvau import Mvau
from blocks.operators.threshold import Threshold
from blocks.parameter_memory import rtl as memory_rtl
from blocks.parameter_memory.plan import MemoryPlan, memory_plans
from config.problem import ConfigError
from reports.open_tools.yosys_stat import parse
from reports.reading.errors import ReportError
from toolchains.open.synthesis.script import DSP_MAP, STATISTICS, synthesis_script

ROOT = Path(__file__).resolve().parents[1]
VARIANT = "straightforward.sv"
LIMITS = {
    "luts": 520_000,
    "dsps": 3_140,
    "parameter tiles": 1_500,
    "seconds": 12 * 60,
    "peak GiB": 6,
    "doubtful paths": 0,
}
LANE = "farm_threshold_lane"
HELD = ("luts", "registers", "bram_tiles")


@dataclass(frozen=True)
class Run:
    """One synthesis: the members of `values.json`, wall and processor seconds, and GiB of its largest process."""

    values: dict[str, Any]
    seconds: float
    cpu_seconds: float
    peak_gib: float
    lanes: tuple[tuple[int, int], ...]
    """For each kind of threshold lane in the netlist: the bits of its thresholds, and its estimated LCs."""

    def number(self, name: str) -> float:
        """A member of `values` as a number."""
        return float(self.values[name])


def synthesise(
    top: str,
    texts: dict[str, str],
    files: Iterable[str],
    *,
    plain: bool = False,
    urams: bool = False,
    infers: bool = True,
) -> Run:
    """Synthesise in a temporary folder, as the steps do. Raises SystemExit with the step's log."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wanted = {file: (ROOT / "blocks" / file).read_text() for file in files} | texts
        extra = {VARIANT: (ROOT / "benchmarks" / "rtl" / VARIANT).read_text()} if plain else {}
        extra[DSP_MAP] = (ROOT / "toolchains/open/synthesis" / DSP_MAP).read_text()
        script = synthesis_script(top, wanted, (VARIANT,) if plain else (), urams=urams, infers=infers)
        for file, text in (wanted | extra | {"synthesis.ys": script}).items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text)
        begun = time.perf_counter()
        command = [sys.executable, "-m", "toolchains.open.synthesis.synthesise", "--core", top, "--tool", "Yosys"]
        with (folder / "step.log").open("w") as log:
            child = subprocess.Popen(command, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=log)
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"{top}: {(folder / 'step.log').read_text()}")
        statistics = parse((folder / STATISTICS).read_text(), STATISTICS)
        lanes = tuple(
            (_ports(folder / "netlist.json", module.name), module.estimated_lcs or 0)
            for module in statistics.modules
            if LANE in module.name
        )
        values = json.loads((folder / "values.json").read_text())
        cpu = usage.ru_utime + usage.ru_stime
        return Run(values, time.perf_counter() - begun, cpu, usage.ru_maxrss / 2**20, lanes)


def _ports(netlist: Path, module: str) -> int:
    """Bits of a lane's thresholds, which identify a kind of lane."""
    return len(json.loads(netlist.read_text())["modules"][module]["ports"]["thresholds"]["bits"])


def lanes_at_pe(graph: Graph, run: Run) -> float:
    """LUTs of the additional lanes if all thresholds were as wide as their MVAU's PE."""
    cost = dict(run.lanes)
    producer = {name: node for node in graph.nodes for name in node.outputs}
    total = 0.0
    for node in graph.nodes:
        if not isinstance(node.operator, Threshold):
            continue
        source = producer.get(node.inputs[0])
        while source is not None and not isinstance(source.operator, Mvau):
            source = producer.get(source.inputs[0]) if source.inputs else None
        if source is None or not isinstance(source.operator, Mvau):
            continue
        wanted = source.operator.pe * source.operator.mmv
        bits = node.operator.steps * node.operator.threshold_bits
        total += max(0, wanted - node.operator.pe) * cost.get(bits, 0)
    return total


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark.

    Returns:
        0, or 1 if the whole network misses a limit.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", nargs="?", default="resnet50")
    parser.add_argument("--only", nargs="+", metavar="BLOCK", help="only the cores of these blocks")
    parser.add_argument("--jobs", type=int, default=1, help="cores at a time")
    parser.add_argument("--plain", action="store_true", help="the straightforward variant too")
    given = parser.parse_args(arguments)
    try:
        network = find_network(given.network)
    except ConfigError as error:
        raise SystemExit(str(error)) from None
    users = Counter(core.name for core in network.cores().values())
    only = given.only or list(network.cores())
    unknown = [block for block in only if block not in network.cores()]
    if unknown:
        raise SystemExit(f"{network.name} has no block {unknown[0]!r}; known: {', '.join(network.cores())}")
    cores = {network.cores()[block].name: network.cores()[block] for block in only}
    begun = time.perf_counter()
    try:
        with ThreadPoolExecutor(given.jobs) as pool:
            real = dict(zip(cores, pool.map(_run, cores.values()), strict=True))
            took = time.perf_counter() - begun
            binary = {core.name: core for block in network.blocks if (core := block.core()).name in cores}
            plain = dict(zip(binary, pool.map(_run_plain, binary.values()), strict=True)) if given.plain else {}
            plans = {plan.module: plan for core in binary.values() for plan in memory_plans(core)}
            filled = dict(zip(plans, pool.map(_run_memory, plans.values()), strict=True))
    except ReportError as error:
        raise SystemExit(f"error: {error}") from None
    whole = not given.only
    return _show(network, cores, users, real, plain, binary, filled, took if whole else None)


def _run(core: Core) -> Run:
    view = render(core)
    urams = isinstance(core, DmaCore) and core.keeps_weights
    return _noted(synthesise(view.name, {"core.sv": view.top}, view.files, urams=urams), view.name)


def _run_plain(core: GraphCore) -> Run:
    view = render(core)
    files = dict.fromkeys((*view.files, "operators/mvau/mvau.sv"))
    return _noted(
        synthesise(view.name, {"core.sv": top_text(core, splits=False)}, files, plain=True),
        f"{view.name}, straightforward",
    )


def _run_memory(plan: MemoryPlan) -> Run:
    return synthesise(plan.module, {"top.sv": memory_rtl.render(plan)}, (memory_rtl.FILE,), infers=False)


def _noted(run: Run, name: str) -> Run:
    sys.stderr.write(f"{name}: {run.values['luts']} LUT, {run.seconds:.0f} s\n")
    return run


def _show(
    network: Network,
    cores: dict[str, Core],
    users: Counter[str],
    real: dict[str, Run],
    plain: dict[str, Run],
    binary: dict[str, GraphCore],
    filled: dict[str, Run],
    took: float | None,
) -> int:
    table = Table(title=f"{network.name}: Yosys, estimates; ns: logic without routing")
    sizes = ("LUT", "FF", "BRAM", "DSP", "ns", "levels", "memories: LUT", "FF", "BRAM", "s", "CPU s", "GiB")
    for column in ("core", "blocks", *sizes):
        table.add_column(column, justify="left" if column == "core" else "right")
    if plain:
        for column in ("plain LUT", "ratio", "at PE"):
            table.add_column(column, justify="right")
    total: dict[str, float] = defaultdict(float)
    doubtful = []
    for name, core in cores.items():
        run, count = real[name], users[name]
        plans = memory_plans(core)
        held = {key: sum(filled[plan.module].number(key) for plan in plans) for key in HELD}
        row = [
            name, str(count), *(f"{run.number(key):g}" for key in ("luts", "registers", "bram_tiles", "dsps")),
            f"{run.number('logic_ns'):.2f}", f"{run.number('logic_levels'):g}",
            *(f"{value:g}" for value in held.values()),
            f"{run.seconds:.0f}", f"{run.cpu_seconds:.0f}", f"{run.peak_gib:.2f}",
        ]  # fmt: skip
        for key in ("luts", "registers", "bram_tiles", "dsps"):
            total[key] += count * (run.number(key) + held.get(key, 0))
        total["parameter tiles"] += count * held["bram_tiles"]
        doubtful += [(name, path) for path in run.values["doubtful_at_250_mhz"]]
        if name in plain:
            same = plain[name].number("luts")
            wide = same + lanes_at_pe(binary[name].graph, plain[name])
            row += [f"{same:g}", f"{run.number('luts') / same:.2f}", f"{wide:g}"]
            total["plain"] += count * same
            total["wide"] += count * wide
            total["compared"] += count * run.number("luts")
        table.add_row(*row)
    Console(width=200).print(table)
    _say(
        f"sum over {sum(users[name] for name in cores)} blocks, with memories: {total['luts']:,.0f} LUT, "
        f"{total['registers']:,.0f} FF, {total['bram_tiles']:g} BRAM tiles "
        f"({total['parameter tiles']:g} of the parameters), {total['dsps']:,.0f} DSP"
    )
    if plain:
        ours, same, wide = total["compared"], total["plain"], total["wide"]
        _say(
            f"LUTs without memories, ours and straightforward: {ours:,.0f} and {same:,.0f} at the same folding "
            f"({ours / same:.2f}), at most {wide:,.0f} with thresholds at the PE ({ours / wide:.2f})"
        )
    for name, path in doubtful:
        where = f"{path['start']} -> {path['end']}: {path['logic_ns']} ns, {path['levels']} levels"
        _say(f"doubtful at 250 MHz: {name}: {where}")
    if took is None:
        return 0
    found = {
        "luts": total["luts"],
        "dsps": total["dsps"],
        "parameter tiles": total["parameter tiles"],
        "seconds": took,
        "peak GiB": max(run.peak_gib for run in real.values()),
        "doubtful paths": len(doubtful),
    }
    for name, limit in LIMITS.items():
        _say(f"{name}: {found[name]:,.6g}, limit {limit:,}{'' if found[name] <= limit else ': NOT HELD'}")
    return int(any(found[name] > limit for name, limit in LIMITS.items()))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
