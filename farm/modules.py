"""The project's modules that a Python step imports, to be its declared inputs.

In its scratch folder `python -m module` finds these copies first; their digests are the version of the program.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, NamedTuple

from config.frozen import dataclass
from farm.step import File, StepError

if TYPE_CHECKING:
    import ast

# Where an import statement can begin in a line with the word "import". Parsing only these pieces takes a tenth of the
# time of parsing whole files, and a dodo.py does it at each start. A piece that only looks like an import (in a text)
# can add a file, never hide one.
_BEGIN = re.compile(r"(?:^|[;:])[ \t\f]*(?=(?:import|from)[ \t\\(.])", re.MULTILINE)
# Most imports: one line of plain words, which needs no parser.
_PLAIN = re.compile(r"(?:from (\.*)([\w.]*) import (\w+(?:, \w+)*)|import ([\w.]+))")
# The same with a name on each line, in parentheses. Its groups are those of _PLAIN.
_LISTED = re.compile(r"from (\.*)([\w.]*) import \(\n\s+(\w+(?:,\n\s+\w+)*),?\n\)()")
_IN_TEXT = re.compile(r"(?:import\s|from\s)\s*[\w.]+")


class _Import(NamedTuple):
    """One imported thing: `module` as written after its dots, and the names taken from it."""

    level: int
    module: str
    names: tuple[str, ...]


def python_files(
    module: str, root: Path, packages: tuple[str, ...], *, never: tuple[str, ...] = ()
) -> tuple[File, ...]:
    """Return the files that `python -m module` can import from the project, sorted by path.

    `packages` are the project's own top-level packages; anything else is a dependency, whose version is a Tool.
    Found without running anything: imports anywhere in a file count, also those inside functions and for type checking.
    Imports by a computed name are not seen. `never` are modules and packages that this program does not load,
    though one that it does load could: they are left out, with whatever only they import: an edit there
    does not run the step again. Raises StepError if there is no such module.
    """
    # As a text: a Path takes as long to look up as the rest of a look-up.
    return _closure(module, str(root), packages, never)


@cache
def _closure(module: str, root: str, packages: tuple[str, ...], never: tuple[str, ...]) -> tuple[File, ...]:
    start = _loads(module, root)
    if start is None:
        # Perhaps written since its folder was listed.
        _forget()
        start = _loads(module, root)
    if start is None or module.split(".", maxsplit=1)[0] not in packages:
        raise StepError(f"there is no module '{module}' in {', '.join(packages)}")
    pending = [module]
    if start.path.endswith("/__init__.py"):
        pending.append(f"{module}.__main__")
    left_out = tuple(f"{one}." for one in never)
    seen: set[str] = set()
    found: set[str] = set()
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in never or name.startswith(left_out):
            continue
        # Importing a.b.c runs a/__init__.py and a/b/__init__.py first.
        if "." in name:
            pending.append(name.rpartition(".")[0])
        here = _loads(name, root)
        if here is not None:
            found.add(here.path)
            pending += _ours(name, root, packages)
    return tuple(_file(path) for path in sorted(found))


def _forget() -> None:
    """Forget all that was found of files: each answer of these rests on what was on disk."""
    for known in (_closure, _ours, _innermost, _loads, _listed, _imports):
        known.cache_clear()


@cache
def _ours(module: str, root: str, packages: tuple[str, ...]) -> tuple[str, ...]:
    """The modules of `packages` that the imports of a module load; of a name that is none, the one that it is in."""
    here = _loads(module, root)
    names = here.names if here is not None else ()
    ours = (_innermost(name, root) for name in names if name.partition(".")[0] in packages)
    return tuple(dict.fromkeys(filter(None, ours)))


@cache
def _innermost(name: str, root: str) -> str:
    return name if not name or _file_of(name, root) is not None else _innermost(name.rpartition(".")[0], root)


@cache
def _file(path: str) -> File:
    return File(path, path)


@dataclass(frozen=True)
class _Module:
    """A module's file, and the names that its imports may load."""

    path: str
    names: tuple[str, ...]


@cache
def _loads(module: str, root: str) -> _Module | None:
    path = _file_of(module, root)
    if path is None:
        return None
    package = module if path.endswith("/__init__.py") else module.rpartition(".")[0]
    names = [name for item in _imports(f"{root}/{path}") for name in _modules(item, package)]
    return _Module(path, tuple(dict.fromkeys(names)))


def _modules(item: _Import, package: str) -> list[str]:
    """Return the names that an import may load: the module, and each name, which may be a module in it."""
    base = item.module
    if item.level:
        parts = package.split(".")
        if item.level > len(parts):
            return []
        base = ".".join([*parts[: len(parts) - item.level + 1], *([item.module] if item.module else [])])
    return [base, *(f"{base}.{name}" for name in item.names if name != "*")]


def _file_of(module: str, root: str) -> str | None:
    path = module.replace(".", "/")
    folder, _, name = path.rpartition("/")
    # Listing a folder once is much quicker than asking for each file.
    if name in _listed(root, folder) and "__init__.py" in _listed(root, path):
        return f"{path}/__init__.py"
    return f"{path}.py" if f"{name}.py" in _listed(root, folder) else None


@cache
def _listed(root: str, folder: str) -> frozenset[str]:
    above, _, name = folder.rpartition("/")
    if folder and name not in _listed(root, above):
        return frozenset()
    try:
        return frozenset(os.listdir(f"{root}/{folder}"))  # noqa: PTH208 - names are wanted, not paths
    except OSError:
        return frozenset()


@cache
def _imports(path: str | Path) -> tuple[_Import, ...]:
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - hundreds at a start, and each Path takes as long as reading
        text = file.read()
    found: list[_Import] = []
    for begin in _begins(text):
        piece = _piece(text, begin)
        plain = _PLAIN.fullmatch(piece) or _LISTED.fullmatch(piece)
        if plain is not None:
            dots, module, names, whole = plain.groups()
            listed = () if whole else tuple(name.strip() for name in names.split(","))
            found.append(_Import(0, whole, ()) if whole else _Import(len(dots), module, listed))
            continue
        import ast  # noqa: PLC0415 - slow to load, and needed for few files

        try:
            found += _of_tree(ast.parse(piece))
        except (SyntaxError, ValueError):
            # Either not an import at all, or written in a way that only the whole file shows.
            if _IN_TEXT.match(piece):
                return tuple(_of_tree(_whole(text, path)))
    return tuple(found)


def _begins(text: str) -> Iterator[int]:
    """Return where statements with the word "import" begin: in its line, or in the line that this one continues."""
    last = -1
    word = text.find("import")
    while word >= 0:
        line = text.rfind("\n", 0, word) + 1
        while line > 1 and text[line - 2] == "\\":
            line = text.rfind("\n", 0, line - 1) + 1
        for match in _BEGIN.finditer(text, line, word + 7):
            if match.end() > last:
                last = match.end()
                yield last
        word = text.find("import", word + 6)


def _whole(text: str, path: str | Path) -> ast.AST:
    import ast  # noqa: PLC0415

    try:
        return ast.parse(text)
    except SyntaxError as error:
        raise StepError(f"{PurePath(path).name}:{error.lineno}: {error.msg}; no step can run this module") from None


def _piece(text: str, begin: int) -> str:
    """Return one import statement: to the end of its line, of its parentheses, or of its continued lines."""
    end = text.find("\n", begin)
    end = len(text) if end < 0 else end
    line = text[begin:end].partition("#")[0]
    if "(" in line and ")" not in line:
        close = text.find(")", begin)
        return text[begin : close + 1] if close >= 0 else line
    while line.rstrip().endswith("\\"):
        following = text.find("\n", end + 1)
        following = len(text) if following < 0 else following
        line = line.rstrip()[:-1] + " " + text[end + 1 : following].partition("#")[0]
        end = following
    return line.strip()


def _of_tree(tree: ast.AST) -> list[_Import]:
    import ast  # noqa: PLC0415

    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [_Import(0, alias.name, ()) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(_Import(node.level, node.module or "", tuple(alias.name for alias in node.names)))
    return found
