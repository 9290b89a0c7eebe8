"""Makes the manifest of an xclbin in the linking program, from the plan and the inputs in the step's folder."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

from integration.link_plan import FC_WEIGHTS, LinkPlan
from runtime.formats.manifest import INDICES, SUMS, Argument, Cycles, Manifest, Parameters, PayloadFacts


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def memory_blob(blocks: Sequence[str]) -> bytes:
    """The memory images of all blocks as the emulation loads them: per block a length (u64) and its images."""
    blob = bytearray()
    for block in blocks:
        image = Path("weights", block, "memories.bin").read_bytes()
        blob += struct.pack("<Q", len(image)) + image
    return bytes(blob)


def streamed_weights() -> bytes:
    """The streamed weights in the step's folder; nothing if the network has none."""
    return Path(FC_WEIGHTS).read_bytes() if Path(FC_WEIGHTS).exists() else b""


def parameters_of(blocks: Sequence[str]) -> Parameters:
    """The origins of the trained values, each once, and a digest of all values.

    The digest covers the memory blob and the last layer's weights, so equal values have it in every toolchain.
    """
    described = (json.loads(Path("weights", block, "memories.json").read_text("utf-8")) for block in blocks)
    origins = sorted({origin for block in described for origin in block["origins"]})
    return Parameters(", ".join(origins), digest(memory_blob(blocks) + streamed_weights()))


def manifest_of(
    plan: LinkPlan,
    *,
    banks: Mapping[str, tuple[str, ...]],
    parts: Mapping[str, bytes],
    payload: PayloadFacts | None,
    clock_mhz: float,
) -> Manifest:
    """The manifest of an xclbin.

    Args:
        plan: The plan of the link.
        banks: Argument name to the tags of the memories that it reaches.
        parts: The parts of the emulation in the xclbin, by name.
        payload: Facts about the native program among the parts, None if there is none.
        clock_mhz: The kernel's actual clock, which may be lower than the plan's.
    """
    return Manifest(
        network=plan.network,
        kernel=plan.kernel.name,
        instance=plan.kernel.instance,
        toolchain=plan.toolchain,
        target=plan.target,
        view=plan.view,
        parameters=parameters_of(plan.blocks),
        clock_mhz=clock_mhz,
        arguments=tuple(
            Argument(each.name, each.shape, each.dtypes, each.direction, each.per, banks[each.name])
            for each in plan.kernel.arguments
        ),
        folding=plan.folding,
        inputs={name: digest(Path(name).read_bytes()) for name in plan.sources},
        tools=plan.tools,
        cycles=Cycles(predicted_ii=plan.interval_cycles, bottleneck=plan.bottleneck),
        parts={name: digest(data) for name, data in parts.items()},
        payload=payload,
        labels=plan.labels,
        dataset=plan.dataset,
        results=INDICES if plan.indices else SUMS,
        classes=plan.classes,
    )
