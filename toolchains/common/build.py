"""A build: the network, the board, the target and the clock that all of its steps are made for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from blocks.core.base import Core
from blocks.network import Network
from config.settings import Settings
from farm.step import Step
from integration.context import BuildContext
from integration.platform import Platform
from toolchains.common.programs import MISSING, install_words


@dataclass(frozen=True)
class Build:
    """What a stage makes its steps of. Paths are relative to `root`, the checkout."""

    toolchain: str
    root: Path
    network: Network
    platform: Platform
    target: str
    clock_mhz: float
    settings: Settings

    @property
    def folder(self) -> str:
        """Where its artefacts lie: a folder per network, toolchain and target. Switching re-runs nothing."""
        return f"build/{self.network.name}/{self.toolchain}-{self.target}"

    @property
    def xclbin(self) -> str:
        """The end of the build."""
        return f"{self.folder}/{self.network.name}.xclbin"

    def view(self, core: Core) -> str:
        """How a core is written for synthesis: `rtl` or `hls`."""
        return "rtl"

    def note_of(self, step: Step) -> str:
        """What is to be known before a step runs: that a program is missing. Empty where there is nothing to say."""
        names = [tool.name for tool in step.tools if tool.version == MISSING]
        return "\n".join(
            f"{name} is missing here, so no step that needs it can run: {install_words(name)}" for name in names
        )

    def context(self) -> BuildContext:
        """The build as the fit and the estimate are asked about it."""
        views = {core.name: self.view(core) for core in self.network.cores().values()}
        folder = self.root / self.folder
        return BuildContext(self.network, self.platform, self.settings, folder, self.toolchain, views)

    def relative(self, path: Path) -> str:
        """A file's path from the checkout, with forward slashes."""
        # Not resolved: a folder of parameters may be a link to where there is room for it.
        return Path(os.path.relpath(path, self.root)).as_posix()
