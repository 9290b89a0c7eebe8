"""A build: the network, board, target and clock that all its steps have in common."""

from __future__ import annotations

import os
from pathlib import Path

from blocks.core.base import Core
from blocks.network import Network
from config.frozen import dataclass
from config.settings import Settings
from farm.step import Step
from integration.context import BuildContext
from integration.platform import Platform
from toolchains.common.programs import MISSING, install_words


@dataclass(frozen=True)
class Build:
    """Everything that a stage needs to make its steps. Paths are relative to `root`, the checkout."""

    toolchain: str
    root: Path
    network: Network
    platform: Platform
    target: str
    clock_mhz: float
    settings: Settings

    @property
    def folder(self) -> str:
        """The folder of the artefacts, one per network, toolchain and target, so switching re-runs nothing."""
        return f"build/{self.network.name}/{self.toolchain}-{self.target}"

    @property
    def xclbin(self) -> str:
        """The file that the build ends with."""
        return f"{self.folder}/{self.network.name}.xclbin"

    def view(self, core: Core) -> str:
        """The view that a core is synthesised from: `rtl` or `hls`."""
        return "rtl"

    def note_of(self, step: Step) -> str:
        """A note to show before the step runs, e.g. that a program is missing; empty if there is none."""
        names = [tool.name for tool in step.tools if tool.told == MISSING]
        return "\n".join(
            f"{name} is missing here, so no step that needs it can run: {install_words(name)}" for name in names
        )

    def context(self) -> BuildContext:
        """The build in the form that the fit and the estimate take."""
        views = {core.name: self.view(core) for core in self.network.cores().values()}
        folder = self.root / self.folder
        return BuildContext(self.network, self.platform, self.settings, folder, self.toolchain, views)

    def relative(self, path: Path) -> str:
        """A file's path from the checkout, with forward slashes; that of a file outside the checkout is absolute."""
        # Do not resolve links: the parameters' folder may be a link to another disk.
        inside = Path(os.path.relpath(path, self.root))
        outside = ".." in inside.parts
        return Path(os.path.abspath(path)).as_posix() if outside else inside.as_posix()  # noqa: PTH100

    def shown(self, path: Path) -> str:
        """A file as records show it: from the checkout, or from the network's folder if it lies outside."""
        inside = self.relative(path)
        return Path(os.path.relpath(path, self.network.file.parent)).as_posix() if inside.startswith("/") else inside
