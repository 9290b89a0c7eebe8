"""Checks that the manifest of an xclbin agrees with its kernel description and the parts of its emulation model."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from ..errors import ManifestError, XclbinError
from . import emulation_data, kernels, manifest, xrt_emulation
from .layout_checks import check_layout
from .manifest import Manifest
from .xclbin import Xclbin


def manifest_of(file: Xclbin, where: str) -> Manifest:
    """The manifest, once it agrees with the file. Raises ManifestError or XclbinError naming ``where``."""
    if file.manifest_json is None:
        raise ManifestError("has no manifest", where=where, remedy="give an xclbin that Dataflow Farm built")
    try:
        facts = manifest.from_json(file.manifest_json)
        _check_kernel(file, facts)
    except (ManifestError, XclbinError) as error:
        raise type(error)(error.what, where=f"{where}, {error.where}", remedy=error.remedy) from error
    check_parts(facts, file.emulation, where)
    _check_repeated(file, where)
    weights, data = facts.weights, file.emulation.get(emulation_data.FC_WEIGHTS)
    if data is not None and (weights is None or len(data) != weights.size_bytes):
        expected = 0 if weights is None else weights.size_bytes
        raise ManifestError(
            f"part fc_weights has {len(data)} bytes, the kernel takes {expected}", where=where, remedy="rebuild it"
        )
    return facts


def check_parts(facts: Manifest, parts: Mapping[str, bytes], where: str) -> None:
    """Raise ManifestError where the parts of an archive are not those of its manifest."""
    for name, digest in facts.parts.items():
        if name in parts and hashlib.sha256(parts[name]).hexdigest() != digest:
            raise ManifestError(f"part {name!r} is not the one that was built", where=where, remedy="rebuild it")
    # A manifest cannot name the digest of itself; what repeats a section is compared with it instead.
    unnamed = [name for name in parts if name not in facts.parts and name not in xrt_emulation.SECTIONS]
    if unnamed:
        raise ManifestError(
            f"parts {', '.join(unnamed)} are not in the manifest", where=where, remedy="rebuild the xclbin"
        )
    payload = parts.get(emulation_data.PAYLOAD)
    if payload is not None and (facts.payload is None or facts.payload.sha256 != hashlib.sha256(payload).hexdigest()):
        raise ManifestError("the payload is not the one that the manifest describes", where=where, remedy="rebuild it")


def _check_repeated(file: Xclbin, where: str) -> None:
    """Raise ManifestError where XRT's device process would be told of another kernel than everybody else."""
    for name, kind in xrt_emulation.SECTIONS.items():
        if name in file.emulation and file.emulation[name] != file.section(kind):
            raise ManifestError(f"part {name!r} is not section {kind.name}", where=where, remedy="rebuild the xclbin")


def check_arguments(facts: Manifest, kernel: kernels.Kernel) -> None:
    """Raise ManifestError where manifest and kernel do not have the same buffers."""
    pointers = sorted(argument.name for argument in kernel.arguments if argument.is_pointer)
    named = sorted(argument.name for argument in facts.arguments)
    if pointers != named:
        raise ManifestError(
            f"describes buffers {', '.join(named)}, the kernel has {', '.join(pointers)}",
            where="arguments",
            remedy="rebuild the xclbin",
        )


def describe_payload(facts: Manifest) -> str:
    """The native payload, as the file describes it."""
    machine = "for an unnamed machine" if facts.payload is None else f"for {facts.payload}"
    return f"the {facts.toolchain} {facts.target} model of network {facts.network}, {machine}"


def _check_kernel(file: Xclbin, facts: Manifest) -> None:
    found = [kernel for kernel in kernels.read_xml(file.metadata or "<project/>") if kernel.name == facts.kernel]
    if not found:
        raise ManifestError(
            f"kernel {facts.kernel!r} is not in EMBEDDED_METADATA", where="kernel", remedy="rebuild the xclbin"
        )
    kernel = found[0]
    if facts.instance not in [instance.name for instance in kernel.instances]:
        raise ManifestError(
            f"kernel {facts.kernel!r} has no instance {facts.instance!r}", where="instance", remedy="rebuild the xclbin"
        )
    check_arguments(facts, kernel)
    check_layout(file, kernel)
    _ = facts.image, facts.result, facts.weights
