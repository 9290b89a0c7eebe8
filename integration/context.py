"""What a command that looks at a build is asked about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from blocks.network import Network
from config.settings import Settings
from integration.platform import Platform


@dataclass(frozen=True)
class BuildContext:
    """One build: `folder` holds its artefacts, `toolchain` links it, `views` says how each core is written, by name."""

    network: Network
    platform: Platform
    settings: Settings
    folder: Path
    toolchain: str
    views: Mapping[str, str]
