"""The artefacts of one checkout: which are current, and how new ones get into place."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path

from config.frozen import dataclass
from farm import clock
from farm.beneath import folder_beneath, move_beneath, remove_beneath, unlink_beneath
from farm.execution.run import Run
from farm.hooks import Hook, called
from farm.key import Parts, parts_of
from farm.planning.vouched import Vouched
from farm.reason import Reason
from farm.results.digest import Digest, Digests, Hashed, Signature, digest_of, settled
from farm.results.folder import SCRATCH
from farm.results.lock import LockHeldError
from farm.results.record import Cost, Origin, Record, Records, why
from farm.results.store import Store, StoreEntry, entry_of
from farm.scheduler.beside.workers import LOCK_PATIENCE_S
from farm.step import Step

#: Where the files of a stored result are put together, one result after the other.
RESTORING = f"{SCRATCH}/restoring"


@dataclass(frozen=True)
class Probe:
    """The state of a step before it runs: its key, its inputs, why it is not current, and its recorded origin."""

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
        """`note` gets sentences for the user."""
        self.root = root
        self._note = note
        self.store = store
        self._digests = digests
        self._records = Records(root)
        #: Files that came out of a shared store, or were made from such.
        self._shared: set[str] = set()
        self._vouched = Vouched(root)
        self._restoring_is_empty = False
        #: Files whose digests were known when a step was looked at.
        self._known: set[str] = set()
        #: Keys that could not be restored.
        self._lost: set[str] = set()
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
        """Tell whether a step is current or stored. If an input is missing it counts as neither."""
        try:
            probe = self.probe(step)
        except OSError:
            return False
        return not probe.reasons or (self.stored(step, probe) is not None)

    def unmoved(self, probe: Probe) -> bool:
        """Tell whether every source is still as it was probed. Raises OSError for one that is gone."""
        return all(
            Signature.of(self._digests.place(source)) == signature for source, (signature, _) in probe.inputs.items()
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
        entry = self.stored(step, probe)
        if entry is None:
            return None
        if not self.fetch(entry, RESTORING):
            self.not_restored(entry)
            return None
        return self.place_fetched(step, probe, entry, RESTORING, hook)

    def stored(self, step: Step, probe: Probe) -> StoreEntry | None:
        """Return what the store has for a step; None if it has nothing that could be restored in this build."""
        key = probe.parts.key
        try:
            return self.store.find(key, _outputs(step)) if self.store is not None and key not in self._lost else None
        except LockHeldError as error:  # only while it is emptied
            self.leave_store(error)
            return None

    def ask_others(self, step: Step, probe: Probe, then: Callable[[], None]) -> bool:
        """Ask others for a result that is not stored; tell whether `then` is called when they have answered."""
        key = probe.parts.key
        return self.store is not None and key not in self._lost and self.store.ask(key, _outputs(step), then)

    def fetch(self, entry: StoreEntry, folder: str) -> bool:
        """Write the files of an entry, verified, into a folder of the checkout; False if the store has no whole result.

        Raises OSError if the checkout cannot be written, and LockHeldError.
        """
        if not (folder == RESTORING and self._restoring_is_empty):
            remove_beneath(self.root, folder)
        self._restoring_is_empty = False
        with folder_beneath(self.root, folder, make=True):
            return self.store is not None and self.store.restore(entry, self.root / folder)

    def place_fetched(self, step: Step, probe: Probe, entry: StoreEntry, folder: str, hook: Hook | None) -> Cost:
        """Put what was fetched into place and record it; return the cost of its run. Raises as `restore` does."""
        digests = {path: file.digest for path, file in entry.files.items()}
        try:
            self._place(step, self.root / folder / "work", digests)
            move_beneath(self.root / folder / "log", self.root, step.log)
            # The folder is empty: the next result may use it, since some file systems take long to remove one.
            self._restoring_is_empty = folder == RESTORING and not any("/" in path for path in digests)
        finally:
            if not self._restoring_is_empty:
                remove_beneath(self.root, folder)
        # Without the store, which has been left meanwhile, nobody knows; then it gains no trust.
        origin = self.store.origin_of(entry.key) if self.store is not None else "shared"
        self.run_hook(step, probe, hook, origin)
        self._record(step, probe, digests, entry.cost, origin)
        return entry.cost

    def leave_store(self, error: LockHeldError) -> None:
        """Go on without the store: somebody holds its lock and does not end."""
        if self.store is not None:
            self._note(
                f"the store {self.store.folder} is not used any more: {error.holder} has held its lock for "
                f"{LOCK_PATIENCE_S:.0f} s"
            )
            self.store = None

    def not_restored(self, entry: StoreEntry) -> None:
        """Do not try to restore an entry again in this build."""
        self._lost.add(entry.key)

    def keep(self, run: Run, probe: Probe) -> dict[str, Digest]:
        """Hash the outputs of a run that ended well, and store them; return their digests.

        Raises OSError and LockHeldError.
        """
        step, key = run.step, probe.parts.key
        digests = {output.path: digest_of(run.work / output.path) for output in step.outputs}
        origin = self._origin(step)
        if self.store is not None and self.store.takes(origin):
            more = {"facts": dict(step.facts), "cost": run.cost}
            self.store.publish(entry_of(key, step.name, digests, run.work, run.log, **more), run.work, run.log, origin)
        return digests

    def publish(
        self,
        run: Run,
        probe: Probe,
        digests: Mapping[str, Digest],
        earlier: Mapping[str, Digest],
        hook: Hook | None,
    ) -> tuple[Difference, ...]:
        """Put the outputs of a run in place and record it; return the differences from `earlier` ones of the same key.

        Raises OSError.
        """
        step = run.step
        origin = self._origin(step)
        self._place(step, run.work, digests)
        self.run_hook(step, probe, hook, origin)
        self._record(step, probe, digests, run.cost, origin)
        if self.store is not None:
            self.store.recorded(probe.parts.key)
        return tuple(
            Difference(output.target, earlier[output.path].meaning == digests[output.path].meaning)
            for output in step.outputs
            if output.path in earlier and earlier[output.path].sha256 != digests[output.path].sha256
        )

    def run_hook(self, step: Step, probe: Probe, hook: Hook | None, origin: Origin, *, current: bool = False) -> None:
        """Run a publish hook, a `Vouch` not again on what is `current` and unchanged. Raises HookError if it raises."""
        if hook is None or (current and self._vouched.stands(step, probe.parts.key, hook)):
            return
        try:
            sentence = called(hook, tuple(self.root / target for target in step.targets), made_here=origin == "ran")
        except Exception as error:
            raise HookError(f"{type(error).__name__}: {error}") from error
        if sentence:
            self._note(sentence)
        else:
            self._vouched.remember(step, probe.parts.key, hook)

    def remove_targets(self, step: Step) -> None:
        """Remove the targets of a step and the record that vouches for them."""
        self._records.remove(step)
        for target in step.targets:
            with contextlib.suppress(OSError):
                unlink_beneath(self.root, target)

    def save(self) -> None:
        """Keep the digests for the next build, where they can be written, and leave no folder."""
        for tidy in (self._digests.save, lambda: remove_beneath(self.root, RESTORING)):
            with contextlib.suppress(OSError):
                tidy()

    def hashed(self, path: str) -> Hashed:
        """Hash a file of the checkout. Raises OSError."""
        return self._digests.hashed(path)

    def learn(self, found: Mapping[str, Hashed]) -> None:
        """Take over what `hashed` has found in another process."""
        for path, hashed in found.items():
            self._digests.offer(path, hashed)

    def unhashed(self, step: Step) -> list[str]:
        """Return the sources and targets of a step that `probe` would have to read."""
        # Many steps read the same files, and a build without work does little else than ask for their times.
        new = [path for path in (*step.sources, *step.targets) if path not in self._known]
        unknown = [path for path in new if not self._digests.knows(path)]
        self._known.update(new)
        self._known.difference_update(unknown)
        return unknown

    def _place(self, step: Step, work: Path, digests: Mapping[str, Digest]) -> None:
        for output in step.outputs:
            signature = settled(work / output.path)
            move_beneath(work / output.path, self.root, output.target)
            self._digests.learn(output.target, signature, digests[output.path])

    def _origin(self, step: Step) -> Origin:
        """Return "shared" if any input of a run came out of a shared store, or was made from one."""
        return "ran" if self._shared.isdisjoint(step.sources) else "shared"

    def _note_origin(self, step: Step, origin: Origin) -> None:
        """Remember the origin of these outputs, for the steps that read them."""
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

    def earlier(self, step: Step, key: str) -> Mapping[str, Digest]:
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
