"""`doit cluster check`: whether the cluster of the settings can run a step, and what is missing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from doit.cmd_base import DoitCmdBase
from doit.exceptions import InvalidCommand

from farm.commands.building.team import remote_for
from farm.commands.helpful import Helpful
from farm.execution.cluster.check import check
from farm.machine import store_folder
from farm.planning.cluster import chosen, way_of, with_limits
from farm.project import project_of
from farm.tasks import plain_errors


class Cluster(Helpful, DoitCmdBase):  # type: ignore[misc]
    """Tests the set-up of a cluster."""

    name = "cluster"
    doc_purpose = "test in 10 s whether the cluster of farm.local.yaml runs steps, and say what is missing"
    doc_usage = "check"
    about = "It asks the engine and runs a small job. It exits with 1 if anything is missing (docs/team/cluster.md)."
    examples = ("doit cluster check", "doit cluster check farm.executor=slurm")
    doc_description = None
    cmd_options = ()

    def execute(self, params: Any, args: list[str]) -> int:
        """Print a line for each thing that was looked at; no task is created."""
        if args != ["check"]:
            raise InvalidCommand("'doit cluster' has one word: check")
        self.loader.setup(params)
        project = project_of(self.loader)
        settings, farm = project.settings, project.farm
        with plain_errors():
            # Which kinds of steps there are only a build knows.
            found = chosen(settings, [kind for kind, _ in farm.executors])
            if found is None:
                raise InvalidCommand("all steps run on this machine; write 'executor: slurm' below farm, then check")
            remote_for(project)
            _, unanswered = with_limits(settings, *found)
        good = not unanswered
        if unanswered:
            sys.stdout.write(f"MISSING  {unanswered}\n")
        else:
            way = way_of(found[0], farm, store_folder(farm))
            for finding in check(found[0], way, Path.cwd()):
                good = good and finding.good
                remedy = "" if finding.good else f"; {finding.remedy}"
                sys.stdout.write(f"{'ok' if finding.good else 'MISSING':<8} {finding.what}{remedy}\n")
                sys.stdout.flush()
        return 0 if good else 1
