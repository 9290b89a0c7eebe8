"""Read a C++ top: its arguments, its INTERFACE pragmas and the direction of each stream.

This is not a compiler: it resolves comments and conditionals, follows includes, and finds function definitions by name.
It follows calls down to a `.read()` or `.write()` to find the direction of a stream.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from amd_stand_in.errors import ToolError

_INCLUDE = re.compile(r'#\s*include\s*"([^"]+)"')
_AXIS = re.compile(r"(?:farm|hls)::stream\s*<\s*(.*?)\s*>\s*&$", re.S)
_WIDE = re.compile(r"ap_u?int\s*<\s*(\d+)\s*>")
_SIMPLE = {"bool": 1, "char": 8, "short": 16, "int": 32, "unsigned": 32, "float": 32, "long long": 64, "double": 64}


@dataclass(frozen=True)
class Argument:
    """An argument of the top; `width` is in bits of its data."""

    name: str
    text: str
    width: int
    stream: bool
    pointer: bool
    constant: bool


@dataclass
class Top:
    """The top function as written."""

    name: str
    arguments: list[Argument]
    body: str
    text: str
    interfaces: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    dataflow: bool = False

    def interface(self, port: str) -> list[tuple[str, dict[str, str]]]:
        """The INTERFACE pragmas of a port."""
        return [entry for entry in self.interfaces if entry[1].get("port") == port]


def preprocess(file: Path, flags: list[str]) -> str:
    """The text of a unit without comments and with its own headers included. Raises ToolError."""
    folders = [Path(flag[2:]) for flag in flags if flag.startswith("-I")]
    defines = {"__SYNTHESIS__": "", "__cplusplus": "201402L"}
    defines.update((flag[2:].partition("=")[0], flag.partition("=")[2]) for flag in flags if flag.startswith("-D"))
    return "\n".join(_lines(file, folders, defines, set()))


def _lines(file: Path, folders: list[Path], defines: dict[str, str], once: set[Path]) -> list[str]:
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), file.read_text(), flags=re.S)
    text = re.sub(r"\\\n", "", re.sub(r"//[^\n]*", "", text))
    kept: list[str] = []
    active: list[bool] = []
    for number, line in enumerate(text.split("\n"), 1):
        word = line.strip()
        if not word.startswith("#"):
            if all(active):
                kept.append(line)
            continue
        key = re.sub(r"^#\s*", "#", word).split(None, 1)
        rest = key[1] if len(key) > 1 else ""
        if key[0] in ("#ifdef", "#ifndef"):
            active.append((rest.split()[0] in defines) == (key[0] == "#ifdef"))
        elif key[0] == "#if":
            active.append(any(name in defines for name in re.findall(r"\w+", rest)) != rest.startswith("!"))
        elif key[0] == "#else":
            active[-1] = not active[-1]
        elif key[0] == "#endif":
            active.pop()
        elif not all(active):
            continue
        elif key[0] == "#define":
            defines[re.match(r"\w+", rest)[0]] = rest
        elif key[0] == "#pragma" and rest.startswith("once"):
            if file.resolve() in once:
                return []
            once.add(file.resolve())
        elif found := _INCLUDE.match(word):
            path = next((f / found[1] for f in (file.parent, *folders) if (f / found[1]).is_file()), None)
            if path is None:
                raise ToolError("HLS 207-812", f"'{found[1]}' file not found: {file}:{number}:10")
            kept += _lines(path, folders, defines, once)
        elif key[0] == "#pragma":
            kept.append(word)
    return kept


def balanced(text: str, at: int, pair: str = "()") -> int:
    """The index after the bracket that closes the one at `at`."""
    depth = 0
    for index in range(at, len(text)):
        depth += (text[index] == pair[0]) - (text[index] == pair[1])
        if depth == 0:
            return index + 1
    return len(text)


def split(text: str, brackets: str = "<([{>)]}") -> list[str]:
    """The parts between the commas outside of all brackets."""
    parts, depth, last = [], 0, 0
    half = len(brackets) // 2
    for index, letter in enumerate(text):
        depth += letter in brackets[:half]
        depth -= letter in brackets[half:]
        if letter == "," and depth == 0:
            parts.append(text[last:index])
            last = index + 1
    parts.append(text[last:])
    return [part.strip() for part in parts if part.strip()]


def definition(text: str, name: str) -> tuple[list[str], str] | None:
    """Parameters and body of a function's definition."""
    for found in re.finditer(rf"\b{re.escape(name)}\s*\(", text):
        end = balanced(text, found.end() - 1)
        brace = re.match(r"\s*\{", text[end:])
        if brace and re.search(r"[\w>&*]\s+[&*]?$", text[: found.start()]):
            start = end + brace.end() - 1
            return split(text[found.end() : end - 1]), text[start : balanced(text, start, "{}")]
    return None


def read_top(text: str, name: str) -> Top | None:
    """The top function; None if the text does not define it. Raises ToolError for anything that HLS rejects."""
    found = definition(text, name)
    if found is None:
        return None
    parameters, body = found
    top = Top(name, [_argument(text, parameter) for parameter in parameters], body, text)
    for pragma in re.findall(r"#\s*pragma\s+HLS\s+([^\n]*)", body, re.I):
        words = re.sub(r"\s*=\s*", "=", pragma).split()
        if words[0].upper() == "INTERFACE":
            values = dict(word.split("=", 1) for word in words[1:] if "=" in word)
            mode = next((word for word in words[1:] if "=" not in word), values.pop("mode", ""))
            top.interfaces.append((mode.lower(), values))
        elif words[0].upper() == "DATAFLOW":
            top.dataflow = True
    names = {argument.name for argument in top.arguments} | {"return"}
    for mode, values in top.interfaces:
        if values.get("port") not in names:
            raise ToolError(
                "HLS 207-5301",
                f"unknown HLS pragma operand: INTERFACE {mode} names port '{values.get('port')}', which function '{name}' does not have",
            )
        if mode not in (
            "axis",
            "m_axi",
            "s_axilite",
            "ap_ctrl_none",
            "ap_ctrl_hs",
            "ap_ctrl_chain",
            "ap_none",
            "ap_stable",
        ):
            raise ToolError("HLS 207-5302", f"unexpected INTERFACE mode '{mode}' of port '{values.get('port')}'")
    return top


def _argument(text: str, parameter: str) -> Argument:
    found = re.match(r"(.*?)([A-Za-z_]\w*)\s*(\[[^\]]*\])?$", parameter, re.S)
    if found is None:
        raise ToolError("HLS 207-1", f"cannot read parameter '{parameter}'")
    kind, name = " ".join(found[1].split()), found[2]
    stream = _AXIS.match(kind)
    if "stream" in kind and stream is None:
        raise ToolError("HLS 214-208", f"argument '{name}' is a stream that is not passed by reference")
    if kind.startswith("farm::") and not re.search(r"using\s+stream\s*=\s*hls::stream", text):
        raise ToolError(
            "HLS 214-208",
            f"argument '{name}': farm::stream is not hls::stream here; was the host's farm_release.hpp included?",
        )
    wide = _WIDE.search(kind)
    width = int(wide[1]) if wide else next((w for word, w in reversed(_SIMPLE.items()) if word in kind), 32)
    return Argument(name, kind, width, stream is not None, "*" in kind or bool(found[3]), kind.startswith("const "))


class Directions:
    """The directions of a function's stream parameters."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._known: dict[str, Mapping[int, str]] = {}

    def of(self, name: str) -> Mapping[int, str]:
        """Index of parameter to "in", "out"."""
        if name in self._known:
            return self._known[name]
        self._known[name] = {}
        found = definition(self._text, name)
        if found is None:
            return {}
        parameters, body = found
        names = [re.search(r"(\w+)\s*(\[[^\]]*\])?$", p)[1] for p in parameters]
        result = {index: way for index, word in enumerate(names) if (way := self._way(word, body))}
        self._known[name] = result
        return result

    def _way(self, word: str, body: str) -> str | None:
        if re.search(rf"\b{word}\s*\.\s*(read|read_nb|empty)\b|>>\s*{word}\b|\b{word}\s*>>", body):
            return "in"
        if re.search(rf"\b{word}\s*\.\s*(write|write_nb)\b|\b{word}\s*<<", body):
            return "out"
        for callee, words in calls(body):
            if word in words and (way := self.of(callee).get(words.index(word))):
                return way
        return None


def calls(body: str) -> list[tuple[str, list[str]]]:
    """The calls in a body that are statements: name without template arguments, and arguments."""
    found = []
    for call in re.finditer(r"(?:^|[;{}:\n])\s*(?:\w+::)*(\w+)\s*(<[^;{}]*?>)?\s*\(", body):
        if call[1] in ("for", "while", "if", "switch", "return", "sizeof"):
            continue
        end = balanced(body, call.end() - 1)
        if re.match(r"\s*;", body[end:]):
            found.append((call[1], split(body[call.end() : end - 1])))
    return found


def processes(body: str) -> list[tuple[str, list[int]]]:
    """The functions that a body calls, with the integers among their template arguments, in order."""
    return [
        (call[1], [int(word) for word in re.findall(r"(?<![\w.])\d+(?![\w.])", call[2])])
        for call in re.finditer(r"(?:^|[;{}\n])\s*(?:\w+::)*(\w+)\s*<([^;{}]*?)>\s*\(", body)
        if call[1] not in ("for", "while", "if", "stream")
    ]
