"""Which reports of a project are of one build: the same design, device and release, in the same run or folder.

A name alone tells nothing: every Vivado project has a `top_wrapper`, every v++ link a `level0_wrapper`. Folders that
only sort reports (`reports`, `synth`, `timing`) do not separate builds, runs (`impl_1`, `impl_2`) and all others do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import PurePosixPath
from typing import Any

from reports.folder import Report
from reports.project.stage import of_name, stage_of

_SORTING = re.compile(
    r"(reports?|rpts?|outputs?|results?|logs?|docs?|checkpoints?|dcp|utili[sz]ation|util|timing|power|drc|cdc|"
    r"methodology|clocks?|syn|synth|synthesis|imp|impl|implementation|pr|par|opt|place|placed|route|routed|"
    r"((post|pre|after)_?)(opt|place|route|synth|synthesis|impl|imp)\w*|[0-9]{1,2}_(synth|opt|place|route|impl)\w*)",
    re.I,
)
_RUN = re.compile(r"(?P<stage>synth|impl)_(?P<name>\w{1,60})")
_IP_RUN = re.compile(r"(?P<name>\w{1,120})_(?P<stage>synth|impl)_[0-9]{1,3}")
_LINK = re.compile(r"(?P<root>.*?)/?(?:link/vivado/vpl(?:/.*)?|reports/link(?:/.*)?)")
_KIND_WORDS = re.compile(
    r"util|utilization|utilisation|hier|hierarchy|hierarchical|timing|summary|report|rpt|power|drc|methodology|clock|"
    r"clocks|full|slr|kernel|cdc|io|design|analysis|qor|control|sets|bus|skew|route|status|impl|imp|ram|fanout|high|"
    r"nets|wrapper|top"
)


_SUMMARIES = frozenset(
    {
        "vivado_utilization",
        "vivado_hierarchical_utilization",
        "vivado_timing_summary",
        "vivado_power",
        "vitis_kernel_utilization",
    }
)
"""Kinds of which a design has one for each stage. Of others, such as lists of paths, it may have any number."""


@dataclass(frozen=True)
class Run:
    """Reports of one build of a design. `folder` is where they are, without folders that only sort them."""

    design: str
    folder: str
    variant: str
    reports: tuple[Report, ...]


def place_of(file: str) -> tuple[str, str]:
    """Return the folder of the build that a report belongs to, and the name of the run within it ("" if none)."""
    folder = PurePosixPath(file).parent.as_posix()
    link = _LINK.fullmatch(folder)
    if link:
        return link["root"] or ".", ""
    parts = list(PurePosixPath(folder).parts)
    run = ""
    while parts:
        last = parts[-1]
        named = _RUN.fullmatch(last) or _IP_RUN.fullmatch(last)
        if named and not run:
            run = last
        elif not (_SORTING.fullmatch(last) or last.endswith(".runs")):
            break
        parts.pop()
    return PurePosixPath(*parts).as_posix() if parts else ".", run


def same_device(one: str | None, other: str | None) -> bool:
    """Whether two names may be of one device: reports shorten the part in different ways, or leave it out."""
    first, second = (_bare(name) for name in (one, other))
    return first.startswith(second) or second.startswith(first)


def _bare(device: str | None) -> str:
    return re.sub(r"[^a-z0-9]", "", (device or "").lower()).removeprefix("xc")


def runs(reports: Iterable[Report]) -> tuple[Run, ...]:
    """Return the builds of which there are reports by Vivado, in the order of their first file."""
    places: dict[tuple[str, str], list[Report]] = {}
    for report in reports:
        header = getattr(report.value, "header", None)
        if header is not None and header.design:
            places.setdefault((header.design, place_of(report.file)[0]), []).append(report)
    found = []
    for (design, folder), items in places.items():
        for group in _by_identity(items):
            for run in _by_run(group):
                found += [Run(design, folder, variant, tuple(part)) for variant, part in _by_variant(run)]
    return tuple(found)


def _by_identity(items: list[Report]) -> list[list[Report]]:
    """Separate devices and releases. A report that prints a short form of the device joins the first that it fits."""
    groups: list[list[Report]] = []
    for item in sorted(items, key=lambda item: -len(_bare(item.value.header.device))):
        header = item.value.header
        for group in groups:
            first = group[0].value.header
            if same_device(first.device, header.device) and first.version == header.version:
                group.append(item)
                break
        else:
            groups.append([item])
    return groups


def _by_run(items: list[Report]) -> list[list[Report]]:
    """Separate the runs of one project. The synthesis belongs to the implementation, if there is only one of it."""
    named: dict[str, list[Report]] = {}
    for item in items:
        named.setdefault(place_of(item.file)[1], []).append(item)
    implemented = [name for name in named if name.startswith("impl")]
    for name in [name for name in named if name.startswith("synth")]:
        twin = "impl" + name.removeprefix("synth")
        into = twin if twin in named else implemented[0] if len(implemented) == 1 else None
        if into is not None:
            named[into] += named.pop(name)
    loose = named.get("")
    if loose is not None and len(named) == 2:
        # Reports beside the only run are written from it.
        (other,) = (name for name in named if name)
        named[other] += named.pop("")
    return list(named.values())


def _by_variant(items: list[Report]) -> list[tuple[str, list[Report]]]:
    """Separate builds in one folder that their files' names tell apart: `seed1_util.rpt`, `seed2_util.rpt`."""
    if not _rivals(items):
        return [("", items)]
    variants: dict[str, list[Report]] = {}
    for item in items:
        variants.setdefault(variant_of(item.file, item.value.header.design or ""), []).append(item)
    if len(variants) < 2 or any(_rivals(part) for part in variants.values()):
        return [("", items)]
    return list(variants.items())


def variant_of(file: str, design: str) -> str:
    """Return what is left of a file's name without the design, the stage and the kind of the report."""
    stem = PurePosixPath(file).stem.replace(design, "") if design else PurePosixPath(file).stem
    words = [word for word in re.split(r"[^A-Za-z0-9]+", stem) if word]
    return "_".join(word for word in words if not _KIND_WORDS.fullmatch(word.lower()) and of_name(word) is None)


def _rivals(items: list[Report]) -> bool:
    """Whether two reports of one kind and stage have different values, so that one would hide the other."""
    return bool(disagreements(items))


def disagreements(items: Iterable[Report]) -> list[tuple[Report, Report]]:
    """Return pairs of reports of one kind, scope and stage whose figures differ; the first of a pair came first."""
    first: dict[tuple[str, str, int], Report] = {}
    found = []
    for item in items:
        if item.kind in _SUMMARIES:
            other = first.setdefault((item.kind, _scope(item), rank_of(item)), item)
            if other is not item and _figures(other) != _figures(item):
                found.append((other, item))
    return found


def rank_of(item: Report) -> int:
    """Return the rank of the stage of a report by Vivado; -1 if unknown."""
    header = item.value.header
    return stage_of(item.file, header.state, header.command, header.design or "")[0]


def _figures(item: Report) -> list[Any]:
    return [getattr(item.value, field.name) for field in fields(item.value) if field.name != "header"]


def _scope(item: Report) -> str:
    """Return which part of the design a report is about: a flat and a per-SLR utilization do not contradict."""
    value = item.value
    pblock = getattr(value, "pblock", None) or ""
    return f"{pblock}{bool(getattr(value, 'sites', ()))}{bool(getattr(value, 'slr_sites', ()))}"
