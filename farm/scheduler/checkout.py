"""The artefacts of one checkout: which are current, and how new ones get into place."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from farm import clock
from farm.execution.run import Run
from farm.hooks import Hook, Vouch
from farm.key import Parts, parts_of
from farm.reason import Reason
from farm.results.digest import Digest, Digests, Signature, digest_of, settled
from farm.results.folder import SCRATCH, move, remove_tree
from farm.results.record import Cost, Origin, Record, Records, why
from farm.results.store import Store, entry_of
from farm.step import Step

_RESTORING = f"{SCRATCH}/restoring"


@dataclass(frozen=True)
class Probe:
    """The state of a step before it runs: its key, its inputs, why it is not current, and who made what is recorded."""

    parts: Parts
    inputs: Mapping[str, tuple[Signature, Digest]]
    reasons: tuple[Reason, ...]
    origin: Origin = "restored"


@dataclass(frozen=True)
class Difference:
    """An output that differs from that of an earlier run with the same key; `only_bytes` if it means the same."""

    target: str
    only_bytes: bool


class HookError(Exception):
    """The outputs are in place, but the task's publish hook failed."""


class Checkout:
    """The records and targets of a checkout, and their exchange with the store."""

    def __init__(
        self, root: Path, digests: Digests, store: Store | None, note: Callable[[str], None] = lambda _: None
    ) -> None:
        """`note` gets what a hook has to say."""
        self.root = root
        self.store = store
        self._digests = digests
        self._note = note
        self._records = Records(root)
        #: Files that came out of a shared store, or were made from such.
        self._shared: set[str] = set()
        self._restoring_is_empty = False
        #: Keys of all steps that were looked at.
        self.keys: set[str] = set()

    def probe(self, step: Step) -> Probe:
        """Look at the inputs, the record and the targets of a step. Raises OSError for an input that is not there."""
        inputs = {source: self._digests.read(source) for source in step.sources}
        parts = parts_of(step, lambda item: inputs[item.source][1].meaning)
        self.keys.add(parts.key)
        record = self._records.read(step)
        reasons = why(step, parts, record, self._digests)
        origin = record.origin if record is not None else "restored"
        if not reasons:
            self._note_origin(step, origin)
        return Probe(parts, inputs, reasons, origin)

    def has(self, step: Step) -> bool:
        """Tell whether a step is current or stored. What depends on inputs that are not there yet counts as neither."""
        try:
            probe = self.probe(step)
        except OSError:
            return False
        return not probe.reasons or (
            self.store is not None and self.store.find(probe.parts.key, _outputs(step)) is not None
        )

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
        if self.store is None or (entry := self.store.find(probe.parts.key, _outputs(step))) is None:
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
            self._restoring_is_empty = not any("/" in path for path in entry.files)
        finally:
            self._clear_restoring()
        origin: Origin = "shared" if self.store.shared else "restored"
        self.run_hook(step, hook, origin)
        self._record(step, probe, {path: file.digest for path, file in entry.files.items()}, entry.cost, origin)
        return entry.cost

    def publish(self, run: Run, probe: Probe, hook: Hook | None) -> tuple[Difference, ...]:
        """Store and record a run that ended well, and put its outputs in place; return the differences from an earlier.

        Raises OSError.
        """
        step, key = run.step, probe.parts.key
        digests = {output.path: digest_of(run.work / output.path) for output in step.outputs}
        earlier = self._earlier(step, key)
        origin: Origin = "ran" if self._shared.isdisjoint(step.sources) else "shared"
        # A store of one's own never holds what others may have had a hand in.
        if self.store is not None and (origin == "ran" or self.store.shared):
            more = {"facts": dict(step.facts), "cost": run.cost}
            self.store.publish(entry_of(key, step.name, digests, run.work, run.log, **more), run.work, run.log)
        self._place(step, run.work, digests)
        self.run_hook(step, hook, origin)
        self._record(step, probe, digests, run.cost, origin)
        return tuple(
            Difference(output.target, earlier[output.path].meaning == digests[output.path].meaning)
            for output in step.outputs
            if output.path in earlier and earlier[output.path].sha256 != digests[output.path].sha256
        )

    def run_hook(self, step: Step, hook: Hook | None, origin: Origin) -> None:
        """Run the task's publish hook on outputs of this origin. Raises HookError for whatever it raises."""
        if hook is not None:
            paths = tuple(self.root / target for target in step.targets)
            try:
                if isinstance(hook, Vouch):
                    if sentence := hook.call(paths, origin == "ran"):
                        self._note(sentence)
                else:
                    hook(paths)
            except Exception as error:
                raise HookError(f"{type(error).__name__}: {error}") from error

    def remove_targets(self, step: Step) -> None:
        """Remove the targets of a step and the record that vouches for them."""
        self._records.remove(step)
        for target in step.targets:
            with contextlib.suppress(OSError):
                (self.root / target).unlink()

    def save(self) -> None:
        """Keep the digests for the next build, where they can be written, and leave no folder."""
        with contextlib.suppress(OSError):
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

    def _note_origin(self, step: Step, origin: Origin) -> None:
        """Remember for the steps that read these outputs whether a shared store had a hand in them."""
        if origin == "shared":
            self._shared.update(step.targets)
        else:
            self._shared.difference_update(step.targets)

    def _record(self, step: Step, probe: Probe, digests: Mapping[str, Digest], cost: Cost, origin: Origin) -> None:
        self._note_origin(step, origin)
        outputs = {output.target: digests[output.path] for output in step.outputs}
        key, parts = probe.parts.key, probe.parts
        self._records.write(
            step, Record(step.name, key, parts, outputs, dict(step.facts), cost, clock.epoch_s(), step.log, origin)
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


def _outputs(step: Step) -> set[str]:
    return {output.path for output in step.outputs}
