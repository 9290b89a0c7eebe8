"""The resources of this machine, and the user's folder for files that are kept between builds."""

from __future__ import annotations

import os
from pathlib import Path

from farm.planning.admission import Capacity, Elsewhere
from farm.settings import FarmSettings

# The rest is for the system, and for steps that need more than in earlier runs.
_MEMORY_SHARE = 0.9
_GIB = 2**30
_NO_LIMIT = 2**60


def capacity_of(settings: FarmSettings, slots: int | None = None, elsewhere: Elsewhere | None = None) -> Capacity:
    """Return the resources that all steps together may occupy; `slots` is that of the command line.

    `elsewhere` is the cluster that some steps run on.

    More slots than cores means that steps share cores, so the capacity then counts as many cores as slots.
    """
    cpus = len(os.sched_getaffinity(0))
    chosen = slots or settings.slots or cpus
    return Capacity(
        slots=chosen,
        cores=settings.cores or max(cpus, chosen),
        memory_gib=settings.memory_gib or _memory_bytes() * _MEMORY_SHARE / _GIB,
        licences=dict(settings.licences),
        elsewhere=elsewhere,
    )


def store_folder(settings: FarmSettings) -> Path:
    """Return the folder of store and ledger: the setting, else a folder of the user's cache (XDG_CACHE_HOME)."""
    return Path(settings.store).expanduser().absolute() if settings.store else _user_folder()


def ledger_path(settings: FarmSettings) -> Path:
    """Return where the ledger lies: beside a store of one's own, else in the user's cache folder."""
    return (_user_folder() if settings.store_shared else store_folder(settings)) / "ledger.db"


def _user_folder() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG specification says that a relative path is to be ignored.
    base = Path(cache) if Path(cache).is_absolute() else Path(os.path.expanduser("~/.cache"))  # noqa: PTH111
    return base / "dataflow-farm"


def _memory_bytes() -> int:
    """Return the memory of the machine, or of the container that this runs in."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            limit = int(Path(path).read_text("ascii"))
        except (OSError, ValueError):
            continue
        if limit < _NO_LIMIT:
            total = min(total, limit)
    return total
