"""What dodo.py passes to the farm in its DOIT_CONFIG: doit hands its values to every command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from doit.exceptions import InvalidDodoFile

from config.settings import Settings
from farm.redaction import Redaction
from farm.settings import FarmSettings


@dataclass(frozen=True)
class Project:
    """The settings of a build, and the redaction of its logs."""

    settings: Settings
    redaction: Redaction

    @property
    def farm(self) -> FarmSettings:
        """The engine's own section of the settings."""
        return self.settings.section(FarmSettings)


def project_of(loader: Any) -> Project:
    """Return what a loaded dodo.py passes; `loader` is doit's, after its `setup`.

    Raises InvalidDodoFile if settings or redaction are absent: there is no default, since logs would silently keep what
    is private.
    """
    config = loader.load_doit_config()
    return checked_project(config.get("settings"), config.get("redaction"))


def checked_project(settings: Any, redaction: Any) -> Project:
    """Return both as a Project. Raises InvalidDodoFile for a value of another type, with what to write instead."""
    if not isinstance(settings, Settings):
        raise InvalidDodoFile(
            _problem("settings", settings, "settings=SETTINGS", "the value that load_settings returns")
        )
    if not isinstance(redaction, Redaction):
        example = "a Redaction of farm.redaction, or its NOTHING_PRIVATE if no log holds anything private"
        raise InvalidDodoFile(_problem("redaction", redaction, "redaction=REDACTION", example))
    return Project(settings, redaction)


def _problem(name: str, value: Any, argument: str, example: str) -> str:
    what = f"has no {name}" if value is None else f"has a {type(value).__name__} as its {name}"
    return f"dodo.py: DOIT_CONFIG {what}; write doit_config(FOLDER, {argument}, ...) with {example}"
