"""Steps on a cluster in words: where they are, and how the cluster ended a job in place of its tool."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from farm.execution.run import Place
    from farm.planning.admission import Shortage


def node_words(node: str, job: str) -> str:
    """Return the place of a run on a cluster; empty for this machine."""
    return f"{node or 'no node'} (job {job})" if job else node


#: How a cluster ended a job in place of its tool, and what to do.
_TROUBLES: dict[str, tuple[str, str]] = {
    "node failed": (
        "lost its node",
        "it is tried on another node; have this one looked at, or name it in --exclude below farm.slurm.options",
    ),
    "preempted": ("was preempted by a job of higher priority", "it is submitted again; farm.slurm.qos chooses another"),
    "cancelled": ("was cancelled from outside", "ask who cancelled the job; build again to submit it anew"),
    "time limit": (
        "reached the cluster's time limit",
        "raise the step's timeout, or choose a partition with a longer limit (farm.slurm.partition)",
    ),
    "out of memory": (
        "needed more memory than its job had",
        "it is submitted again with twice as much; where no node has that, choose a partition with larger nodes",
    ),
    "refused": (
        "was refused by the cluster",
        "correct farm.slurm or farm.command in farm.local.yaml; 'doit cluster check' tests them",
    ),
    "unreachable": ("could not be submitted: the controller does not answer", "it is tried again; 'sinfo' shows when"),
    "lost": (
        "ended without a record of its node",
        "the node or its network may be at fault; look at it and at the log, and build again",
    ),
    "unsound": (
        "ended well by its own record, and badly by its engine's client: its outputs are not believed",
        "it is run again; if that repeats, look at the node",
    ),
    "other modules": (
        "was not started: the farm's modules on the node differ from those here",
        "let the node use this checkout, or install the same version there (python below farm.slurm or farm.command)",
    ),
    "no folder": (
        "was not started: the node does not see the step's folder",
        "put the checkout on a file system that the nodes share",
    ),
    "no program": (
        "was not started: the node has not the step's program on its PATH",
        "it is tried on another node; install the program there, or exclude the node below farm.slurm.options",
    ),
    "no disk": ("failed, and the disk of its folder is full", "make room there, and build again"),
    "no store": (
        "could not be sent or fetched through the remote store",
        "see that this machine and the nodes reach farm.remote and may write there; 'doit cluster check' tests both",
    ),
    "store refuses": (
        "may not write to the remote store, or not read it",
        "give this machine and the nodes credentials that may write cas/ and jobs/ (docs/team/cluster.md)",
    ),
    "no object": (
        "met a file in the remote store that is damaged or gone",
        "it is sent again; if that repeats, look at the server's disk",
    ),
    "no secret": (
        "was not started: its engine does not pass the job's variables on",
        "let it pass FARM_JOB_SECRET and the credentials of the store: --export=ALL of Slurm, -v of SGE",
    ),
    "elsewhere": ("has been run by another farm, which is about to store it", "it is taken from the store"),
}


def trouble_words(trouble: str, said: str) -> str:
    """Return how the cluster ended a job, with what its engine said of it."""
    return _TROUBLES.get(trouble, (trouble, ""))[0] + (f" ({said})" if said else "")


def trouble_remedy(trouble: str) -> str:
    """Return what to do about it; empty for a trouble that is not known."""
    return _TROUBLES.get(trouble, ("", ""))[1]


#: What a queued job waits for, by Slurm's words.
_WAITS = {
    "Licenses": "a licence",
    "Resources": "free cores or memory",
    "Priority": "jobs before it",
    "Dependency": "an equal job",
    "None": "the scheduler",
    "BeginTime": "its begin time",
    "ReqNodeNotAvail": "a node that is down or reserved",
}


def place_words(place: Place | None, licences: Sequence[str], *, queued: bool) -> str:
    """Return where a run on a cluster is, or in which queue and what it waits for; empty for this machine."""
    if place is None:
        return ""
    job = f"job {place.job}" if place.job else "submitted"
    if not queued:
        return f"on {node_words(place.node, place.job)}" if place.node else f"on {place.engine} ({job})"
    waits = _WAITS.get(place.waits, place.waits)
    if place.waits == "Licenses" and licences:
        waits = f"a licence {' or '.join(dict.fromkeys(licences))}"
    return f"queued in {place.engine} ({job}){f', waits for {waits}' if waits else ''}"


def cluster_shortage_line(name: str, shortage: Shortage) -> str:
    """Return that a job of a step could never start, since no node has enough, or the cluster too few licences."""
    kind, _, licence = shortage.resource.partition(" ")
    if licence:
        needs, has = f"{shortage.needed:g} of licence {licence}", f"the cluster has {shortage.available:g}"
    else:
        unit = "GiB of memory" if kind == "memory_gib" else kind
        needs, has = f"{shortage.needed:g} {unit}", f"its largest node gives {shortage.available:.3g} to a step"
    remedy = "choose another partition (farm.slurm.partition), or run such steps here (farm.executors)"
    return f"step '{name}' can never run on the cluster: it needs {needs}, and {has}; {remedy}"
