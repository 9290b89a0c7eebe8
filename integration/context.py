"""The build that a command such as `doit fit` or `doit reports` is about."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from blocks.network import Network
from config.frozen import dataclass
from config.settings import Settings
from integration.platform import Platform


@dataclass(frozen=True)
class BuildContext:
    """One build. `folder` holds its artefacts, `toolchain` links it, `views` maps core names to `hls` or `rtl`."""

    network: Network
    platform: Platform
    settings: Settings
    folder: Path
    toolchain: str
    views: Mapping[str, str]
