"""What a Slurm has: the largest node of a partition, and its licences. Asked before anything is submitted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from farm.execution.cluster.asking import answer_now

_SECONDS = 3.0
_MIB_A_GIB = 1024
#: Jobs ask for a quarter more memory than their steps expect (`folder.new_job`).
_MEMORY_SHARE = 0.8


@dataclass(frozen=True)
class Limits:
    """The most that one job can get, and all licences of the cluster by name."""

    cores: int
    memory_gib: float
    licences: Mapping[str, int]


class LimitsError(Exception):
    """The cluster has no such partition; the argument says so."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


def limits_of(partition: str) -> Limits | None:
    """Return what the partition's nodes have; of the default partition without a name. None if Slurm does not answer.

    Raises LimitsError for a partition that is not there.
    """
    listed = answer_now(["sinfo", "--noheader", "--Node", "--format=%R|%c|%m"], _SECONDS)
    licences = answer_now(["scontrol", "show", "licenses", "--oneliner"], _SECONDS) if listed is not None else None
    if listed is None or licences is None:
        return None
    nodes = [fields for line in listed.splitlines() if len(fields := line.split("|")) == 3]
    partitions = sorted({fields[0] for fields in nodes})
    if partition and partition not in partitions:
        raise LimitsError(
            f"the cluster has no partition '{partition}'", f"choose one of {', '.join(partitions) or 'none'}"
        )
    found = [fields for fields in nodes if not partition or fields[0] == partition]
    cores = max((_number(fields[1]) for fields in found), default=0)
    memory_mib = max((_number(fields[2]) for fields in found), default=0)
    totals = re.findall(r"LicenseName=(\S+) Total=(\d+)", licences)
    return Limits(cores, memory_mib * _MEMORY_SHARE / _MIB_A_GIB, {name: int(total) for name, total in totals})


def _number(text: str) -> int:
    digits = re.match(r"\d+", text)
    return int(digits[0]) if digits else 0
