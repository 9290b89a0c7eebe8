"""`doit clean`: doit's own, which knows groups and tasks of earlier settings. It leaves the store as it is."""

from __future__ import annotations

from pathlib import Path

from doit.cmd_clean import Clean as DoitClean

from farm.commands.groups import by_name, with_members
from farm.commands.helpful import Helpful
from farm.commands.own_folder import check_own_folders
from farm.planning.graph import check_selection, linked
from farm.results.record import Records, remove_files

#: Our words for some of doit's options.
_SAID = {
    "cleandep": {"help": "what the tasks need too"},
    "cleanall": {"help": "all tasks"},
    "dryrun": {"help": "only say what would be removed"},
    "cleanforget": {"help": "forget too that the tasks have run"},
}


class Clean(Helpful, DoitClean):  # type: ignore[misc]
    """Removes targets and logs. A group stands for its members; all tasks include those of earlier settings."""

    name = "clean"
    doc_purpose = "remove what tasks have made; the store keeps it"
    doc_usage = "[-n] [-c] [--forget] [TASK...] [key=value...]"
    about = """
    Without a task everything goes that was built for the present network, toolchain and target. That includes what
    earlier settings have left.
    """
    examples = ("doit clean -n", "doit clean hls:res2a")
    option_words = _SAID

    def _execute(
        self, dep_file: str, dryrun: bool, cleandep: bool, cleanall: bool, cleanforget: bool, pos_args: list[str]
    ) -> None:
        check_own_folders(dep_file)
        tasks = by_name(self.task_list)
        check_selection(pos_args, tasks, ())
        linked(self.task_list)
        super()._execute(dryrun, cleandep, cleanall, cleanforget, with_members(tasks, pos_args))
        if not pos_args:
            self._clean_earlier(Path(dep_file).parent.as_posix(), dryrun)

    def _clean_earlier(self, folder: str, dryrun: bool) -> None:
        """Remove files that tasks of earlier settings left in the folder of this build: cores of another folding."""
        made = {target for task in self.task_list for target in task.targets}
        records = Records(Path.cwd())
        for record in records.below(folder):
            paths = [path for path in (*record.outputs, record.log) if path.startswith(f"{folder}/")]
            if made.isdisjoint(record.outputs) and ".." not in "/".join(paths).split("/"):
                self.outstream.write(f"{record.name} (of earlier settings) - remove {', '.join(paths)}\n")
                if not dryrun:
                    remove_files(paths)
                    records.forget(record)
