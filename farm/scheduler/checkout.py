"""The artefacts of one checkout: which are current, and how new ones get into place."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from farm import clock
from farm.execution.run import Run
from farm.key import Parts, parts_of
from farm.reason import Reason
from farm.results.digest import Digest, Digests, Signature, digest_of, settled
from farm.results.folder import SCRATCH, move, remove_tree
from farm.results.record import Cost, Record, Records, why
from farm.results.store import Store, entry_of
from farm.step import Step

#: What a task does with its outputs when they are in place; it gets their paths.
Hook = Callable[[tuple[Path, ...]], None]

_RESTORING = f"{SCRATCH}/restoring"


@dataclass(frozen=True)
class Probe:
    """The state of a step before it runs: its key, its inputs, and why it is not current."""

    parts: Parts
    inputs: Mapping[str, tuple[Signature, Digest]]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Difference:
    """An output that differs from that of an earlier run with the same key; `only_bytes` if it means the same."""

    target: str
    only_bytes: bool


class HookError(Exception):
    """The outputs are in place, but the task's publish hook failed."""


class Checkout:
    """The records and targets of a checkout, and their exchange with the store."""

    def __init__(self, root: Path, digests: Digests, store: Store | None) -> None:
        self.root = root
        self.store = store
        self._digests = digests
        self._records = Records(root)
        self._restoring_is_empty = False
        #: Keys of all steps that were looked at.
        self.keys: set[str] = set()

    def probe(self, step: Step) -> Probe:
        """Look at the inputs, the record and the targets of a step. Raises OSError for an input that is not there."""
        inputs = {source: self._digests.read(source) for source in step.sources}
        parts = parts_of(step, lambda item: inputs[item.source][1].meaning)
        self.keys.add(parts.key)
        return Probe(parts, inputs, why(step, parts, self._records.read(step), self._digests))

    def has(self, step: Step) -> bool:
        """Tell whether a step is current or stored. What depends on inputs that are not there yet counts as neither."""
        try:
            probe = self.probe(step)
        except OSError:
            return False
        return not probe.reasons or (self.store is not None and self.store.find(probe.parts.key) is not None)

    def unmoved(self, probe: Probe) -> bool:
        """Tell whether every source is still as it was probed. Raises OSError for one that is gone."""
        return all(
            Signature.of(f"{self.root}/{source}") == signature for source, (signature, _) in probe.inputs.items()
        )

    def edited(self, probe: Probe) -> list[str]:
        """Return the sources that mean something else than when they were probed."""
        return [
            source for source, (signature, digest) in probe.inputs.items() if self._moved(source, signature, digest)
        ]

    def restore(self, step: Step, probe: Probe, hook: Hook | None) -> Cost | None:
        """Put the stored outputs of a step into place, and record them; None if the store has no whole result.

        Returns the cost of the run that made them. Raises OSError if the checkout cannot be written.
        """
        entry = self.store.find(probe.parts.key) if self.store is not None else None
        outputs = {output.path for output in step.outputs}
        if self.store is None or entry is None or not outputs <= set(entry.files):
            return None
        folder = self.root / _RESTORING
        self._clear_restoring()
        self._restoring_is_empty = False
        try:
            if not self.store.restore(entry, folder):
                return None
            self._place(step, folder / "work", {path: file.digest for path, file in entry.files.items()})
            move(folder / "log", self.root / step.log)
            # All moved away: the next one may use the folder, and some file systems take long to remove one.
            self._restoring_is_empty = outputs == set(entry.files) and not any("/" in path for path in outputs)
        finally:
            self._clear_restoring()
        self.run_hook(step, hook)
        self._record(step, probe, {path: file.digest for path, file in entry.files.items()}, entry.cost)
        return entry.cost

    def publish(self, run: Run, probe: Probe, hook: Hook | None) -> tuple[Difference, ...]:
        """Store and record a run that ended well, and put its outputs in place; return the differences from an earlier.

        Raises OSError.
        """
        step, key = run.step, probe.parts.key
        digests = {output.path: digest_of(run.work / output.path) for output in step.outputs}
        earlier = self._earlier(step, key)
        if self.store is not None:
            more = {"facts": dict(step.facts), "cost": run.cost}
            self.store.publish(entry_of(key, step.name, digests, run.work, run.log, **more), run.work, run.log)
        self._place(step, run.work, digests)
        self.run_hook(step, hook)
        self._record(step, probe, digests, run.cost)
        return tuple(
            Difference(output.target, earlier[output.path].meaning == digests[output.path].meaning)
            for output in step.outputs
            if output.path in earlier and earlier[output.path].sha256 != digests[output.path].sha256
        )

    def run_hook(self, step: Step, hook: Hook | None) -> None:
        """Run the task's publish hook. Raises HookError for whatever it raises."""
        if hook is not None:
            try:
                hook(tuple(self.root / target for target in step.targets))
            except Exception as error:
                raise HookError(f"{type(error).__name__}: {error}") from error

    def remove_targets(self, step: Step) -> None:
        """Remove the targets of a step and the record that vouches for them."""
        self._records.remove(step)
        for target in step.targets:
            with contextlib.suppress(OSError):
                (self.root / target).unlink()

    def save(self) -> None:
        """Keep the digests for the next build, and leave no folder."""
        self._digests.save()
        self._restoring_is_empty = False
        self._clear_restoring()

    def _clear_restoring(self) -> None:
        if not self._restoring_is_empty:
            remove_tree(self.root / _RESTORING)

    def _place(self, step: Step, work: Path, digests: Mapping[str, Digest]) -> None:
        for output in step.outputs:
            signature = settled(work / output.path)
            move(work / output.path, self.root / output.target)
            self._digests.learn(output.target, signature, digests[output.path])

    def _record(self, step: Step, probe: Probe, digests: Mapping[str, Digest], cost: Cost) -> None:
        outputs = {output.target: digests[output.path] for output in step.outputs}
        key, parts = probe.parts.key, probe.parts
        self._records.write(
            step, Record(step.name, key, parts, outputs, dict(step.facts), cost, clock.epoch_s(), step.log)
        )

    def _earlier(self, step: Step, key: str) -> Mapping[str, Digest]:
        """Return the outputs of an earlier run with the same key: the store's, else the recorded ones, else none."""
        stored = self.store.outputs(key) if self.store is not None else None
        if stored is not None:
            return stored
        record = self._records.read(step)
        if record is None or record.key != key:
            return {}
        return {
            output.path: record.outputs[output.target] for output in step.outputs if output.target in record.outputs
        }

    def _moved(self, source: str, signature: Signature, digest: Digest) -> bool:
        try:
            now_signature, now = self._digests.read(source)
        except OSError:
            return True
        return now_signature != signature and now.meaning != digest.meaning
