"""Reads a YAML file safely, keeps the line of every value, and reports all mistakes at once.

It reads the nodes of the safe loader directly and constructs nothing. So no tag can create an object, an alias is a
shared node (nested aliases cannot explode), and every value knows its line.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

import yaml

from config.bounded.regular_file import open_regular, size_of
from config.problem import ConfigError, Problem, Problems, suggestion
from config.scalar import Found, beyond, flag_of, found, inside, integer_of, is_empty, number_of, text_of

T = TypeVar("T")
D = TypeVar("D")

_MAX_BYTES = 4 * 1024 * 1024
_MAX_DEPTH = 64
# Every value needs one of these, and takes some 800 bytes as a node.
_SEPARATORS = ("\n", ",", ":", "[", "{", "- ", "? ")
_MAX_SEPARATORS = 60_000


class Required:
    """The type of REQUIRED, which marks a key without a default."""


REQUIRED = Required()


def load(
    path: Path, *, name: str | None = None, problems: Problems | None = None, may_be_empty: bool = False
) -> Section:
    """Read the YAML mapping in `path`.

    `name` is the file's name in messages (default: the path as given). Mistakes found later while reading the section
    are collected in `problems`. Raises ConfigError if the file is missing, not UTF-8, not YAML, not one mapping, too
    large or too deeply nested, or has a key twice.
    """
    file = name or path.as_posix()
    return parse(_text(path, file), file, problems=problems, may_be_empty=may_be_empty)


def parse(text: str, file: str, *, problems: Problems | None = None, may_be_empty: bool = False) -> Section:
    """Read a YAML mapping, like `load`; `file` is its name in messages."""
    root = _compose(text, file, may_be_empty)
    unreadable = Problems()
    _check_keys(root, file, unreadable, set(), 0)
    unreadable.raise_if_any()
    return Section(file, root, problems if problems is not None else Problems())


def _text(path: Path, file: str) -> str:
    try:
        with open_regular(path) as stream:
            data = stream.read(_MAX_BYTES + 1)
            size = max(len(data), size_of(stream))
    except FileNotFoundError:
        raise ConfigError([Problem(file, None, "no such file", "check the name")]) from None
    except OSError as error:
        remedy = "check its kind and its permissions"
        raise ConfigError([Problem(file, None, f"cannot be read ({error.strerror})", remedy)]) from None
    if size > _MAX_BYTES:
        raise ConfigError([Problem(file, None, f"has {size} bytes, the limit is {_MAX_BYTES}", "split the file")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise ConfigError([Problem(file, line, what, "save the file as UTF-8")]) from None
    if sum(text.count(mark) for mark in _SEPARATORS) > _MAX_SEPARATORS:
        what = f"has over {_MAX_SEPARATORS} lines, colons, commas and brackets"
        raise ConfigError([Problem(file, None, what, "split the file")])
    return text


def _compose(text: str, file: str, may_be_empty: bool) -> yaml.MappingNode:
    try:
        root = _node(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        what = f"contains the unprintable character U+{ord(text[error.position]):04X}"
        raise ConfigError([Problem(file, line, what, "remove it")]) from None
    except yaml.MarkedYAMLError as error:
        raise ConfigError([_syntax_problem(error, file)]) from None
    except RecursionError:
        raise ConfigError([Problem(file, None, "is nested too deeply", "flatten it")]) from None
    if root is None and may_be_empty:
        start = yaml.Mark(file, 0, 0, 0, None, 0)
        return yaml.MappingNode("tag:yaml.org,2002:map", [], start, start)
    if root is None:
        raise ConfigError([Problem(file, 1, "is empty", "write at least one 'key: value' line")])
    if not isinstance(root, yaml.MappingNode):
        what = f"expected a mapping of keys, found {found(root)}"
        raise ConfigError([Problem(file, root.start_mark.line + 1, what, "write 'key: value' lines")])
    return root


def _node(text: str) -> yaml.Node | None:
    """Parse the text to nodes, with libyaml if possible: it takes a tenth of the time and bounds the nesting.

    libyaml accepts tabs that the Python scanner refuses, so a text with tabs goes to the Python scanner.
    """
    if yaml.__with_libyaml__ and "\t" not in text:
        try:
            return yaml.CSafeLoader(text).get_single_node()
        except (yaml.YAMLError, RecursionError):
            pass  # the Python scanner describes the mistake better
    return yaml.SafeLoader(text).get_single_node()


def _syntax_problem(error: yaml.MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line = None if mark is None else mark.line + 1
    what = error.problem or error.context or "is not YAML"
    if "'\\t'" in what:
        return Problem(file, line, "a tab is used for indentation", "indent with spaces")
    if "another document" in what:
        return Problem(file, line, "a second document begins here", "remove the '---' line")
    if "mapping values are not allowed" in what:
        return Problem(file, line, "a ':' where no key is allowed", "quote the text, or check the indentation above")
    if "undefined alias" in what:
        return Problem(file, line, what, "define it earlier with '&name', or quote a text that begins with '*'")
    context = f" ({error.context})" if error.context and error.context != what else ""
    return Problem(file, line, f"not YAML: {what}{context}", "check quotes, brackets and indentation here and above")


def _check_keys(node: yaml.Node, file: str, problems: Problems, seen: set[int], depth: int) -> None:
    """Report keys that are given twice or are not plain words. An aliased node is reported once."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if depth > _MAX_DEPTH:
        problems.add(file, node.start_mark.line + 1, f"is nested more than {_MAX_DEPTH} levels deep", "flatten it")
        return
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_keys(item, file, problems, seen, depth + 1)
    elif isinstance(node, yaml.MappingNode):
        first_line: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                problems.add(file, line, f"a key must be a word, found {found(key)}", "write 'key: value'")
            elif key.tag == "tag:yaml.org,2002:merge":
                problems.add(file, line, "merge keys ('<<') are not supported", "write the keys out")
            elif key.value in first_line:
                what = f"key '{key.value}' is given twice, first in line {first_line[key.value]}"
                problems.add(file, line, what, "keep one of them")
            else:
                first_line[key.value] = line
            _check_keys(value, file, problems, seen, depth + 1)


class Section:
    """A mapping that is being read.

    A getter that meets a bad value records a Problem and returns a harmless placeholder. So reading goes on, and the
    user sees all mistakes together. `ok` tells whether values of this section may be used in derived checks.
    """

    def __init__(self, file: str, node: yaml.MappingNode, problems: Problems, *, name: str = "") -> None:
        self.file = file
        self.name = name
        self.problems = problems
        self.ok = True
        self.node = node
        self._asked: set[str] = set()
        self.values: dict[str, tuple[int, yaml.Node]] = {
            key.value: (key.start_mark.line + 1, value) for key, value in node.value
        }

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that are present, in the order of the file."""
        return tuple(self.values)

    def line(self, key: str | None = None) -> int:
        """Return the line of `key`, or the first line of the section if `key` is absent or None."""
        if key is not None and key in self.values:
            return self.values[key][0]
        return self.node.start_mark.line + 1

    def has(self, key: str) -> bool:
        """Tell whether `key` is present."""
        return key in self.values

    def is_mapping(self, key: str) -> bool:
        """Tell whether `key` is present and holds a mapping of keys."""
        return self.has(key) and isinstance(self.values[key][1], yaml.MappingNode)

    def problem(self, key: str | None, what: str, remedy: str) -> None:
        """Record a problem at `key`, or with the section as a whole if `key` is None."""
        self.ok = False
        self.problems.add(self.file_of(key), self.line(key), what, remedy)

    def file_of(self, key: str | None) -> str:
        """The file that a problem at `key` is reported in."""
        return self.file

    def text(self, key: str, *, default: D | Required = REQUIRED, choices: Collection[str] | None = None) -> str | D:
        """Return the text at `key`; it must be one of `choices` if they are given."""
        placeholder = min(choices) if choices else ""
        value = self._scalar(key, default, text_of, placeholder)
        if choices is not None and isinstance(value, str) and value not in choices and self._written(key):
            self.problem(key, f"'{key}' cannot be '{value}'", suggestion(value, choices))
            return placeholder
        return value

    def integer(
        self,
        key: str,
        *,
        default: D | Required = REQUIRED,
        minimum: int | None = None,
        maximum: int | None = None,
        choices: Collection[int] | None = None,
    ) -> int | D:
        """Return the whole number at `key` within its limits."""
        placeholder = next(iter(choices)) if choices else inside(1, minimum, maximum)
        value = self._scalar(key, default, integer_of, placeholder)
        if not isinstance(value, int) or not self._written(key):
            return value
        if choices is not None and value not in choices:
            allowed = ", ".join(str(choice) for choice in sorted(choices))
            self.problem(key, f"'{key}' cannot be {value}", f"choose one of {allowed}")
            return placeholder
        return value if self._in_limits(key, value, minimum, maximum) else placeholder

    def number(
        self,
        key: str,
        *,
        default: D | Required = REQUIRED,
        minimum: float | None = None,
        maximum: float | None = None,
    ) -> float | D:
        """Return the number at `key` within its limits; never infinite and never NaN."""
        placeholder = inside(1.0, minimum, maximum)
        value = self._scalar(key, default, number_of, placeholder)
        if not isinstance(value, float) or not self._written(key):
            return value
        return value if self._in_limits(key, value, minimum, maximum) else placeholder

    def flag(self, key: str, *, default: D | Required = REQUIRED) -> bool | D:
        """Return the truth value at `key`."""
        return self._scalar(key, default, flag_of, False)

    def integers(
        self,
        key: str,
        *,
        length: int | None = None,
        default: D | Required = REQUIRED,
        minimum: int | None = None,
        maximum: int | None = None,
    ) -> tuple[int, ...] | D:
        """Return the list of whole numbers at `key`; it must have `length` items if that is given."""
        placeholder = (inside(1, minimum, maximum),) * (length or 0)
        if not self._written(key):
            return self._absent(key, default, placeholder)
        values = self._list(key, integer_of)
        if values is None:
            return placeholder
        if length is not None and len(values) != length:
            self.problem(key, f"'{key}' has {len(values)} values", f"give {length}")
            return placeholder
        within = [
            self._in_limits(key, value, minimum, maximum, position) for position, value in enumerate(values, start=1)
        ]
        return values if all(within) else placeholder

    def pair(
        self, key: str, *, default: tuple[int, int] | Required = REQUIRED, minimum: int, maximum: int
    ) -> tuple[int, int]:
        """Return the two whole numbers at `key`, a list of them or one number for both."""
        if self._written(key) and isinstance(self.values[key][1], yaml.SequenceNode):
            first, second = self.integers(key, length=2, minimum=minimum, maximum=maximum)
            return first, second
        one = self.integer(key, default=default, minimum=minimum, maximum=maximum)
        return (one, one) if isinstance(one, int) else one

    def texts(self, key: str, *, default: D | Required = REQUIRED) -> tuple[str, ...] | D:
        """Return the list of texts at `key`."""
        if not self._written(key):
            return self._absent(key, default, ())
        return self._list(key, text_of) or ()

    def section(self, key: str, *, default: D | Required = REQUIRED) -> Section | D:
        """Return the mapping at `key`. The placeholder for a bad value is an empty section in the same place."""
        if not self._written(key):
            return self._absent(key, default, self._empty(key))
        if default is None and is_empty(self.values[key][1]):
            return default  # all lines below the key are comments
        return self._subsection(key, self.values[key][1]) or self._empty(key)

    def sections(self, key: str, *, default: D | Required = REQUIRED) -> list[Section] | D:
        """Return the list of mappings at `key`."""
        if not self._written(key):
            return self._absent(key, default, [])
        node = self.values[key][1]
        if not isinstance(node, yaml.SequenceNode):
            self.problem(key, f"'{key}' must be a list, found {found(node)}", "begin each item with '- '")
            return []
        subsections = [self._subsection(key, item) for item in node.value]
        return [subsection for subsection in subsections if subsection is not None]

    def named_sections(self, key: str, *, default: D | Required = REQUIRED) -> dict[str, Section] | D:
        """Return the mapping of mappings at `key`, by name and in the order of the file."""
        if not self._written(key):
            return self._absent(key, default, {})
        outer = self._subsection(key, self.values[key][1])
        if outer is None:
            return {}
        inner = {name: outer._subsection(name, node) for name, (_, node) in outer.values.items()}
        self.ok = self.ok and outer.ok
        return {name: subsection for name, subsection in inner.items() if subsection is not None}

    def finish(self) -> None:
        """Report every key that no getter asked for. Otherwise a mistyped key would silently keep its default."""
        for key, (line, _) in self.values.items():
            if key not in self._asked:
                self.ok = False
                where = f" in '{self.name}'" if self.name else ""
                self.problems.add(self.file_of(key), line, f"unknown key '{key}'{where}", suggestion(key, self._asked))

    def _written(self, key: str) -> bool:
        self._asked.add(key)
        return key in self.values

    def _absent(self, key: str, default: D | Required, placeholder: T) -> T | D:
        if isinstance(default, Required):
            where = f" in '{self.name}'" if self.name else ""
            self.problem(None, f"'{key}' is missing{where}", f"add '{key}:'")
            return placeholder
        return default

    def _scalar(self, key: str, default: D | Required, read: Callable[[yaml.Node], T | Found], placeholder: T) -> T | D:
        if not self._written(key):
            return self._absent(key, default, placeholder)
        node = self.values[key][1]
        value = read(node)
        if not isinstance(value, Found):
            return value
        if default is None and value.empty:
            return default
        self.problem(key, f"'{key}' must be {value.expected}, found {found(node)}", value.remedy)
        return placeholder

    def _list(self, key: str, read: Callable[[yaml.Node], T | Found]) -> tuple[T, ...] | None:
        node = self.values[key][1]
        if not isinstance(node, yaml.SequenceNode):
            self.problem(key, f"'{key}' must be a list, found {found(node)}", "write it as [a, b]")
            return None
        values: list[T] = []
        for position, item in enumerate(node.value, start=1):
            value = read(item)
            if isinstance(value, Found):
                what = f"must be {value.expected}, found {found(item)}"
                self._item_problem(key, position, what, value.remedy)
            else:
                values.append(value)
        return tuple(values) if len(values) == len(node.value) else None

    def _in_limits(
        self, key: str, value: float, minimum: float | None, maximum: float | None, position: int | None = None
    ) -> bool:
        """Tell whether a value is; one of a list has a position there."""
        remedy = beyond(value, minimum, maximum)
        if remedy is not None:
            self._item_problem(key, position, f"is {value:g}", remedy)
        return remedy is None

    def _item_problem(self, key: str, position: int | None, what: str, remedy: str) -> None:
        """Record a problem of the value at `key`; of one item, in its own line, if it is a list."""
        self.ok = False
        line, item = self.line(key), ""
        if position is not None:
            line = self.values[key][1].value[position - 1].start_mark.line + 1
            item = f"item {position} of "
        self.problems.add(self.file_of(key), line, f"{item}'{key}' {what}", remedy)

    def _subsection(self, key: str, node: yaml.Node) -> Section | None:
        if isinstance(node, yaml.MappingNode):
            return Section(self.file, node, self.problems, name=key)
        self.ok = False
        what = f"'{key}' must be a mapping of keys, found {found(node)}"
        self.problems.add(self.file_of(key), node.start_mark.line + 1, what, "write 'key: value' lines below it")
        return None

    def _empty(self, key: str) -> Section:
        mark = self.values[key][1].start_mark if key in self.values else self.node.start_mark
        # A separate collector: the missing or bad mapping was reported already, so its keys must not be.
        return Section(self.file, yaml.MappingNode("tag:yaml.org,2002:map", [], mark), Problems(), name=key)
