"""The entry of a build in the history: one JSON object, format 1, written once and never changed.

format, folder, network, toolchain, target, platform, part, clock_mhz
began_s, wall_s, outcome, tasks, runs, bound, machine     from the engine (`farm/display/account.py`)
revision      `commit` and `dirty`; null without git
settings      those that a file or the command line gave, by dotted name
tools         versions by name
blocks        by block: `core`, `slrs` by the fit, `weights` (a digest of the memory images)
cores         by core: `folding` and other shapes as labels, `made_of` (a digest of what its steps were made of)
values        by scope and quantity, see `reports.history.amounts`; `marks` has `~` and `!` of those that have one.
              Both are empty if a signal ended the build
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reports.history.amounts import BUILD, ESTIMATE, Amount, Key
from reports.history.revision import Revision
from reports.reading.document import Record
from reports.reading.errors import UnknownLayoutError
from reports.reading.stand_in import MARK

FORMAT = 1
INTERRUPTED = "interrupted"
"""The outcome of a build that a signal ended: its entry says what ran, and has no values."""
#: The year 9999: calendars end there.
_LATEST_S = 2.5e11
#: The shape of a core, of which all its other facts follow.
_SHAPES = ("pe", "simd", "mmv", "depth", "channels", "synapses", "pixels", "input_bits", "weight_bits", "output_bits")


class NewerFormatError(UnknownLayoutError):
    """A later version of the project wrote the entry."""


@dataclass(frozen=True)
class Cause:
    """What can make an amount grow, by label. `folding` and `tools` are values by name, the others are digests."""

    core: str = ""
    folding: Mapping[str, str] | None = None
    tools: Mapping[str, str] | None = None
    weights: str = ""
    made_of: str = ""
    slrs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """An entry as the history reads it; `document` is all of it."""

    name: str
    folder: str
    began_s: float
    outcome: str
    revision: Revision
    amounts: Mapping[Key, Amount]
    document: Mapping[str, Any]

    @property
    def tools(self) -> dict[str, str]:
        """The versions of the tools by name."""
        return _texts(self.document.get("tools"))

    def causes(self) -> dict[str, Cause]:
        """Return what each block was made of."""
        blocks, cores = _objects(self.document.get("blocks")), _objects(self.document.get("cores"))
        found = {}
        for name, block in blocks.items():
            core = cores.get(str(block.get("core", "")), {})
            slrs = block.get("slrs")
            found[name] = Cause(
                core=str(block.get("core", "")),
                folding=_texts(core.get("folding")),
                tools=_texts(core.get("tools")),
                weights=str(block.get("weights", "")),
                made_of=str(core.get("made_of", "")),
                slrs=tuple(str(slr) for slr in slrs) if isinstance(slrs, list) else (),
            )
        return found


@dataclass(frozen=True)
class Made:
    """What was to be built: the core of each block, and the SLRs of those whose fit is known."""

    network: str
    toolchain: str
    target: str
    platform: str
    part: str
    clock_mhz: float
    cores: Mapping[str, str]
    slrs: Mapping[str, tuple[str, ...]]


def entry_document(
    account: Mapping[str, Any],
    made: Made,
    amounts: Mapping[Key, Amount],
    revision: Revision,
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the entry of a build: what the engine tells of it (`account`), what it made, and its amounts."""
    results = account["results"]
    if account["outcome"] == INTERRUPTED:
        amounts = {}  # half a build: a trend through its values would show what it has not built yet as gone
    else:
        amounts = {**amounts, (BUILD, "wall_s"): Amount(float(account["wall_s"]))}
    values: dict[str, dict[str, float]] = {}
    marks: dict[str, dict[str, str]] = {}
    for (scope, quantity), amount in amounts.items():
        whole = amount.value.is_integer() and abs(amount.value) < 1e15
        values.setdefault(scope, {})[quantity] = int(amount.value) if whole else round(amount.value, 6)
        if amount.mark:
            marks.setdefault(scope, {})[quantity] = amount.mark
    weights = {name: str(one["outputs"])[:16] for task, name, one in _named(results) if task == "weights"}
    return {
        "format": FORMAT,
        **{
            key: account[key] for key in ("folder", "began_s", "wall_s", "outcome", "tasks", "runs", "bound", "machine")
        },
        **{key: getattr(made, key) for key in ("network", "toolchain", "target", "platform", "part", "clock_mhz")},
        "revision": {"commit": revision.commit, "dirty": revision.dirty},
        "settings": dict(settings),
        "tools": {tool: version for one in results for tool, version in one["tools"].items()},
        "blocks": {
            block: {"core": core, "slrs": list(made.slrs.get(block, ())), "weights": weights.get(block, "")}
            for block, core in made.cores.items()
        },
        "cores": {core: _core(results, core) for core in sorted(set(made.cores.values()))},
        "values": values,
        "marks": marks,
    }


def _named(results: list[dict[str, Any]]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for one in results:
        task, _, name = str(one["name"]).partition(":")
        yield task, name, one


def _core(results: list[dict[str, Any]], core: str) -> dict[str, Any]:
    steps = {task: one for task, name, one in _named(results) if name == core}
    facts = {label: value for one in steps.values() for label, value in one["facts"].items()}
    keys = "".join(f"{task} {one['key']}" for task, one in sorted(steps.items()))
    return {
        "folding": {label: value for label, value in facts.items() if label.rpartition(".")[2] in _SHAPES},
        "tools": {tool: version for one in steps.values() for tool, version in one["tools"].items()},
        "made_of": hashlib.sha256(keys.encode()).hexdigest()[:16] if keys else "",
    }


def read_entry(record: Record, name: str) -> Entry:
    """Return an entry from its file's content. Raises ReportError, NewerFormatError for a later format."""
    found = record.count("format")
    if found > FORMAT:
        raise NewerFormatError(record.file, None, f"has format {found}", f"this version knows {FORMAT}; update it")
    if found != FORMAT:
        raise UnknownLayoutError(record.file, None, f"has format {found}", f"expected {FORMAT}")
    marks = _objects(record.value.get("marks"))
    amounts = {}
    for scope, values in record.record("values").records().items():
        own = marks.get(scope, {})
        for quantity in values.value:
            mark = own.get(quantity)
            amounts[scope, quantity] = Amount(values.number(quantity), mark if mark in (ESTIMATE, MARK) else "")
    git = record.record("revision")
    dirty = git.value.get("dirty")
    began_s = record.number("began_s")
    if not 0 <= began_s < _LATEST_S:
        raise record.wrong("began_s", "seconds since 1970")
    words = [record.text("folder"), record.text("outcome"), git.maybe_text("commit") or ""]
    if not all(_is_unicode(word) for word in (*words, *(word for key in amounts for word in key))):
        raise UnknownLayoutError(record.file, None, "holds half a character", "no text does")
    return Entry(
        name=name,
        folder=words[0],
        began_s=began_s,
        outcome=words[1],
        revision=Revision(words[2] or None, dirty if isinstance(dirty, bool) else None),
        amounts=amounts,
        document=record.value,
    )


def _is_unicode(text: str) -> bool:
    """Whether a text has no half of a surrogate pair, which JSON allows and no file or database takes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _objects(value: Any) -> dict[str, dict[str, Any]]:
    return {key: each for key, each in value.items() if isinstance(each, dict)} if isinstance(value, dict) else {}


def _texts(value: Any) -> dict[str, str]:
    return {key: str(each) for key, each in value.items()} if isinstance(value, dict) else {}
