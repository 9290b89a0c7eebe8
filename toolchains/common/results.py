"""What steps have found, in words: for `Stage.result`. The words are imported when there is something to tell."""

from __future__ import annotations

from pathlib import Path

from toolchains.common.build import Build


def synthesis(build: Build, outputs: tuple[Path, ...]) -> list[str]:
    """The lines of a step `ooc`."""
    from reports.step_result import synthesis_lines  # noqa: PLC0415 - `doit list` has no use for it

    return synthesis_lines(outputs)


def simulation(build: Build, outputs: tuple[Path, ...]) -> list[str]:
    """The lines of a step `cosim`."""
    from reports.step_result import simulation_lines  # noqa: PLC0415 - as above

    return simulation_lines(outputs, waveform=build.settings.values.get("cosim.trace", ""))


def kernel(build: Build, outputs: tuple[Path, ...]) -> list[str]:
    """The lines of a step `kernel`."""
    from reports.step_result import kernel_lines  # noqa: PLC0415 - as above

    return kernel_lines(outputs)
