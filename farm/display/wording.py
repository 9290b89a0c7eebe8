"""Plans, failures and the state of a build in words. No other module of the engine writes such sentences."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from farm.display.cluster_words import cluster_shortage_line, node_words, trouble_remedy, trouble_words
from farm.display.reason_words import reason_words, short_reasons, shown

if TYPE_CHECKING:
    from farm.display.tally import Waiting
    from farm.execution.failure import Failure
    from farm.planning.admission import Capacity, Shortage
    from farm.planning.forecast import Forecast, TimeLeft
    from farm.planning.makespan import Bound
    from farm.planning.planner import Planned
    from farm.reason import Reason
    from farm.results.ledger import Expectation, Range
    from farm.results.record import Record
    from farm.results.store_care import Collected
    from farm.scheduler.checkout import Difference
    from farm.step import FailureClass, Resources, Step


def known_as(name: str, groups: Sequence[str]) -> str:
    """Return the name of a step with the names by which people call it: a core's with those of its blocks."""
    return f"{name} (= {_some(groups)})" if groups else name


_PLANNED = {"run": "run", "restore": "restore", "depends": "maybe", "ignored": "ignored", "current": "current"}


def plan_lines(
    planned: Sequence[Planned],
    forecast: Forecast,
    capacity: Capacity,
    groups: Callable[[str], Sequence[str]],
    *,
    with_current: bool,
    cluster: str = "",
) -> list[str]:
    """Return a line per task that is not current, and the totals; `cluster` names the place of those elsewhere."""
    lines = list(forecast.notes(item.name for item in planned))
    for item in planned:
        if item.state == "current" and not with_current:
            continue
        why = short_reasons(item.reasons)
        if item.after:
            why = f"depends on {_some(item.after)}" + (f"; {why}" if why else "")
        time = _range(forecast.time_of(item.name)) if item.state in ("run", "depends") else ""
        name = known_as(item.name, groups(item.name))
        step = forecast.step(item.name) if item.state in ("run", "depends") else None
        where = (
            f"  on {cluster}: {resources_words(step.resources)}" if step and capacity.is_elsewhere(item.name) else ""
        )
        state, size = _PLANNED[item.state], ""
        if item.fetch_bytes is not None:
            state, size = "fetch", f"  {size_words(item.fetch_bytes)}"
        lines.append(f"  {state:<7} {name}" + (f"  ({why})" if why else "") + time + size + where)
    count = {state: sum(item.state == state for item in planned) for state in _PLANNED}
    totals = [f"{count['run']} would run", f"{count['restore']} would be restored", f"{count['current']} current"]
    if fetched := [item.fetch_bytes for item in planned if item.fetch_bytes is not None]:
        totals[1] += f", {len(fetched)} of them from the remote store ({size_words(sum(fetched))})"
    if count["depends"]:
        totals.append(f"{count['depends']} depend on the outcome of others")
    if count["ignored"]:
        totals.append(f"{count['ignored']} ignored")
    return [*lines, ", ".join(totals), *_total_time(planned, forecast, capacity)]


def _total_time(planned: Sequence[Planned], forecast: Forecast, capacity: Capacity) -> list[str]:
    """Return the least and the most that a build would take, as far as earlier runs tell."""
    certain = [item.name for item in planned if item.state == "run"]
    possible = [item.name for item in planned if item.state in ("run", "depends")]
    if not possible:
        return []
    least = forecast.time_left(certain, capacity, which="low")
    most = forecast.time_left(possible, capacity, which="high")
    if not most.known:
        return ["time: unknown, since none of these steps has run before"]
    slots = f"{capacity.slots} slot{'s' if capacity.slots != 1 else ''}"
    if capacity.elsewhere is not None:
        slots += f" and {capacity.elsewhere.in_flight} jobs on the cluster, not counting its queue"
    known = f"{_between(least.seconds, most.seconds)} with {slots}, by earlier runs"
    return [f"time: unknown, since {_never_ran(most)}; the others take {known}" if most.unknown else f"time: {known}"]


def _never_ran(left: TimeLeft) -> str:
    return f"{left.unknown} of these {left.known + left.unknown} steps never ran before"


def _range(wall_s: Range | None) -> str:
    return "" if wall_s is None else f"  {_between(wall_s.low, wall_s.high)}"


def _between(low_s: float, high_s: float) -> str:
    low, high = duration_words(low_s), duration_words(high_s)
    return low if low == high else f"{low} to {high}"


_SECTIONS = (
    ("facts", ("fact",)),
    ("inputs", ("input",)),
    ("tools", ("tool", "environment")),
    ("command", ("argv",)),
    ("outputs", ("outputs", "missing", "altered")),
    ("", ("no record", "asked")),
)


def why_lines(planned: Planned, record: Record | None, asked: str) -> list[str]:
    """Return the differences from the last run, in the order in which a person looks: facts, inputs, tools, command."""
    name = planned.name if planned.name == asked else f"{planned.name} (= {asked})"
    if planned.state == "current":
        cost = f"; its run took {duration_words(record.cost.wall_s)}" if record else ""
        return [f"{name} is current: nothing that it depends on has changed{cost}"]
    verb = {"run": "would run", "restore": "would be restored from the store", "ignored": "is ignored"}
    lines = [f"{name} {verb.get(planned.state, f'may run: that depends on {_some(planned.after)}')}"]
    if planned.before is not None:
        lines.append(f"  compared with {planned.before.name}, which {planned.before.group} was before")
    for title, kinds in _SECTIONS:
        found = [reason for reason in planned.reasons if reason.kind in kinds]
        words = [
            line for reason in found for line in ([reason_words(reason)] if reason.kind != "argv" else _argv(reason))
        ]
        lines += [f"  {title if not number else '':<8} {line}" for number, line in enumerate(words)]
    return lines


def step_lines(step: Step) -> list[str]:
    """Return how a step runs: command, tools, facts and resources."""
    rows = [
        ("command", [shlex.join(step.argv)]),
        ("log", [step.log]),
        ("tools", [f"{tool.name} {tool.version}" for tool in step.tools]),
        ("variables", [f"{name}={value}" for name, value in step.environment]),
        ("facts", [f"{name} {value}" for name, value in step.facts]),
        ("occupies", [resources_words(step.resources)]),
    ]
    return [line for title, found in rows if found for line in ("", f"{title:<11}: ", *(f" - {one}" for one in found))]


def resources_words(needs: Resources) -> str:
    """Return what a run occupies."""
    licences = f", licences {', '.join(needs.licences)}" if needs.licences else ""
    return f"{needs.cores} core{'s' if needs.cores > 1 else ''}, {needs.memory_gib:g} GiB{licences}"


_SHOWN_WAITING = 3


def status_words(done: int, total: int, restored: int, running: int, left: TimeLeft) -> str:
    """Return the first line of the live display: where the build stands, and the time left with its basis."""
    words = f"  {done}/{total} done" + (f" ({restored} restored)" if restored else "") + f", {running} running"
    if not left.known:
        return f"{words}; time left unknown: no step has run before"
    if left.unknown:
        others = f"the others take {duration_words(left.seconds)}"
        return f"{words}; time left unknown: {left.unknown} of the rest never ran before, {others}"
    return f"{words}; about {duration_words(left.seconds)} left (by earlier runs)"


def running_words(name: str, elapsed_s: float, expected: Expectation, why: str, where: str = "") -> str:
    """Return the live line of a running step; `where` are the words of its place, if it is not this machine."""
    time = duration_words(elapsed_s)
    if expected.wall_s is not None and expected.basis == "step":
        time += f" of {duration_words(expected.wall_s.median)}"
    return f"  {time:>18}  {name}  {f'{where}  ' if where else ''}{why}"


def waiting_lines(waiting: Sequence[Waiting]) -> list[str]:
    """Return a line for each waiting task: first those that wait for the fewest others."""
    free = sum(1 for one in waiting if not one.for_ and not one.missing)
    lines = [f"  {f'{free} wait':>18}  for a free place"] if free else []
    short = [one for one in waiting if one.missing]
    lines += [
        f"  {'waits':>18}  {one.name} for {', '.join(map(_missing_words, one.missing))}"
        for one in short[:_SHOWN_WAITING]
    ]
    if len(short) > _SHOWN_WAITING:
        lines.append(f"  {'':>18}  and {len(short) - _SHOWN_WAITING} more for memory, cores or licences")
    others = [one for one in waiting if one.for_]
    lines += [f"  {'waits':>18}  {one.name} for {_some(one.for_)}" for one in others[:_SHOWN_WAITING]]
    if len(others) > _SHOWN_WAITING:
        lines.append(f"  {'':>18}  and {len(others) - _SHOWN_WAITING} more")
    return lines


def _missing_words(missing: Shortage) -> str:
    kind, _, licence = missing.resource.partition(" ")
    if licence:
        return f"a licence {licence}"
    unit = " GiB of memory" if kind == "memory_gib" else f" {kind}"
    return f"{missing.needed:.3g}{unit} ({max(0.0, missing.available):.3g} free)"


def bound_lines(bound: Bound, slots: int, wall_s: float) -> list[str]:
    """Return how near a build came to the least time that its steps need."""
    path = " -> ".join(bound.path if len(bound.path) <= 6 else (*bound.path[:3], "...", *bound.path[-2:]))
    over = f"{max(0.0, wall_s / bound.lower_s - 1):.0%} above it" if bound.lower_s > 0 else "-"
    return [
        f"critical path: {duration_words(bound.critical_s)} ({path})",
        f"least time with {slots} slots: {duration_words(bound.lower_s)}; this build was {over}",
    ]


def _argv(reason: Reason) -> list[str]:
    """Return the words of a command that changed."""
    import difflib  # noqa: PLC0415 - only here

    before, after = reason.before.split(" "), reason.after.split(" ")
    lines = []
    for what, first, last, begin, end in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what != "equal":
            # The word before a changed value is mostly its option.
            option = f"{before[first - 1]} " if first and before[first - 1].startswith("-") else ""
            lines.append(f"{option}{shown(' '.join(before[first:last]))} -> {shown(' '.join(after[begin:end]))}")
    return lines


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:2])
    return shown if len(names) <= 2 else f"{shown} and {len(names) - 2} more"


def failure_words(failure: Failure) -> str:
    """Return how a step failed, as a phrase."""
    where = node_words(failure.node, failure.job)
    return f"{_cause_words(failure)}{f' on {where}' if where else ''}"


def _cause_words(failure: Failure) -> str:
    match failure.cause:
        case "cluster":
            return trouble_words(failure.detail, failure.said)
        case "exit":
            return f"ended with exit status {failure.detail}"
        case "signal":
            return f"was ended by {failure.detail}"
        case "timeout":
            return f"did not end within {failure.detail} s"
        case "lost":
            return "lost the process that watches it: its outputs cannot be trusted"
        case "program":
            return f"could not be started: {failure.detail}"
        case "outputs":
            return f"ended with exit status 0, but its output {failure.detail}"
        case "refused":
            return f"is refused: {failure.detail}"
        case "log":
            return "ended with exit status 0, but its log reports an error"
        case "cut":
            return f"ended with exit status 0, but its log is cut off: {failure.detail}"
        case "input":
            return f"could not {'copy' if failure.kind == 'disk' else 'read'} its inputs: {failure.detail}"
        case "hook":
            return f"has its outputs in place, but the publish hook failed: {failure.detail}"
        case "action":
            return failure.detail
        case "engine":
            return f"met an error of the engine: {failure.detail}"


#: The remedy for each class of failures, unless the toolchain has a better one.
_REMEDIES: dict[FailureClass, str] = {
    "source": "correct the lines named above",
    "config": "correct the configuration, or install what is missing",
    "capacity": "fold more, or choose a larger board",
    "timing": "lower clock_mhz, or change the folding on the critical path",
    "licence": "free a licence, or ask for more; farm.licences limits how many this machine uses at once",
    "memory": "run fewer steps in parallel (farm.slots), raise farm.memory_gib, or use a larger machine",
    "disk": "make room, for example with 'doit cache gc --max-size 10G', and build again",
    "crash": "build again; if it crashes each time, send the folder of 'doit repro' to the tool's maker",
    "timeout": "raise the step's timeout if it was making progress",
    "infrastructure": "look at the machine, and build again",
}


def remedy_words(failure: Failure) -> str:
    """Return the remedy for a failure, and its class."""
    used = ""
    if failure.peak_memory_gib is not None and failure.limit_gib is not None:
        used = (
            f"; it took {failure.peak_memory_gib:.2f} GiB of {failure.limit_gib:.2f}, "
            f"{failure.memory_gib:.2f} were expected"
        )
    own = trouble_remedy(failure.detail) if failure.cause == "cluster" else ""
    return f"remedy: {failure.remedy or own or _REMEDIES[failure.kind]} (failure class: {failure.kind}{used})"


def shortage_lines(steps: Sequence[tuple[str, Sequence[Shortage]]]) -> list[str]:
    """Return a line for each need of a step that this machine cannot meet, with the setting that would change it."""
    lines = []
    for name, shortages in steps:
        for shortage in shortages:
            kind, _, licence = shortage.resource.partition(" ")
            has = f"{shortage.available:g} may be used"
            if shortage.elsewhere:
                lines.append(cluster_shortage_line(name, shortage))
                continue
            if licence:
                needs, remedy = f"licence {licence}", f"write '{licence}: COUNT' below farm.licences in farm.local.yaml"
            elif kind == "memory_gib":
                needs, remedy = f"{shortage.needed:g} GiB of memory", "raise farm.memory_gib if the machine has more"
            else:
                needs, remedy = f"{shortage.needed:g} {kind}", f"raise farm.{kind}"
            lines.append(f"step '{name}' can never run here: it needs {needs}, and {has}; {remedy}")
    return lines


def difference_words(name: str, difference: Difference) -> str:
    """Return that a repeated run has made something else."""
    kind = "different bytes of equal meaning" if difference.only_bytes else "a different result"
    return f"not reproducible: with equal inputs {name} made {kind} in {difference.target}"


def limit_words(gone: Collected, limit_gib: float) -> str:
    """Return that the store was brought below its limit, or why it could not be."""
    left = f"{size_words(gone.kept_bytes)} left; farm.store_gib is {limit_gib:g}"
    if gone.kept_bytes > limit_gib * 2**30:
        left += ", and what this build needs stays"
    results = f"{gone.entries} result{'s' if gone.entries != 1 else ''}"
    return f"the store was full: removed {results} longest unused ({size_words(gone.freed_bytes)}), {left}"


def size_words(size_bytes: float) -> str:
    """Return a size as a person says it: 5 B, 1.2 KiB, 3.0 GiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size_bytes < 1024:
            return f"{size_bytes:.0f} {unit}" if unit == "B" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1024
    return f"{size_bytes:.1f} TiB"


def duration_words(seconds: float) -> str:
    """Return a time as a person says it: 0.3 s, 42 s, 3 min 5 s, 2 h 10 min."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
