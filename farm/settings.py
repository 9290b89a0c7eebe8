"""The engine's section of the settings."""

from __future__ import annotations

from dataclasses import dataclass

from config.settings import setting


@dataclass(frozen=True)
class FarmSettings:
    """Keys below `farm`."""

    slots: int | None = setting(None, "steps that run at the same time; empty: one per CPU", minimum=1)
    keep_failed: bool = setting(False, "keep the scratch folder of a failed step")
