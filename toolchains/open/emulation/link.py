"""Write the xclbin and its values: `python -m toolchains.open.emulation.link` is the `link` step of target sw_emu.

It compiles nothing. An emulation in C++ takes no resources and has no slacks: of those the values hold none.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from integration.kernel import Kernel
from integration.package import package
from integration.platform import Clock, MemoryBank, Platform
from reports.summary.step_values import Linked
from runtime.errors import FarmRuntimeError
from runtime.formats import emulation_data, xclbin
from runtime.formats.manifest import Argument, Cycles, Manifest, Parameters, PayloadFacts

ISA_LEVEL = "x86-64-v2"


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def glibc_floor(program: bytes) -> str:
    """The newest version of the C library that a program asks for by symbol version."""
    versions = {(int(major), int(minor)) for major, minor in re.findall(rb"GLIBC_(\d+)\.(\d+)", program)}
    return ".".join(map(str, max(versions))) if versions else "none"


def memory_blob(blocks: list[str]) -> bytes:
    """The memory images of all blocks as the program loads them: for each block u64 length, then its images."""
    blob = bytearray()
    for block in blocks:
        image = Path(block, "memories.bin").read_bytes()
        blob += struct.pack("<Q", len(image)) + image
    return bytes(blob)


def parameters_of(blocks: list[str], blob: bytes, weights: bytes) -> Parameters:
    """Where the trained values are from: one word where all blocks agree, all of them otherwise."""
    described = (json.loads(Path(block, "memories.json").read_text()) for block in blocks)
    origins = sorted({origin for block in described for origin in block["origins"]})
    return Parameters(origin=", ".join(origins), digest=digest(blob + weights))


def read_platform(plan: Mapping[str, Any]) -> Platform:
    """The platform that the flow read from its file."""
    values = dict(plan)
    values["clocks"] = tuple(Clock(**entry) for entry in plan["clocks"])
    values["memories"] = tuple(MemoryBank(**entry) for entry in plan["memories"])
    values["connect"] = tuple((argument, tuple(tags)) for argument, tags in plan["connect"])
    return Platform(**values)


def main() -> int:
    """Run the step in the current folder.

    Returns:
        0, or 1 after printing what could not be written.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", type=Path, required=True, help="what the flow knows of the build, as JSON")
    plan = json.loads(parser.parse_args().plan.read_text())
    kernel, platform = Kernel.from_description(plan["kernel"]), read_platform(plan["platform"])
    program = Path("program").read_bytes()
    blob = memory_blob(plan["blocks"])
    parts = {emulation_data.PAYLOAD: program, emulation_data.MEMORIES: blob}
    weights = Path("fc_weights.bin").read_bytes()
    if weights:
        parts[emulation_data.FC_WEIGHTS] = weights
    facts = PayloadFacts(digest(program), "x86_64", glibc_floor(program), ISA_LEVEL)
    manifest = Manifest(
        network=plan["network"],
        kernel=kernel.name,
        instance=kernel.instance,
        toolchain=plan["toolchain"],
        target=plan["target"],
        view=plan["view"],
        parameters=parameters_of(plan["blocks"], blob, weights),
        clock_mhz=plan["clock_mhz"],
        arguments=tuple(
            Argument(each.name, each.shape, each.dtypes, each.direction, each.per, platform.tags(each.name))
            for each in kernel.arguments
        ),
        folding=plan["folding"],
        inputs={name: digest(Path(name).read_bytes()) for name in plan["sources"]},
        tools=plan["tools"],
        cycles=Cycles(predicted_ii=plan["interval"], bottleneck=plan["bottleneck"]),
        parts={name: digest(data) for name, data in parts.items()},
        payload=facts,
        labels=tuple(plan["labels"]),
        dataset=plan["dataset"],
    )
    try:
        written = Path("kernel.xclbin")
        xclbin.write(package(platform, kernel, manifest, parts, plan["clock_mhz"]), written)
        Linked(
            clock_mhz=plan["clock_mhz"],
            xclbin_bytes=written.stat().st_size,
            predicted_interval_cycles=plan["interval"],
            bottleneck=plan["bottleneck"],
            parameters=manifest.parameters.origin,
        ).write(Path("values.json"))
    except FarmRuntimeError as error:
        print(f"ERROR: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
