"""The commands ``accuracy`` and ``benchmark``: their input, their tables and their files."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from . import accuracy as measured_accuracy
from . import benchmark as measured_speed
from . import output
from .accelerator import Accelerator
from .errors import InputError
from .formats import xclbin
from .formats.checks import manifest_of
from .images.labels import labelled_images
from .simulation import measure as simulated


def accuracy(options: argparse.Namespace, console: Console) -> int:
    """Print top-1 and top-k over a folder, with a bar on stderr while it takes time."""
    if options.batch < 1 or (options.limit is not None and options.limit < 1):
        name, value = ("--batch", options.batch) if options.batch < 1 else ("--limit", options.limit)
        raise InputError(f"{value} is not a number of images", where=name, remedy="give at least 1")
    _check_output(options.json)
    facts = manifest_of(xclbin.read(options.xclbin), str(options.xclbin))
    images = labelled_images(options.folder, options.labels, facts.labels, measured_accuracy.class_count(facts))
    images = images[: options.limit]
    measured_accuracy.check_files(images, facts)
    with (
        Accelerator(options.xclbin, fc_weights=options.fc_weights) as accelerator,
        _bar() as progress,
    ):
        task = progress.add_task("classifying", total=len(images), top="")
        right = 0

        def advance(prediction: measured_accuracy.Prediction) -> None:
            nonlocal right
            right += prediction.right
            done = progress.tasks[0].completed + 1
            progress.update(task, advance=1, top=f"top-1 {right / done:.1%}")

        result = measured_accuracy.measure(accelerator, images, options.batch, advance)
    if _on_output(options.json):
        _write(options.json, measured_accuracy.to_json(result, facts, options.xclbin), console)
        return 0
    for line in measured_accuracy.lines(result, facts):
        console.print(line, soft_wrap=True)
    _write(options.json, measured_accuracy.to_json(result, facts, options.xclbin), console)
    return 0


def benchmark(options: argparse.Namespace, console: Console) -> int:
    """Print the times of this machine or card per batch size, and beside them what a card cannot exceed."""
    batches = measured_speed.parse_batches(options.batches or measured_speed.BATCHES)
    seconds = measured_speed.check_seconds(options.seconds)
    _check_output(options.json)
    status = output.console(stderr=True)
    timings = []
    with Accelerator(options.xclbin, fc_weights=options.fc_weights, batch=max(batches)) as accelerator:
        facts, emulated = accelerator.manifest, accelerator.emulated
        if accelerator.simulated:
            return _simulated(accelerator, max(batches) if options.batches else simulated.IMAGES, options, console)
        for batch in batches:
            if status.is_terminal:
                # No spinner: its thread would be measured too.
                status.print(f"batches of {batch} …", style="dim")
            timings.append(measured_speed.measure(accelerator, batch, seconds))
    text = measured_speed.to_json(timings, facts, xclbin=options.xclbin, emulated=emulated)
    if not _on_output(options.json):
        kind = "EMULATED: the time of this machine's processor, not of a card" if emulated else "measured on the card"
        console.print(f"{facts.network}, {kind}", style="bold", soft_wrap=True)
        console.print(_table(timings))
        for line in _notes(timings, measured_speed.bound(facts), emulated=emulated):
            console.print(line, soft_wrap=True)
    _write(options.json, text, console)
    return 0


def _simulated(accelerator: Accelerator, images: int, options: argparse.Namespace, console: Console) -> int:
    """Cycles of a simulated card. How long this machine takes for them says nothing of a card and is not shown."""
    status = output.console(stderr=True)

    def tell(text: str) -> None:
        if status.is_terminal:
            status.print(text, style="dim")

    facts = accelerator.manifest
    found = simulated.measure(accelerator, measured_speed.random_images(facts, images), tell)
    if not _on_output(options.json):
        clock = f"at {found[0].statistics.clock_mhz:g} MHz"
        console.print(f"{facts.network}, SIMULATED cycle by cycle, times {clock}", style="bold", soft_wrap=True)
        console.print(simulated.times(found))
        console.print(simulated.blocks(found[0].statistics))
        for line in simulated.notes(found):
            console.print(line, soft_wrap=True)
    _write(options.json, measured_speed.simulation_json(simulated.to_json(found), facts, options.xclbin), console)
    return 0


def _table(timings: list[measured_speed.Timing]) -> Table:
    table = Table(box=None)
    for column in ("batch", "images/s", "p50 ms", "p99 ms", "calls"):
        table.add_column(column, justify="right")
    for timing in timings:
        p99 = f"{timing.p99_ms:.2f}" + ("" if timing.calls >= measured_speed.P99_CALLS else "*")
        table.add_row(str(timing.batch), f"{timing.images_per_s:,.1f}", f"{timing.p50_ms:.2f}", p99, str(timing.calls))
    return table


def _notes(timings: list[measured_speed.Timing], most: measured_speed.Bound | None, *, emulated: bool) -> list[str]:
    notes = ["images/s: batches in a row, copies overlapping; p50, p99: one call at a time, its copies included"]
    if any(timing.calls < measured_speed.P99_CALLS for timing in timings):
        notes.append(f"* fewer than {measured_speed.P99_CALLS} calls: the slowest of them")
    about = "a card, MODELLED and not measured" if emulated else "the card, MODELLED"
    if most is None:
        notes.append(f"{about}: nothing, the manifest knows no cycles")
    else:
        notes += [f"{about}: {most}", f"that is {measured_speed.ASSUMPTIONS}"]
    return notes


def _bar() -> Progress:
    console = output.console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[top]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        # Into a file or a pipe it would write an empty line.
        disable=not console.is_terminal,
    )


def _on_output(path: Path | None) -> bool:
    return path is not None and str(path) == "-"


def _check_output(path: Path | None) -> None:
    """Say what is wrong with ``--json`` before hours of work, not after."""
    if path is not None and not _on_output(path) and (path.is_dir() or not path.absolute().parent.is_dir()):
        what = "is a folder" if path.is_dir() else "its folder is not there"
        raise InputError(f"cannot be written, {what}", where=str(path), remedy="give another --json")


def _write(path: Path | None, text: str, console: Console) -> None:
    if path is None:
        return
    if _on_output(path):
        console.out(text, end="", highlight=False)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror})", where=str(path), remedy="give another --json"
        ) from error
