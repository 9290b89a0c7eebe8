"""The base of all commands of the farm: a help text that reads well, and one-line answers to unknown options."""

from __future__ import annotations

import errno
import gc
import os
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from doit.cmdparse import CmdParseError
from doit.dependency import DbmDB, JsonDB, SqliteDB
from doit.exceptions import InvalidCommand, InvalidDodoFile
from doit.plugin import PluginEntry

from config.output import clean_output
from farm.beneath import RefusedError
from farm.display.reader import open_streams, written
from farm.project import project_of
from farm.settings import FarmSettings
from farm.step import StepError

RUN_ABOUT = """
A task stands for itself and all that it needs; FILE is a file that a task makes. Without any of them everything is
built. What was made once is restored from the store, and what is current stays as it is.

Exit status: 0 all is made, 1 a step failed, 2 the engine failed, 3 nothing was started because the command line or the
configuration is wrong.
"""
RUN_OPTIONS = {
    "always": {"help": "run steps that are current too, and report outputs that differ from before"},
    "continue": {"help": "after a failure go on with all that does not need it"},
    "verbosity": {"metavar": "N"},
    "num_process": {"metavar": "N"},
}
RUN_EXAMPLES = ("doit", "doit hls:res2a", "doit -n 4 -c build network=digits")
#: The remedy if files cannot be opened.
MORE_FILES = "raise the limit, for example with 'ulimit -n 1024'"
_WRITABLE = "make it writable for this user"
_OWN_WRITABLE = f"{_WRITABLE}; 'doit plan' and 'doit reports' answer without that"
_READABLE = "make it readable for this user"
_REPLACED = "move away what stands there"
_ROOM = "make room where build/ and the store lie ('doit cache gc --max-size 10G' makes the store smaller)"
#: What the machine lacks for a command. Other errors of a file would be mistakes of ours, and show where.
_REMEDIES = {
    errno.ENOTDIR: _REPLACED,
    errno.EISDIR: _REPLACED,
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
}
#: What a shell reports for a program that Ctrl-C has ended.
_STOPPED = 130
_RIGHTS = (errno.EROFS, errno.EACCES, errno.EPERM)
_WIDTH = 100
_COLUMN = 28


class Helpful:
    """Put before a command of doit.

    The help leaves out doit's own options (--db-file, --backend, ...): with the farm they mean nothing.
    """

    #: Paragraphs below the purpose.
    about: str = ""
    #: Command lines to copy.
    examples: tuple[str, ...] = ()
    #: Our words for doit's options: members of an option by its name.
    option_words: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
    #: Whether `--help` counts only before the first task: a task may have options of its own.
    tasks_have_options: bool = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        # What is loaded now stays to the end. The engine, which may run for days, has the collector work again.
        gc.disable()
        # Here, because doit keeps stdout when it makes a command, and prints the errors of one by itself.
        open_streams()
        clean_output()
        super().__init__(*arguments, **options)

    def get_backends(self) -> dict[str, Any]:
        """Return doit's databases and those of the settings, by name.

        doit looks for more in every installed package, which takes longer than to read a project. Only its option
        `--backend` could choose one of those.
        """
        command: Any = self
        found = {"dbm": DbmDB, "json": JsonDB, "sqlite3": SqliteDB}
        for name, place in command.config.get("BACKEND", {}).items():
            found[name] = PluginEntry("BACKEND", name, place).get()
        if "backend" in command.cmdparser:
            command.cmdparser["backend"].choices = {name: getattr(each, "desc", "") for name, each in found.items()}
        return found

    def parse_execute(self, in_args: list[str]) -> Any:
        """Answer `--help`, refuse an unknown option in one line, and go on as doit does.

        If stdout cannot be written the command ends, with a line on stderr unless its reader has just gone.
        """
        try:
            return written(lambda: self._parse_execute(in_args))
        except KeyboardInterrupt:
            # Before the engine has begun, or in a command without it.
            sys.stderr.write("stopped by SIGINT\n")
            return _STOPPED
        except StepError as error:
            # What a step seeks is found when somebody looks, here too, and not only while dodo.py is read.
            raise InvalidCommand(str(error)) from None
        except RefusedError as error:
            raise InvalidCommand(f"{error.filename} {error.strerror}; remove it") from None
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                raise InvalidCommand(f"too many open files; {MORE_FILES}") from None
            remedy = remedy_of(error, self._store())
            # A write to a full disk names no file.
            if remedy is None or (error.filename is None and remedy is not _ROOM):
                raise
            where = f"{error.filename}: " if error.filename else ""
            raise InvalidCommand(f"{where}{error.strerror}; {remedy}") from None

    def _parse_execute(self, in_args: list[str]) -> Any:
        if _asks_for_help(in_args, self.tasks_have_options):
            sys.stdout.write(f"{self.help()}\n")
            return 0
        command: Any = self
        try:
            command.cmdparser.parse(in_args)
        except CmdParseError as error:
            # doit's own words hold the objects of all options.
            cause = error.__context__
            said = str(cause) if cause is not None else str(error)
            raise InvalidCommand(f"doit {command.name}: {said}; 'doit {command.name} --help' shows them all") from None
        return super().parse_execute(in_args)  # type: ignore[misc]

    def _store(self) -> Path:
        """Return the folder of the store: of the project, or the user's if no project has been read."""
        from farm.machine import store_folder  # noqa: PLC0415 - for errors only

        command: Any = self
        try:
            farm = project_of(command.loader).farm
        except (AttributeError, InvalidDodoFile):
            farm = FarmSettings()
        return store_folder(farm)

    def purpose(self) -> str:
        """Return the purpose of the command, as a phrase."""
        command: Any = self
        return str(command.doc_purpose)

    def help(self) -> str:
        """Return usage, purpose, options and examples."""
        command: Any = self
        purpose = self.purpose()
        lines = [f"doit {command.name} {command.doc_usage}".rstrip(), ""]
        lines += textwrap.wrap(f"{purpose[:1].upper()}{purpose[1:]}.", _WIDTH)
        for paragraph in self.about.split("\n\n") if self.about else ():
            lines += ["", *textwrap.wrap(" ".join(paragraph.split()), _WIDTH)]
        shown = [option for option in command.cmd_options if option.get("short") or option.get("long")]
        if shown:
            lines += ["", "Options:"]
            for option in shown:
                lines += _option_lines({**option, **self.option_words.get(option["name"], {})})
        if self.examples:
            lines += ["", "Examples:", *(f"  {example}" for example in self.examples)]
        return "\n".join(lines)


def remedy_of(error: OSError, store: Path) -> str | None:
    """Return what to do about an error of a file, where the farm writes below build/ and `store`; None if unknown."""
    if error.errno not in _RIGHTS:
        return _REMEDIES.get(error.errno or 0)
    path = Path(os.path.abspath(str(error.filename or "")))  # noqa: PTH100 - no link is followed
    if any(path.is_relative_to(folder) for folder in (Path.cwd() / "build", store)):
        return _OWN_WRITABLE
    return _READABLE if error.errno != errno.EROFS and _is_kept_from_reading(path) else _WRITABLE


def _is_kept_from_reading(path: Path) -> bool:
    """Tell whether this user may not read what is there, rather than not write it or make it."""
    is_there = os.path.lexists(path) or not os.access(path.parent, os.X_OK, effective_ids=True)
    return is_there and not os.access(path, os.R_OK, effective_ids=True)


def _asks_for_help(words: list[str], only_first: bool) -> bool:
    for word in words:
        if word in ("--help", "-h"):
            return True
        if only_first and not word.startswith("-"):
            return False
    return False


def _option_lines(option: dict[str, Any]) -> list[str]:
    value = "" if option.get("type") is bool else option.get("metavar", "ARG")
    names = [f"-{option['short']}{f' {value}' if value else ''}"] if option.get("short") else []
    if option.get("long"):
        names.append(f"--{option['long']}{f'={value}' if value else ''}")
    choices = " | ".join(str(name) for name, _ in option.get("choices", ()))
    # doit writes the default in the way of the % operator.
    text = " ".join((option.get("help", "") % {"default": option["default"]}).split())
    wrapped = textwrap.wrap(f"{text} ({choices})" if choices else text, _WIDTH - _COLUMN)
    left = f"  {', '.join(names)}"
    if len(left) >= _COLUMN - 1:
        return [left, *(" " * _COLUMN + line for line in wrapped)]
    return [left.ljust(_COLUMN) + (wrapped or [""])[0], *(" " * _COLUMN + line for line in wrapped[1:])]
