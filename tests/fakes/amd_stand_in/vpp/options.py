"""The command line and the configuration file of v++: names, releases, and precedence.

Facts from AMD UG1393 (2019.2) and UG1702 (2020.1 to 2025.2), in a form of our own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from amd_stand_in.errors import ToolError
from amd_stand_in.release import Span

SHORT = {
    "-l": "--link",
    "-c": "--compile",
    "-p": "--package",
    "-o": "--output",
    "-t": "--target",
    "-f": "--platform",
    "-j": "--jobs",
    "-k": "--kernel",
    "-O": "--optimize",
    "-R": "--report_level",
    "-s": "--save-temps",
    "-g": "--debug",
    "-I": "--include",
    "-D": "--define",
    "-h": "--help",
    "-v": "--version",
}
FLAGS = {
    "--link",
    "--compile",
    "--package",
    "--save-temps",
    "--debug",
    "--help",
    "--version",
    "--list_steps",
    "--no_ip_cache",
    "--export_archive",
    "--export_script",
    "--debug.list_ports",
    "--linkhook.list_steps",
}
_REPEATED = (
    "advanced.param", "advanced.prop", "advanced.misc", "clock.freqHz", "clock.id", "clock.tolerance", "connectivity.nk",
    "connectivity.sp", "connectivity.sc", "connectivity.stream_connect", "connectivity.slr", "connectivity.connect",
    "connectivity.region", "debug.chipscope", "debug.protocol", "drc.disable", "drc.enable", "drc.severity", "drc.waive",
    "linkhook.custom", "linkhook.do_first", "linkhook.do_last", "profile.data", "profile.exec", "profile.stall",
    "vivado.param", "vivado.prop", "hls.clock", "hls.max_memory_ports", "hls.memory_port_data_width",
)  # fmt: skip
_SINGLE = (
    "board_connection", "clock.defaultFreqHz", "clock.defaultId", "clock.defaultTolerance", "custom_script", "freqhz",
    "from_step", "to_step", "hls.jobs", "hls.lsf", "hls.pre_tcl", "hls.post_tcl", "interactive", "jobs", "kernel",
    "kernel_frequency", "log_dir", "lsf", "message_rules", "optimize", "output", "part", "platform", "profile.trace_memory",
    "remote_ip_cache", "report_dir", "report_level", "reuse_bit", "reuse_impl", "target", "temp_dir", "user_board_repo_paths",
    "user_ip_repo_paths", "vivado.impl.jobs", "vivado.impl.lsf", "vivado.impl.strategies", "vivado.synth.jobs",
    "vivado.synth.lsf", "work_dir", "mode", "messageDb",
)  # fmt: skip
OLD = {"--sp": "connectivity.sp", "--nk": "connectivity.nk", "--slr": "connectivity.slr", "--sc": "connectivity.sc"}
SECTIONS = {
    "advanced",
    "aie",
    "clock",
    "connectivity",
    "debug",
    "hls",
    "linkhook",
    "package",
    "profile",
    "vivado",
    "drc",
}
TOP = {
    "platform",
    "target",
    "optimize",
    "report_level",
    "save-temps",
    "debug",
    "kernel_frequency",
    "freqhz",
    "temp_dir",
    "log_dir",
    "report_dir",
    "remote_ip_cache",
    "user_ip_repo_paths",
    "messageDb",
    "jobs",
    "part",
}
CHOICES = {
    "optimize": ("0", "1", "2", "3", "s", "quick"),
    "report_level": ("0", "1", "2", "estimate"),
    "target": ("hw", "hw_emu", "sw_emu"),
}
_SPANS = {
    "freqhz": Span("2023.2", "", False),
    "xp": Span("", "2019.2", False),
    "old": Span("", "2019.2", False),
    "long": Span("2020.1", "", False),
}


@dataclass
class Options:
    """The options given; `lists` holds those that may be repeated."""

    values: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)
    inputs: list[str] = field(default_factory=list)

    def get(self, name: str, default: str = "") -> str:
        """A single value."""
        return self.values.get(name, default)

    def all(self, name: str) -> list[str]:
        """Every value of a name."""
        return self.lists.get(name, [])


def read(words: list[str], release: str, warn: Callable[[str], None]) -> Options:
    """Read the options of a command line and its files; the command line has precedence. Raises ToolError."""
    found = Options()
    configs: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            found.inputs.append(word)
            continue
        name, equal, value = word.partition("=") if word.startswith("--") else (word, "", "")
        name = SHORT.get(name, name)
        if re.fullmatch(r"-[OR].+", name):
            name, value, equal = SHORT[name[:2]], name[2:], "="
        if name in FLAGS:
            found.flags.add(name)
            continue
        if not equal:
            if not rest:
                raise ToolError("v++ 60-1506", f"option '{name}' needs a value")
            value = rest.pop(0)
        key = name.removeprefix("--")
        if key == "config":
            configs.append(value)
        elif key == "input_files":
            found.inputs.append(value)
        elif name in OLD:
            _span(_SPANS["old"], name, release, warn)
            found.lists.setdefault(OLD[name], []).append(value)
        elif key in ("xp", "dk", "profile_kernel"):
            _span(_SPANS["xp"], name, release, warn)
            _old_property(found, key, value)
        elif key in _REPEATED:
            _span(_SPANS["long"], name, release, warn)
            found.lists.setdefault(key, []).append(value)
        elif key in _SINGLE:
            if key in _SPANS:
                _span(_SPANS[key], name, release, warn)
            _single(found, key, value)
        elif name in ("--include", "--define"):
            continue
        else:
            raise ToolError("v++ 60-1507", f"unrecognised option '{name}'")
    for file in configs:
        _config(found, Path(file))
    return found


def _span(span: Span, name: str, release: str, warn: Callable[[str], None]) -> None:
    if not span.has(release):
        warn(f"option '{name}' is known from {span}; this is {release}. The span is an estimate.")


def _old_property(found: Options, key: str, value: str) -> None:
    if key != "xp":
        return
    kind, _, text = value.partition(":")
    names = {
        "param": "advanced.param",
        "vivado_prop": "vivado.prop",
        "vivado_param": "vivado.param",
        "prop": "advanced.prop",
    }
    if kind not in names or "=" not in text:
        raise ToolError(
            "v++ 60-1507", f"--xp {value}: expected param:, prop:, vivado_prop: or vivado_param: and name=value"
        )
    found.lists.setdefault(names[kind], []).append(text)


def _single(found: Options, key: str, value: str) -> None:
    if key in CHOICES and value not in CHOICES[key]:
        raise ToolError("v++ 60-1508", f"'{value}' is no value of --{key}: {', '.join(CHOICES[key])}")
    if key in ("jobs", "vivado.synth.jobs", "vivado.impl.jobs") and not value.isdigit():
        raise ToolError("v++ 60-1508", f"'{value}' is no value of --{key}: a whole number")
    # The first value counts: command line first, then files in order, each from its top.
    found.values.setdefault(key, value)


def _config(found: Options, path: Path) -> None:
    if not path.is_file():
        raise ToolError("v++ 60-1620", f"The configuration file '{path}' does not exist.")
    section = ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        text = line.strip()
        where = f"{path}:{number}"
        if not text or text.startswith("#"):
            continue
        if head := re.fullmatch(r"\[([\w.]+)\]", text):
            section = head[1]
            if section not in SECTIONS:
                raise ToolError(
                    "v++ 60-1509", f"{where}: no section [{section}]; there are {', '.join(sorted(SECTIONS))}"
                )
            continue
        key, equal, value = (part.strip() for part in text.partition("="))
        if not equal or not value:
            raise ToolError("v++ 60-1509", f"{where}: '{text}' is not key=value")
        if not section:
            if key not in TOP:
                raise ToolError("v++ 60-1509", f"{where}: no key '{key}' without a section")
            if key in ("save-temps", "debug"):
                if value.lower() in ("1", "true"):
                    found.flags.add(f"--{key}")
            else:
                _single(found, key, value)
            continue
        full = f"{section}.{key}"
        if full in _REPEATED:
            found.lists.setdefault(full, []).append(value)
        elif full in _SINGLE:
            _single(found, full, value)
        else:
            raise ToolError("v++ 60-1509", f"{where}: no key '{key}' in section [{section}]")
