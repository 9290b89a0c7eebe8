"""The values that dodo.py passes to the farm in its DOIT_CONFIG: doit hands them to every command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from typing import Any

from doit.exceptions import InvalidCommand, InvalidDodoFile

from config.frozen import dataclass
from config.settings import Settings
from farm.redaction import Redaction
from farm.settings import FarmSettings


@dataclass(frozen=True)
class Question:
    """What a user asks of a build: `doit NAME` prints the answer, builds nothing and leaves no trace.

    `answer` prints, and returns a sentence where the answer is a failure: the exit status is 1 then. `in_report` puts
    what it prints into `doit bugreport`. With `usage` ("[A] [B]") it takes the words of the command line. With
    `has_forms` it takes `form`, "table" or "github": the latter is what GitHub shows of a job.
    """

    name: str
    doc: str
    answer: Callable[..., str | None]
    in_report: bool = False
    usage: str = ""
    has_forms: bool = False


#: Gets the account of a build that ran or restored a step, when the build is over (`farm.display.account` describes
#: it). Returns a sentence to print, mostly none. It must be quick: the account of an interrupted build comes while an
#: alarm runs, which ends the process without a word. What it raises is said, and fails no build.
AfterBuild = Callable[[Mapping[str, Any]], str | None]


@dataclass(frozen=True)
class Guide:
    """The introduction that `doit list` and `doit help` print.

    `title` says what the project is, `start` are command lines with what each does, and `parts` are titles with the
    tasks below each, in the order of work. Tasks that no part names come last.
    """

    title: str = ""
    start: tuple[tuple[str, str], ...] = ()
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Project:
    """The settings of a build, the redaction of its logs, its questions, its guide, and what follows a build."""

    settings: Settings
    redaction: Redaction
    questions: tuple[Question, ...] = ()
    guide: Guide = Guide()
    after_build: AfterBuild | None = None

    @property
    def farm(self) -> FarmSettings:
        """The engine's own section of the settings."""
        return self.settings.section(FarmSettings)


def project_of(loader: Any) -> Project:
    """Return the values that a loaded dodo.py passes; `loader` is doit's, after its `setup`.

    Raises InvalidDodoFile if settings or redaction are absent: there is no default, since logs would silently keep what
    is private.
    """
    config = loader.load_doit_config()
    project = checked_project(config.get("settings"), config.get("redaction"))
    questions = tuple(config.get("questions", ()))
    return replace(project, questions=questions, guide=guide_of(loader), after_build=config.get("after_build"))


def guide_of(loader: Any) -> Guide:
    """Return the guide that a loaded dodo.py passes, an empty one if it passes none."""
    guide = loader.load_doit_config().get("guide")
    return guide if isinstance(guide, Guide) else Guide()


def checked_project(settings: Any, redaction: Any) -> Project:
    """Return both as a Project. Raises InvalidDodoFile for a value of another type, with what to write instead."""
    if not isinstance(settings, Settings):
        raise InvalidDodoFile(
            _problem("settings", settings, "settings=SETTINGS", "the value that load_settings returns")
        )
    if not isinstance(redaction, Redaction):
        example = "a Redaction of farm.redaction, or its NOTHING_PRIVATE if no log holds anything private"
        raise InvalidDodoFile(_problem("redaction", redaction, "redaction=REDACTION", example))
    _check_remote(settings)
    return Project(settings, redaction)


def _check_remote(settings: Settings) -> None:
    """Raise InvalidCommand for an address that cannot be used, before any command prints it: it may hold a password."""
    written = settings.section(FarmSettings).remote
    if written is not None:
        from farm.remote.address import AddressError, parsed_address  # noqa: PLC0415 - most have none

        try:
            parsed_address(written)
        except AddressError as error:
            problem = settings.problem("farm.remote", f"farm.remote {error.what}", error.remedy)
            raise InvalidCommand(str(problem)) from None


def _problem(name: str, value: Any, argument: str, example: str) -> str:
    what = f"has no {name}" if value is None else f"has a {type(value).__name__} as its {name}"
    return f"dodo.py: DOIT_CONFIG {what}; write doit_config(FOLDER, {argument}, ...) with {example}"
