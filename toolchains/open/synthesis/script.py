"""The Yosys script that synthesises a core out of context."""

from __future__ import annotations

from collections.abc import Iterable

from toolchains.open.synthesis.yosys import CELLS, ONLY_WITH

FAMILY = "xcup"
NETLIST, VERILOG, STATISTICS = "netlist.json", "netlist.v", "statistics.txt"
FILLED_JSON, FILLED_VERILOG = "filled.json", "filled.v"
"""The filled parameter memories of a block."""
DSP_MAP = "dsp48e2.v"
"""A techmap for Yosys; the step has it beside the sources."""

_MEMORIES = " ".join((
    "-logic-cost-rom 0.015625",
    "-lib +/xilinx/lutrams_xcu.txt",
    "-lib +/xilinx/brams_xc4v.txt -D HAS_SIZE_36 -D HAS_MIXWIDTH_SDP -D HAS_ADDRCE",
    "-lib +/xilinx/urams.txt",
))  # fmt: skip
"""The memories of UltraScale+, as `synth_xilinx -family xcup` describes them to `memory_libmap`."""

# Limits of a DSP48E1's multiplier, as in `synth_xilinx -family xc7`. Smaller products become LUTs.
_MULTIPLIER = {
    "DSP_A_MAXWIDTH": "25",
    "DSP_B_MAXWIDTH": "18",
    "DSP_A_MAXWIDTH_PARTIAL": "18",
    "DSP_A_MINWIDTH": "2",
    "DSP_B_MINWIDTH": "2",
    "DSP_Y_MINWIDTH": "9",
    "DSP_SIGNEDONLY": "1",
    "DSP_NAME": "$__MUL25X18",
}


def synthesis_script(
    top: str, sources: Iterable[str], instead: Iterable[str] = (), *, urams: bool = False, infers: bool = True
) -> str:
    """Render the script that reads `sources` and writes the netlist of `top` as JSON and Verilog.

    Modules in the files `instead` replace those of the same name. `urams`: whether a memory may become UltraRAM; Yosys
    may then choose it for deep FIFOs too. `infers`: whether the source holds a memory that Yosys has to map.

    The begin and the memories of `synth_xilinx` are written out, because Yosys spent half of the time of a small core
    on cells that no core can have, and half of the rest on the rules for block RAM. One without block RAM skips these.

    `-flatten` flattens everything except modules marked keep_hierarchy (a PE, a threshold lane). These are mapped once,
    no matter how many instances a core has. Without `-flatten` every module is mapped on its own, at 0.3 s each.

    `xilinx_dsp` packs nothing into a DSP48E2. So products are mapped to DSP48E1 first, the pass packs registers,
    additions and cascades into them, and a techmap then turns them into DSP48E2.
    """
    synth = f"synth_xilinx -family {FAMILY} -top {top} -noiopad -noclkbuf -flatten{' -uram' if urams else ''}"
    return "\n".join((
        # By default an index out of range reads as undefined, with only a warning.
        'logger -werror "out of bounds"',
        *(f"read_verilog -sv {source}" for source in sources),
        *(f"read_verilog -sv -overwrite {source}" for source in instead),
        "read_verilog -lib -specify +/xilinx/cells_sim.v",
        f"read_verilog -lib {CELLS}",
        f"hierarchy -check -top {top}",
        # Check for loops and multiple drivers before mapping: the messages still name source lines, not LUTs.
        "proc",
        "check -assert",
        "select -assert-none t:$dlatch t:$adlatch t:$dlatchsr",
        f"{synth} -run prepare:map_dsp",
        *_multiplications(),
        f"{synth} -run coarse:map_memory",
        *(_memories(urams) if infers else ["select -assert-none t:$mem_v2"]),
        f"{synth} -run map_ffram:",
        "delete t:$scopeinfo",
        "check -assert -mapped",
        f"tee -o {STATISTICS} stat -tech xilinx",
        f"hierarchy -top {top} -purge_lib",
        f"write_json {NETLIST}",
        f"write_verilog -noattr {VERILOG}",
        "",
    ))  # fmt: skip


def _memories(urams: bool) -> tuple[str, ...]:
    """The commands of `synth_xilinx` at map_memory."""
    return (
        f"memory_libmap {_MEMORIES}{'' if urams else ' -no-auto-huge'}",
        "techmap -map +/xilinx/lutrams_xc5v_map.v",
        f"techmap -map +/xilinx/brams_xcu_map.v{ONLY_WITH}t:$__XILINX_BLOCKRAM_*",
        "techmap -map +/xilinx/urams_map.v",
    )


def _multiplications() -> tuple[str, ...]:
    """The commands of `synth_xilinx` at map_dsp for the older family, then the techmap to the newer block."""
    defines = " ".join(f"-D {name}={value}" for name, value in _MULTIPLIER.items())
    return (
        "memory_dff",
        "alumacc -macc-only",
        "maccmap -unmap",
        "opt_clean",
        f"techmap -map +/mul2dsp.v -map +/xilinx/xc7_dsp_map.v {defines}",
        "select a:mul2dsp",
        "setattr -unset mul2dsp",
        "opt_expr -fine",
        "wreduce",
        "select -clear",
        "xilinx_dsp -family xc7",
        f"techmap -map {DSP_MAP} t:DSP48E1",
        "chtype -set $mul t:$__soft_mul",
    )
