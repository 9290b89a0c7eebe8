"""The results of steps as lines of text, for `Stage.result`. Imports are deferred until there is a result to show."""

from __future__ import annotations

from pathlib import Path

from toolchains.common.build import Build


def synthesis(build: Build, outputs: tuple[Path, ...]) -> list[str]:
    """Lines about the outputs of a step `ooc`: area and delay."""
    from reports.step_result import synthesis_lines  # noqa: PLC0415 - `doit list` does not need it

    return synthesis_lines(outputs)


def simulation(build: Build, outputs: tuple[Path, ...]) -> list[str]:
    """Lines about the outputs of a step `cosim`: cycles, stalls, the waveform."""
    from reports.step_result import simulation_lines  # noqa: PLC0415 - as above

    return simulation_lines(outputs, waveform=build.settings.values.get("cosim.trace", ""))


def kernel(build: Build, outputs: tuple[Path, ...]) -> list[str]:
    """The lines of a step `kernel`."""
    from reports.step_result import kernel_lines  # noqa: PLC0415 - as above

    return kernel_lines(outputs)


def netlist(build: Build, outputs: tuple[Path, ...]) -> list[str]:
    """The lines of a step `netlist`."""
    from reports.step_result import netlist_lines  # noqa: PLC0415 - as above

    return netlist_lines(outputs)
