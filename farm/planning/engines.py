"""What runs the steps of a build: this machine, or a cluster too. Only a build with one loads what a cluster needs."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from config.settings import Settings
from farm.execution.executor import Executor
from farm.execution.local import LocalExecutor
from farm.planning.admission import Capacity, Elsewhere
from farm.settings import FarmSettings

if TYPE_CHECKING:
    from farm.execution.cluster.engine import Engine


def cluster_of(settings: Settings, tasks: Collection[str]) -> tuple[Engine | None, Elsewhere | None, str]:
    """Return the engine, the steps that it runs with what its cluster has, and a sentence if it does not answer.

    `tasks` are the names of the build's tasks. Raises ConfigError.
    """
    farm = settings.section(FarmSettings)
    if farm.executor == "local" and not farm.executors:
        return None, None, ""
    from farm.planning.cluster import chosen, with_limits  # noqa: PLC0415

    found = chosen(settings, {name.partition(":")[0] for name in tasks})
    if found is None:
        return None, None, ""
    elsewhere, unanswered = with_limits(settings, *found)
    return found[0], elsewhere, unanswered


def executor_of(
    root: Path,
    engine: Engine | None,
    farm: FarmSettings,
    capacity: Capacity,
    store: Path,
    note: Callable[[str], None],
) -> Executor:
    """Return the executor of a build: this machine's, or one that sends steps where they belong."""
    if engine is None:
        return LocalExecutor(root)
    from farm.planning.cluster import sending  # noqa: PLC0415

    return sending(root, engine, farm, capacity, store, note)
