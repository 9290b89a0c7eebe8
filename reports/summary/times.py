"""The cost of a build's steps at their last run, from the engine's records: one JSON file for each step."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reports.reading.document import Record, read_json
from reports.reading.errors import ReportError
from reports.reading.source import read

RECORDS = "build/.farm/records"


@dataclass(frozen=True)
class StepCost:
    """The last run of a step. `peak_memory_gib` is that of its largest process; `ended_s` counts from 1970."""

    step: str
    wall_s: float
    cpu_s: float
    peak_memory_gib: float
    ended_s: float

    @property
    def task(self) -> str:
        """The task that the step belongs to: `hls` for `hls:stem_8b7069`."""
        return self.step.partition(":")[0]


def read_costs(root: Path, folder: str) -> tuple[StepCost, ...]:
    """Return the costs of all recorded steps of the build in `folder`, the longest first.

    Records that cannot be read are skipped. The engine ignores them as well and runs the step again.
    """
    found: list[StepCost] = []
    for path in sorted((root / RECORDS / folder).rglob("*.json")):
        file = path.relative_to(root).as_posix()
        try:
            record = Record(read_json(read(path, file), file), file)
            found.append(
                StepCost(
                    step=record.text("name"),
                    wall_s=record.number("wall_s"),
                    cpu_s=record.number("cpu_s"),
                    peak_memory_gib=record.number("peak_memory_gib"),
                    ended_s=record.number("ended_s"),
                )
            )
        except ReportError:
            continue
    return tuple(sorted(found, key=lambda cost: (-cost.wall_s, cost.step)))
