"""The remote store of the settings, for the commands. Nothing of `farm.remote` is loaded unless there is one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from doit.exceptions import InvalidCommand

from farm.planning.planner import Planned, Stored
from farm.project import Project
from farm.results.digest import Digest
from farm.results.reading import StoreReader
from farm.results.schema import one_of
from farm.results.store import Store

if TYPE_CHECKING:
    from farm.remote.connect import Remote
    from farm.scheduler.beside.courier import Courier


def remote_for(project: Project) -> Remote | None:
    """Return the remote store of the settings, None if there is none. Raises InvalidCommand before anything begins."""
    if project.farm.remote is None:
        return None
    from farm.remote.connect import remote_of  # noqa: PLC0415
    from farm.remote.credentials import CredentialsError  # noqa: PLC0415
    from farm.remote.object_store import MissingPackageError  # noqa: PLC0415

    try:
        return remote_of(project.farm.remote)
    except (CredentialsError, MissingPackageError) as error:
        raise InvalidCommand(str(error)) from None


def stores_for(
    project: Project, folder: Path, note: Callable[[str], None], say: Callable[[str], None]
) -> tuple[Store, Courier | None]:
    """Return the store of a build, and what carries its results from and to the remote store, if there is one.

    `note` is that of a store, `say` that of the engine.
    """
    farm, remote = project.farm, remote_for(project)
    if remote is None:
        return Store(folder, note, shared=farm.store_shared), None
    from farm.remote.exchange import Role  # noqa: PLC0415
    from farm.remote.team_store import TeamStore, copies_of  # noqa: PLC0415
    from farm.scheduler.beside.courier import Courier  # noqa: PLC0415

    own = Store(folder, shared=farm.store_shared)
    copies = copies_of(folder, remote.address, note, shared=farm.store_shared)
    role: Role = one_of(farm.remote_writes, get_args(Role))
    courier = Courier(remote, own, copies, say, role=role, store_gib=farm.store_gib)
    return TeamStore(folder, note, shared=farm.store_shared, copies=copies, others=courier), courier


def planned_with(
    project: Project,
    folder: Path,
    stored: Stored,
    plan: Callable[[Stored], tuple[Planned, ...]],
    note: Callable[[str], None],
    *,
    ask: bool,
) -> tuple[Planned, ...]:
    """Return what `plan` finds with the copies of earlier builds, and with the remote store if it is to `ask` that.

    `stored` knows the store of this machine. Nothing is fetched and nothing is written.
    """
    from farm.remote.connect import connected, most_bytes  # noqa: PLC0415
    from farm.remote.exchange import Exchange  # noqa: PLC0415
    from farm.remote.health import Health  # noqa: PLC0415
    from farm.remote.offers import Offers  # noqa: PLC0415
    from farm.remote.team_store import copies_of  # noqa: PLC0415

    farm, remote = project.farm, remote_for(project)
    if remote is None:
        return plan(stored)
    copies = copies_of(folder, remote.address, note, shared=farm.store_shared)
    copied = StoreReader(copies.folder, note, shared=farm.store_shared)
    health = Health(str(remote.address), note)
    offers = Offers(Exchange(connected(remote), (), copies, health, most_bytes(farm.store_gib)))

    def anywhere(key: str, outputs: Collection[str]) -> Mapping[str, Digest] | None:
        here = stored(key, outputs) or copied.outputs(key)
        return here if here is not None or not ask else offers.outputs(key, outputs)

    found = plan(anywhere)
    while offers.ask():
        found = plan(anywhere)
    return tuple(replace(item, fetch_bytes=offers.size(item.key)) for item in found)
