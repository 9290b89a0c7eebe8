"""An engine in the user's own words: command lines with fields, for LSF, PBS, SGE and the wrappers of a site."""

from __future__ import annotations

import shlex
import signal
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Formatter

from farm.execution.cluster.engine import Refusal
from farm.execution.cluster.job import Job, Known, Sighting, Sightings

#: The fields of each text. Those of `submit` that are marked must be there: without them a job could not be found
#: again, or would take more than the engine knows of.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "submit": ("name", "cores", "memory_mb", "minutes", "licences", "log"),
    "licence": ("licence", "count"),
    "alive": (),
    "clear": ("name",),
}
NEEDED: Mapping[str, tuple[str, ...]] = {
    "submit": ("name", "cores", "memory_mb"),
    "licence": ("licence",),
    "alive": (),
    "clear": ("name",),
}
#: What `minutes` is for a step without a limit: engines know no word for "none".
_NO_LIMIT_MINUTES = 7 * 24 * 60


def faults_of(texts: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return what is wrong with a user's texts: the text's name, the fault, and the remedy."""
    faults = [
        (name, f"farm.command has no '{name}'", f"write {name}: COMMAND below farm.command")
        for name in ("submit", "alive", "clear")
        if not texts.get(name)
    ]
    for name, text in texts.items():
        if name == "python":
            continue
        if name not in FIELDS:
            faults.append((name, f"farm.command has no text '{name}'", f"its texts are {', '.join(FIELDS)}, python"))
            continue
        try:
            shlex.split(text)
            used = {field for _, field, _, _ in Formatter().parse(text) if field is not None}
        except ValueError as error:
            faults.append((name, f"farm.command.{name} cannot be read ({error})", "close its quotes and braces"))
            continue
        allowed = FIELDS[name]
        known = ", ".join(f"{{{field}}}" for field in allowed) or "none"
        faults += [
            (name, f"farm.command.{name} has the unknown field '{{{field}}}'", f"its fields are: {known}")
            for field in sorted(used - set(allowed))
        ]
        faults += [
            (name, f"farm.command.{name} lacks the field '{{{field}}}'", f"write it; its fields are: {known}")
            for field in NEEDED[name]
            if field not in used
        ]
    return faults


@dataclass(frozen=True)
class CommandEngine:
    """Command lines from texts. No shell reads them: they are split once, and fields are put into single words."""

    texts: Mapping[str, str]
    title: str = "the queue"
    is_attached: bool = False
    notices_late: bool = True

    @property
    def end_signal(self) -> signal.Signals:
        """SIGTERM: what its client does at a Ctrl-C is not known."""
        return signal.SIGTERM

    @property
    def python(self) -> str:
        """The interpreter on the nodes."""
        return self.texts.get("python", "")

    def submit(self, job: Job) -> list[str]:
        """Return the user's command with the job's values, and the command for the node after it."""
        fields = {
            "name": _name(job.name, job.token),
            "cores": str(job.resources.cores),
            "memory_mb": str(job.memory_mib),
            "minutes": str(job.minutes or _NO_LIMIT_MINUTES),
            "log": str(job.log),
        }
        words: list[str] = []
        for word in shlex.split(self.texts["submit"]):
            if word == "{licences}":
                words += self._licences(job)
            else:
                words.append(word.format(**fields, licences=" ".join(self._licences(job))))
        return [*words, *job.command]

    def _licences(self, job: Job) -> list[str]:
        text = self.texts.get("licence", "")
        return [
            word.format(licence=name, count=count)
            for name, count in sorted(Counter(job.resources.licences).items())
            for word in shlex.split(text)
        ]

    def query(self, jobs: Sequence[Known]) -> list[str]:
        """Ask the engine for all jobs that wait or run."""
        return shlex.split(self.texts["alive"])

    def sightings(self, output: str, jobs: Sequence[Known]) -> Sightings:
        """Return the jobs whose names are in the output. Whether they wait or run the text does not tell."""
        found = set(output.split())
        text = output if len(jobs) < 50 else ""
        return {
            job.token: Sighting(job.id, "running", "alive")
            for job in jobs
            if (name := _name(job.name, job.token)) in found or name in text
        }

    def clear(self, jobs: Sequence[Known]) -> list[str]:
        """End one job by its name, which no other farm uses."""
        names = [_name(job.name, job.token) for job in jobs]
        words: list[str] = []
        for word in shlex.split(self.texts["clear"]):
            words += [word.format(name=name) for name in names] if "{name}" in word else [word]
        return words if names else []

    def refusal(self, words: str) -> Refusal | None:
        """Nobody knows the words of this engine."""
        return None


def _name(name: str, token: str) -> str:
    # Without a dependency on jobs of the same name, names need not be equal, and clearing by name is exact.
    return f"{name}-{token[:8]}"
