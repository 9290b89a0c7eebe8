"""The engine that the settings choose, and what its cluster has. Every mistake in them is found before a submission."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

from config.problem import ConfigError, Problem, suggestion
from config.settings import Settings
from farm.execution.children import Children
from farm.execution.cluster.command import CommandEngine, faults_of
from farm.execution.cluster.engine import Engine
from farm.execution.cluster.executor import ClusterExecutor
from farm.execution.cluster.limits import Limits, LimitsError, limits_of
from farm.execution.cluster.slurm import Slurm
from farm.execution.cluster.ways import SharedFolder, Way
from farm.execution.executor import Executor
from farm.execution.local import LocalExecutor
from farm.execution.places import Places
from farm.planning.admission import Capacity, Elsewhere
from farm.settings import FarmSettings

_EXECUTORS = ("local", "slurm", "command")
_CLIENTS = ("srun", "sbatch")
_SLURM_KEYS = ("client", "partition", "account", "qos", "options", "python")


def chosen(settings: Settings, kinds: Collection[str]) -> tuple[Engine, Elsewhere] | None:
    """Return the engine of the cluster and the steps that it runs; None if all steps run on this machine.

    `kinds` are those of the build's steps. Raises ConfigError with every mistake. The cluster is not asked.
    """
    farm = settings.section(FarmSettings)
    problems: list[Problem] = []
    for kind, executor in farm.executors:
        if executor not in _EXECUTORS:
            what = f"'{executor}' is no executor"
            problems.append(settings.problem(f"farm.executors.{kind}", what, suggestion(executor, _EXECUTORS)))
        elif kind not in kinds:
            what = f"no step of this build is of the kind '{kind}'"
            problems.append(settings.problem(f"farm.executors.{kind}", what, suggestion(kind, kinds)))
    used = {farm.executor, *(executor for _, executor in farm.executors)} - {"local"}
    if {"slurm", "command"} <= used:
        what = "slurm and command are both chosen"
        problems.append(settings.problem("farm.executors", what, "a build uses one cluster: choose one of them"))
    engine: Engine | None = None
    if "slurm" in used:
        engine = _slurm(settings, problems)
    elif "command" in used:
        texts = dict(farm.command)
        problems += [settings.problem(_key(texts, name), what, remedy) for name, what, remedy in faults_of(texts)]
        engine = CommandEngine(texts)
    if engine is not None and farm.transport == "store":
        problems += _transport_problems(settings)
    if problems:
        raise ConfigError(problems)
    if engine is None:
        return None
    by_kind = {kind: executor != "local" for kind, executor in farm.executors}
    return engine, Elsewhere(farm.in_flight, farm.executor != "local", by_kind)


def with_limits(settings: Settings, engine: Engine, elsewhere: Elsewhere) -> tuple[Elsewhere, str]:
    """Ask the cluster what it has; return that, and a sentence if it does not answer.

    Raises ConfigError for a partition that is not there.
    """
    if not isinstance(engine, Slurm):
        return elsewhere, ""
    try:
        found: Limits | None = limits_of(engine.partition)
    except LimitsError as error:
        raise ConfigError([settings.problem(_key(dict(_farm(settings).slurm), "partition", "slurm"), str(error),
                                            error.remedy)]) from None  # fmt: skip
    if found is None:
        return elsewhere, "Slurm does not answer ('sinfo' fails): jobs are submitted when it does"
    return replace(elsewhere, cores=found.cores, memory_gib=found.memory_gib, licences=found.licences), ""


def way_of(engine: Engine, farm: FarmSettings, store: Path) -> Way:
    """Return how files get to the nodes; `store` is the folder of this machine's store."""
    if farm.transport == "store" and farm.remote is not None:
        from farm.execution.cluster.far.secrecy import secret_folder  # noqa: PLC0415 - most builds need neither
        from farm.execution.cluster.far.way import ThroughStore  # noqa: PLC0415

        return ThroughStore(engine, farm.remote, secret_folder())
    return SharedFolder(engine, store)


def sending(
    root: Path, engine: Engine, farm: FarmSettings, capacity: Capacity, store: Path, note: Callable[[str], None]
) -> Executor:
    """Return an executor that sends steps where they belong: to this machine, or to the cluster."""
    children = Children()
    cluster = ClusterExecutor(root, engine, way_of(engine, farm, store), children, store, note)
    return Places(LocalExecutor(root, children), cluster, capacity.is_elsewhere)


def _transport_problems(settings: Settings) -> list[Problem]:
    """Return why jobs could not travel through the remote store of the settings."""
    farm = _farm(settings)
    if farm.remote is None:
        what = "files are to travel through the remote store, and farm.remote names none"
        return [settings.problem("farm.transport", what, "set farm.remote, or farm.transport: shared")]
    if farm.remote_writes == "nothing":
        what = "files are to travel through the remote store, and farm.remote_writes is 'nothing'"
        return [settings.problem("farm.transport", what, "set farm.remote_writes: objects, or results")]
    return []


def _farm(settings: Settings) -> FarmSettings:
    return settings.section(FarmSettings)


def _slurm(settings: Settings, problems: list[Problem]) -> Slurm:
    given = dict(_farm(settings).slurm)
    for name in given:
        if name not in _SLURM_KEYS:
            what = f"farm.slurm has no setting '{name}'"
            problems.append(settings.problem(f"farm.slurm.{name}", what, suggestion(name, _SLURM_KEYS)))
    client = given.get("client", "srun")
    if client not in _CLIENTS:
        what = f"'{client}' is no client of Slurm"
        problems.append(settings.problem("farm.slurm.client", what, suggestion(client, _CLIENTS)))
    options: tuple[str, ...] = ()
    try:
        options = tuple(shlex.split(given.get("options", "")))
    except ValueError as error:
        problems.append(settings.problem("farm.slurm.options", f"cannot be read ({error})", "close its quotes"))
    names = {name: given.get(name, "") for name in ("partition", "account", "qos", "python")}
    return Slurm(client, options=options, **names)


def _key(given: dict[str, str], name: str, section: str = "command") -> str:
    """Return the setting to name for a fault: the entry, or the whole where the entry is missing."""
    return f"farm.{section}.{name}" if name in given else f"farm.{section}"
