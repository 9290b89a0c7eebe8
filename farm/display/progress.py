"""The display of a build: a live list of running steps on a terminal, plain lines elsewhere, and a summary."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, TextIO

from config.output import clean_output, console
from farm.display.cluster_words import place_words
from farm.display.reason_words import long_reasons, short_reasons
from farm.display.result import nothing_to_do_words
from farm.display.tally import Tally
from farm.display.wording import (
    bound_lines,
    difference_words,
    duration_words,
    failure_words,
    known_as,
    remedy_words,
    running_words,
    status_words,
    waiting_lines,
)
from farm.execution.failure import Failure
from farm.execution.run import Place, Run
from farm.planning.forecast import TimeLeft
from farm.reason import Reason
from farm.results.record import Cost
from farm.scheduler.outcome import Outcome

_SHOWN_RUNS = 12
_REFRESH_S = 0.2

#: Returns the reasons to show for a step, from those that the engine found.
Explain = Callable[[str, tuple[Reason, ...]], tuple[Reason, ...]]
#: Returns the groups that stand for a step alone.
Groups = Callable[[str], tuple[str, ...]]
#: Returns the lines of the results of these tasks.
Results = Callable[[Collection[str]], Iterable[str]]


class Display:
    """Shows the events of a loop on `stream`; `reasons` shows every reason of every step (-v 2)."""

    refresh_s: float | None = None

    def __init__(
        self,
        stream: TextIO,
        tally: Tally,
        *,
        reasons: bool = False,
        explain: Explain = lambda _, reasons: reasons,
        groups: Groups = lambda _: (),
        results: Results = lambda _: (),
    ) -> None:
        self._stream = stream
        self._tally = tally
        self._reasons = reasons
        self._explain = explain
        self._groups = groups
        self._results_of = results
        self._said: set[str] = set()

    def __enter__(self) -> Display:
        return self

    def __exit__(self, *_: object) -> None:
        self._clear()

    def started(self, name: str, reasons: Sequence[Reason]) -> None:
        shown = self._explain(name, tuple(reasons))
        self._started(name, short_reasons(shown))
        if self._reasons:
            for line in long_reasons(shown):
                self._line(f"          {line}", "dim")

    def finished(self, name: str, elapsed_s: float, place: Place | None = None, waited_s: float = 0.0) -> None:
        self._tally.finish(name, elapsed_s)
        self._line(f"  done    {name}  {duration_words(elapsed_s)}{_where(place, waited_s)}", "green")

    def current(self, name: str) -> None:
        self._tally.end(name)

    def restored(self, name: str, cost: Cost) -> None:
        self._tally.restore(name)
        self._line(f"  restore {name}  (its run took {duration_words(cost.wall_s)})", "green")

    def repeated(self, name: str, failure: Failure, attempt: int) -> None:
        self._line(f"  again   {name} {failure_words(failure)}; attempt {attempt + 1} follows", "yellow")
        self._line(f"          {remedy_words(failure)}", "")

    def failed(self, name: str, failure: Failure) -> None:
        """Show how a task failed, the telling lines of its log, and where to look further."""
        self._tally.give_up(name)
        self._line(f"  FAILED  {known_as(name, self._groups(name))} {failure_words(failure)}", "bold red")
        for line in failure.lines:
            self._line(f"          {line}", "red")
        if failure.place and not any(failure.place in line for line in failure.lines):
            self._line(f"          at {failure.place}", "red")
        self._line(f"          {remedy_words(failure)}", "")
        if failure.log:
            self._line(f"          log: {failure.log}", "")
            self._line(f"          rerun: doit repro {name}", "")

    def python_action(self, name: str) -> None:
        """Leave the terminal to an action that writes to it."""
        self._clear()

    def progress(self, done: int, total: int, running: Sequence[Run]) -> None:
        """Show nothing: only a terminal has a live list."""

    def note(self, text: str) -> None:
        """Show the lines of a note that were not shown yet: many tasks have the same one."""
        for line in text.splitlines():
            if line not in self._said:
                self._said.add(line)
                self._line(line, "")

    def summary(self, outcome: Outcome) -> None:
        """Show the counts, the failures and the next command."""
        self._clear()
        if outcome.stopped_by:
            self._line(self._stopped_line(outcome), "bold")
            return
        for name, differences in sorted(outcome.differing.items()):
            for difference in differences:
                self._line(difference_words(name, difference), "yellow")
        for source, name in sorted(outcome.edited.items()):
            self._line(f"{source} was edited while {name} ran with it; the next build runs {name} again", "yellow")
        if not (outcome.ran or outcome.restored or outcome.failed or outcome.skipped):
            self._line(nothing_to_do_words(len(outcome.current), outcome.wall_s), "green")
            self._results(outcome)
            return
        counts = {
            "run": outcome.ran,
            "restored": outcome.restored,
            "current": outcome.current,
            "failed": outcome.failed,
            "skipped": outcome.skipped,
            "not started": outcome.not_started,
        }
        words = [f"{len(names)} {what}" for what, names in counts.items() if names or what in ("run", "current")]
        style = "bold red" if outcome.failed else "green"
        self._line(f"{', '.join(words)} in {duration_words(outcome.wall_s)}", style)
        if outcome.restored:
            self._line(f"restoring saved {duration_words(outcome.saved_cpu_s)} of CPU time", "")
        if len(outcome.ran) > 1 and not outcome.failed:
            for line in bound_lines(self._tally.bound(), self._tally.capacity.width, outcome.wall_s):
                self._line(line, "")
        self._results(outcome)
        if outcome.failed:
            self._line(f"failed: {', '.join(outcome.failed)}", "red")
        if outcome.not_started:
            self._line("'doit -c ...' runs the tasks that do not need the failed ones", "")

    def _results(self, outcome: Outcome) -> None:
        made = {*outcome.ran, *outcome.restored, *outcome.current}
        for line in self._results_of(made):
            self._line(line, "")

    def _started(self, name: str, why: str) -> None:
        self._line(f"  run     {name}  ({why})" if why else f"  run     {name}", "")

    def _line(self, text: str, style: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()

    def _clear(self) -> None:
        """Take the live part from the screen."""

    @staticmethod
    def _stopped_line(outcome: Outcome) -> str:
        ended = f"; ended {', '.join(outcome.killed)}" if outcome.killed else ""
        kept = f"{len(outcome.ran)} finished and recorded"
        left = len(outcome.not_started) + len(outcome.killed)
        return f"stopped by {outcome.stopped_by}{ended}; {kept}, {left} remain for the next build"


class _Picture:
    """The picture that Live draws. Live asks each time, so lines printed above come with the present picture below."""

    text: Any = ""

    def __rich__(self) -> Any:
        return self.text


class LiveDisplay(Display):
    """The display of a terminal: finished lines above, running steps with their time below."""

    refresh_s: float | None = _REFRESH_S

    def __init__(
        self,
        stream: TextIO,
        tally: Tally,
        *,
        reasons: bool = False,
        explain: Explain = lambda _, reasons: reasons,
        groups: Groups = lambda _: (),
        results: Results = lambda _: (),
    ) -> None:
        from rich.live import Live  # noqa: PLC0415 - a build without a terminal must not wait for its import

        super().__init__(stream, tally, reasons=reasons, explain=explain, groups=groups, results=results)
        self._console = console(file=stream, highlight=False)
        # No thread: the engine forks, and the kernel ties children to the thread that started them.
        self._picture = _Picture()
        self._live = Live(self._picture, console=self._console, auto_refresh=False, transient=True)
        self._why: dict[str, str] = {}
        #: Lines that are to stand above the live part, with their styles.
        self._above: list[tuple[str, str]] = []
        self._shown_s = 0.0
        self._last_estimate: tuple[set[str], float, TimeLeft] | None = None

    def progress(self, done: int, total: int, running: Sequence[Run]) -> None:
        """Redraw the running steps, a few times a second at most."""
        from rich.text import Text  # noqa: PLC0415

        if not running:
            self._clear()
            return
        if not self._above and time.monotonic() - self._shown_s < _REFRESH_S / 2:
            return
        self._shown_s = time.monotonic()
        if not self._live.is_started:
            self._live.start()
            clean_output()  # rich has put a stream of its own before stdout
        seconds = {run.step.name: run.elapsed_s for run in running}
        lines = [status_words(done, total, self._tally.restored, len(running), self._time_left(seconds))]
        for run in running[:_SHOWN_RUNS]:
            name = run.step.name
            where = place_words(run.place, run.step.resources.licences, queued=run.queued)
            lines.append(
                running_words(name, run.elapsed_s, self._tally.forecast.of(name), self._why.get(name, ""), where)
            )
        if len(running) > _SHOWN_RUNS:
            lines.append(f"  and {len(running) - _SHOWN_RUNS} more")
        lines += waiting_lines(self._tally.waiting(list(seconds)))
        width = max(20, self._console.width - 1)
        lines = [line[:width] for line in lines]
        self._picture.text = Text("\n".join(lines), style="cyan", no_wrap=True)
        # Lines above are written together with the new picture below them, so each is drawn once.
        if not self._print_above():
            self._live.refresh()

    def _time_left(self, seconds: dict[str, float]) -> TimeLeft:
        """Return the time left, estimated anew when another step runs or a second has passed."""
        last = self._last_estimate
        if last is None or last[0] != set(seconds) or time.monotonic() - last[1] > 1:
            last = (set(seconds), time.monotonic(), self._tally.time_left(seconds))
            self._last_estimate = last
        return last[2]

    def _started(self, name: str, why: str) -> None:
        self._why[name] = f"({why})" if why else ""

    def finished(self, name: str, elapsed_s: float, place: Place | None = None, waited_s: float = 0.0) -> None:
        """Show that a task is done, and why it had to run."""
        self._tally.finish(name, elapsed_s)
        time = f"{duration_words(elapsed_s)}{_where(place, waited_s)}"
        self._line(f"  done    {name}  {time}  {self._why.get(name, '')}", "green")

    def _line(self, text: str, style: str) -> None:
        self._above.append((text, style))
        if not self._live.is_started:
            self._print_above()

    def _print_above(self) -> bool:
        """Write the lines that are to stand above the live part; tell whether there were any."""
        from rich.text import Text  # noqa: PLC0415

        # Tool output goes here too: brackets in it are not markup.
        lines = [Text(text, style=style) for text, style in self._above]
        self._above.clear()
        if lines:
            self._console.print(*lines, sep="\n", soft_wrap=True)
        return bool(lines)

    def _clear(self) -> None:
        if self._live.is_started:
            self._live.stop()
        self._print_above()


def _where(place: Place | None, waited_s: float) -> str:
    """Return where a step ran and how long it had waited, if that was on a cluster."""
    if place is None:
        return ""
    return f" {place_words(place, (), queued=False)}, after {duration_words(waited_s)} of waiting"


def display_for(
    stream: TextIO, tally: Tally, *, reasons: bool, explain: Explain, groups: Groups, results: Results
) -> Display:
    """Return the live display if `stream` is a terminal. `explain` may say more than "no record" of a step."""
    kind = LiveDisplay if stream is sys.stdout and stream.isatty() else Display
    return kind(stream, tally, reasons=reasons, explain=explain, groups=groups, results=results)
