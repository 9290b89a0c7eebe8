"""The connections of a link: compute units, banks, SLRs and clocks, checked against kernels and platform."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from amd_stand_in.devices import Platform
from amd_stand_in.errors import ToolError
from amd_stand_in.vpp.kernel_object import KernelArgument, KernelDescription
from amd_stand_in.vpp.options import Options

MOST_UNITS = 60
MOST_MHZ = 650.0
PORTS_PER_BANK = 15
"""Maximum number of kernel ports on a DDR or PLRAM interconnect (AMD UG1393; probable)."""
DEFAULTS = {"0": 300.0, "1": 500.0}


@dataclass
class Unit:
    """A compute unit; `banks` maps an argument to the tags that it reaches."""

    name: str
    kernel: KernelDescription
    banks: dict[str, list[str]] = field(default_factory=dict)
    slr: str | None = None


def units_of(options: Options, kernels: dict[str, KernelDescription]) -> dict[str, Unit]:
    """The compute units named by `nk`; without `nk`, one of each kernel. Raises ToolError."""
    found: dict[str, Unit] = {}
    named: set[str] = set()
    for text in options.all("connectivity.nk"):
        parts = text.split(":")
        if len(parts) not in (2, 3) or not parts[1].isdigit() or not int(parts[1]):
            raise ToolError("v++ 60-1509", f"nk={text}: expected kernel:count or kernel:count:name,name")
        if parts[0] not in kernels:
            raise ToolError(
                "v++ 60-633",
                f'Failed to collect compute units: Kernel "{parts[0]}" specified in --nk option does not exist.',
            )
        names = (
            re.split(r"[,.]", parts[2]) if len(parts) == 3 else [f"{parts[0]}_{i + 1}" for i in range(int(parts[1]))]
        )
        if len(names) != int(parts[1]):
            raise ToolError("v++ 60-633", f"nk={text}: {parts[1]} compute units, {len(names)} names.")
        named.add(parts[0])
        for name in names:
            if name in found:
                raise ToolError("v++ 60-633", f"nk={text}: compute unit '{name}' is named twice.")
            found[name] = Unit(name, kernels[parts[0]])
    for name, kernel in kernels.items():
        if name not in named:
            found[f"{name}_1"] = Unit(f"{name}_1", kernel)
    if len(found) > MOST_UNITS:
        raise ToolError(
            "v++ 60-397",
            f"The number of compute units ({len(found)}) exceeds the limit of the platform ({MOST_UNITS}).",
        )
    return found


def _tags(text: str, platform: Platform, where: str) -> list[str]:
    match = re.fullmatch(r"(\w+)\[(\d+)(?::(\d+))?\]", text)
    if match is None or match[1] not in platform.memories:
        raise ToolError(
            "CFGEN 83-2298",
            f"{where}: no memory '{text}' on {platform.name}: it has {', '.join(f'{n}[0:{c - 1}]' for n, (c, _) in platform.memories.items())}",
        )
    low, high = int(match[2]), int(match[3] or match[2])
    if low > high or high >= platform.memories[match[1]][0]:
        raise ToolError(
            "CFGEN 83-2298",
            f"{where}: '{text}' is outside of {match[1]}[0:{platform.memories[match[1]][0] - 1}] of {platform.name}",
        )
    return [f"{match[1]}[{index}]" for index in range(low, high + 1)]


def connect(options: Options, units: dict[str, Unit], platform: Platform) -> list[str]:
    """Assign banks and SLRs to the units. Returns the assignments that had to be inferred. Raises ToolError."""
    for text in options.all("connectivity.sp"):
        key, _, tag = text.partition(":")
        unit_name, dot, word = key.partition(".")
        unit = units.get(unit_name)
        if not dot or not tag:
            raise ToolError("CFGEN 83-2297", f"sp={text}: expected <compute unit>.<argument or port>:<memory>")
        if unit is None:
            raise ToolError("CFGEN 83-2297", f"sp={text}: no compute unit '{unit_name}': there are {', '.join(units)}")
        meant = [a for a in _pointers(unit) if word in (a.name, a.port) or word.lower() == a.port.lower()]
        if not meant:
            raise ToolError(
                "CFGEN 83-2297", f"sp={text}: kernel '{unit.kernel.name}' has no memory argument or port '{word}'"
            )
        for argument in meant:
            unit.banks[argument.name] = _tags(tag, platform, f"sp={text}")
    for text in options.all("connectivity.slr"):
        name, _, slr = text.partition(":")
        if name not in units:
            raise ToolError("CFGEN 83-2297", f"slr={text}: no compute unit '{name}'")
        if not re.fullmatch(r"SLR\d", slr) or int(slr[3:]) >= platform.slrs:
            raise ToolError("CFGEN 83-2296", f"slr={text}: {platform.name} has SLR0 to SLR{platform.slrs - 1}")
        units[name].slr = slr
    inferred = []
    default = f"{next(iter(platform.memories))}[0]"
    ports: dict[str, set[tuple[str, str]]] = {}
    for unit in units.values():
        for argument in _pointers(unit):
            if argument.name not in unit.banks:
                unit.banks[argument.name] = [default]
                inferred.append(f"Inferring mapping for argument {unit.name}.{argument.name} to {default}")
            for tag in unit.banks[argument.name]:
                ports.setdefault(tag, set()).add((unit.name, argument.port.lower()))
    for tag, who in ports.items():
        if not tag.startswith("HBM") and len(who) > PORTS_PER_BANK:
            raise ToolError("CFGEN 83-2295", f"{len(who)} ports reach {tag}, whose interconnect takes {PORTS_PER_BANK}")
    through = {port for tag, who in ports.items() if tag.startswith("HBM") for port in who}
    if len(through) > 32:
        raise ToolError("CFGEN 83-2295", f"{len(through)} ports reach HBM, which has 32")
    return inferred


def _pointers(unit: Unit) -> list[KernelArgument]:
    return [argument for argument in unit.kernel.arguments if argument.qualifier == 1]


def clocks_of(options: Options, units: dict[str, Unit], platform: Platform) -> dict[str, float]:
    """Clocks in MHz by id. Raises ToolError for unknown clocks, for both kinds of options at once, and for the wrong kind.

    The kind that a platform wants is from AMD UG1702. That the other kind is refused is an assumption.
    """
    found = dict(DEFAULTS)
    text = options.get("kernel_frequency")
    others = [name for name in ("clock.freqHz", "clock.id") if options.all(name)] + [
        name for name in ("freqhz", "clock.defaultFreqHz") if options.get(name)
    ]
    if text and others:
        raise ToolError("v++ 60-1510", f"kernel_frequency and {others[0]} cannot both be given.")
    wrong = "kernel_frequency" if text and not platform.scalable else ""
    if platform.scalable and (options.all("clock.freqHz") or options.all("clock.id")):
        wrong = "clock.freqHz and clock.id"
    if wrong:
        clocks = "scalable" if platform.scalable else "fixed"
        raise ToolError("Stand-in 1-6", f"{wrong}: {platform.name} has {clocks} clocks, which it is not for.")
    for part in text.split("|") if text else []:
        match = re.fullmatch(r"(?:(\d):)?(\d+(?:\.\d+)?)", part)
        if match is None or (match[1] or "0") not in found or not 0 < float(match[2]) <= MOST_MHZ:
            raise ToolError(
                "v++ 60-1510", f"kernel_frequency={text}: expected MHz or id:MHz, ids 0 and 1, up to {MOST_MHZ:g} MHz."
            )
        found[match[1] or "0"] = float(match[2])
    for entry in options.all("clock.freqHz"):
        hertz, _, target = entry.partition(":")
        if not hertz.isdigit() or target.split(".")[0] not in units or not 0 < int(hertz) <= MOST_MHZ * 1e6:
            raise ToolError("v++ 60-1510", f"clock.freqHz={entry}: expected Hz:compute unit, up to {MOST_MHZ:g} MHz.")
        found["0"] = int(hertz) / 1e6
    plain = options.get("freqhz") or options.get("clock.defaultFreqHz")
    if plain:
        match = re.fullmatch(r"(\d+)(MHz)?(?::.*)?", plain)
        if match is None:
            raise ToolError("v++ 60-1510", f"freqhz={plain}: expected Hz.")
        found["0"] = int(match[1]) if match[2] else int(match[1]) / 1e6
    return found
