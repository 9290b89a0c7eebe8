"""The engine's section of the settings."""

from __future__ import annotations

from config.frozen import dataclass
from config.settings import Names, setting


@dataclass(frozen=True)
class FarmSettings:
    """Keys below `farm`."""

    slots: int | None = setting(None, "steps that run at the same time; empty: one per CPU", minimum=1)
    cores: int | None = setting(None, "cores for all steps together; empty: those of this machine", minimum=1)
    memory_gib: float | None = setting(None, "memory for all steps together; empty: nine tenths of this machine's")
    licences: tuple[tuple[str, int], ...] = setting((), "licence tokens by name, as many steps as may use each at once")
    store: str | None = setting(None, "folder of the store of outputs; empty: the user's cache folder")
    store_shared: bool = setting(
        False, "the store is shared with other users: all that is read is verified, and nothing of it gains trust"
    )
    store_gib: float | None = setting(
        20.0, "size of the store; above it a build removes what was unused longest; empty: no limit", minimum=0.001
    )
    executor: str = setting(
        "local", "where steps run: this machine, Slurm, or an engine by command", choices=("local", "slurm", "command")
    )
    executors: Names = setting((), "the same for single kinds of steps, e.g. hls: local")
    in_flight: int = setting(200, "jobs that are submitted to a cluster at once", minimum=1)
    transport: str = setting(
        "shared",
        "how files get to a cluster's nodes: by a folder that they share with this machine, or through farm.remote",
        choices=("shared", "store"),
    )
    slurm: Names = setting((), "for Slurm: client (srun or sbatch), partition, account, qos, options, python")
    command: Names = setting((), "an engine's texts: submit, licence, alive, clear; python (docs/team/cluster.md)")
    remote: str | None = setting(None, "address of a team's store, https://HOST/PATH or s3://BUCKET; empty: none")
    remote_writes: str = setting(
        "nothing",
        "what builds give to the remote store: nothing, objects (files by their digests), or results (CI, a team)",
        choices=("nothing", "objects", "results"),
    )
    keep_failed: bool = setting(False, "keep the scratch folder of a failed step")
