"""The Yosys script that synthesises a core out of context."""

from __future__ import annotations

from collections.abc import Iterable

FAMILY = "xcup"
NETLIST, VERILOG, STATISTICS = "netlist.json", "netlist.v", "statistics.txt"


def synthesis_script(top: str, sources: Iterable[str]) -> str:
    """Render the script that reads `sources` and leaves the netlist of `top` as JSON and Verilog.

    `-flatten` dissolves the glue and stops at modules marked keep_hierarchy (a PE, a threshold lane), which are mapped
    once however often they stand in the core. Without it every module is mapped on its own, at 0.3 s each.
    """
    synth = f"synth_xilinx -family {FAMILY} -top {top} -noiopad -noclkbuf -flatten"
    return "\n".join((
        *(f"read_verilog -sv {source}" for source in sources),
        f"{synth} -run begin:prepare",
        # A loop or a second driver is found here by its source line; behind the mapping it is a maze of LUTs.
        "proc",
        "check -assert",
        "select -assert-none t:$dlatch t:$adlatch t:$dlatchsr",
        f"{synth} -run prepare:",
        "delete t:$scopeinfo",
        "check -assert -mapped",
        f"tee -o {STATISTICS} stat -tech xilinx",
        f"hierarchy -top {top} -purge_lib",
        f"write_json {NETLIST}",
        f"write_verilog -noattr {VERILOG}",
        "",
    ))  # fmt: skip
