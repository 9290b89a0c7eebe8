"""The farm's commands where doit starts in another folder than the checkout's: `doit -k plan`, `doit -f PATH/dodo.py`.

doit reads `pyproject.toml` of the current folder only, so in a subfolder it would know none of our commands, and its
own `run` would refuse every step. The entry points of this package name a door for each command of doit that the farm
replaces. A door looks for the dodo.py that is meant. If its checkout declares the farm, that checkout's command takes
over, and any other word that it declares as a command is one. Otherwise doit's own command goes on as if there were no
door: other projects in the same environment notice nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from doit.cmd_base import DoitCmdBase
from doit.cmd_clean import Clean
from doit.cmd_dumpdb import DumpDB
from doit.cmd_forget import Forget
from doit.cmd_help import Help
from doit.cmd_info import Info
from doit.cmd_list import List
from doit.cmd_run import Run
from doit.cmd_strace import Strace
from doit.doit_cmd import DoitConfig
from doit.exceptions import InvalidCommand
from doit.plugin import PluginDict, PluginEntry

_FILE = "pyproject.toml"
_DOITS: dict[str, Any] = {
    "run": Run,
    "list": List,
    "info": Info,
    "forget": Forget,
    "clean": Clean,
    "dumpdb": DumpDB,
    "strace": Strace,
    "help": Help,
}


class _Door(DoitCmdBase):  # type: ignore[misc]
    """The part that all doors add to a command of doit."""

    def __init__(self, task_loader: Any, cmds: Any = None, **more: Any) -> None:
        super().__init__(task_loader=task_loader, cmds=cmds, **more)
        self._given = {"task_loader": task_loader, "cmds": cmds, **more}

    def parse_execute(self, in_args: list[str]) -> Any:
        """Let the command of the checkout that is meant go on, if it is one of the farm's; else doit's own."""
        options, words = self.cmdparser.parse(in_args)
        given = {**options, **self.opt_vals}
        folder = _checkout_of(given)
        if folder is None:
            _point_above(given)
        declared = _declared(folder) if folder is not None and folder != Path.cwd() else {}
        commands = declared.get("COMMAND", {})
        if not _is_farms(declared):
            return super().parse_execute(in_args)
        name = self.name
        if name == "run" and words and words[0] in commands:
            # doit does not know the word as a command, and takes it for a task.
            name, in_args = words[0], _without(words[0], in_args)
        return self._command(name, declared).parse_execute(in_args)

    def _command(self, name: str, declared: Mapping[str, Mapping[str, Any]]) -> Any:
        """Return a command as doit would have made it, had it read the checkout's settings."""
        config = {section: dict(values) for section, values in self._given["config"].items()}
        for section, values in declared.items():
            config[section] = {**values, **config.get(section, {})}
        loader = self._given["task_loader"]
        loader.config = config
        loader.cmd_names = sorted({*loader.cmd_names, *config["COMMAND"]})
        # The doors among doit's commands would have doit's help texts.
        commands = {word: PluginEntry("COMMAND", word, place) for word, place in config["COMMAND"].items()}
        cmds = PluginDict({**(self._given["cmds"] or {}), **commands})
        return commands[name].get()(**{**self._given, "config": config, "cmds": cmds})


def __getattr__(name: str) -> Any:
    """Return the class of an entry point: in a checkout of the farm its own command, elsewhere a door."""
    if name not in _DOITS:
        raise AttributeError(name)
    location = _declared(Path.cwd()).get("COMMAND", {}).get(name)
    if location is not None:
        # doit would have taken this one, if entry points did not come first.
        return PluginEntry("COMMAND", name, location).get()
    return type(name.capitalize(), (_Door, _DOITS[name]), {"name": name})


def _declared(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    """Return the settings for doit in the pyproject.toml of a folder, by sections."""
    if not (folder / _FILE).is_file():
        return {}
    sections: Mapping[str, Mapping[str, Any]] = DoitConfig().load_config_toml(str(folder / _FILE), "tool.doit")
    return sections


def _is_farms(declared: Mapping[str, Mapping[str, Any]]) -> bool:
    return str(declared.get("COMMAND", {}).get("run", "")).startswith("farm.")


def _point_above(options: Mapping[str, Any]) -> None:
    """Raise InvalidCommand if a folder above has the file that was looked for here, in a checkout of the farm."""
    above = _checkout_of({"seek_file": True})
    if above is not None and options.get("dodoFile", "dodo.py") == "dodo.py" and _is_farms(_declared(above)):
        raise InvalidCommand(f"this folder has no dodo.py; 'doit -k ...' takes that of {above}")


def _checkout_of(options: Mapping[str, Any]) -> Path | None:
    """Return the folder of the dodo.py that doit would load; None if there is none."""
    file = Path(options.get("dodoFile", "dodo.py")).absolute()
    folders = [file.parent, *file.parent.parents] if options.get("seek_file") else [file.parent]
    return next((folder.resolve() for folder in folders if (folder / file.name).is_file()), None)


def _without(word: str, words: list[str]) -> list[str]:
    """Return the words without the name of a command; options before it are for the command."""
    place = words.index(word)
    return [*words[:place], *words[place + 1 :]]
