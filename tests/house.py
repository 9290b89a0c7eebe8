"""Print the largest folders, files and classes, and fail if one exceeds its limit: `python tests/house.py`.

Limits: 15 files a folder, 400 lines a file, 250 lines a class; no folder that pytest silently skips; no circle of
imports at module level. Files count if git tracks them or would add them. Generated data and recorded scripts do not
count as code.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILES_A_FOLDER, LINES_A_FILE, LINES_A_CLASS = 15, 400, 250
CODE = (".py", ".sv", ".v", ".hpp", ".cpp", ".tcl")
ROOTS_OF_TESTS = (
    "tests/fakes/", "tests/helpers/clusters/", "tests/helpers/damaged/", "tests/helpers/layers/",
    "tests/helpers/onnx_files/", "tests/helpers/places/", "tests/helpers/rtl/", "tests/helpers/", "tests/reports/",
)  # fmt: skip
"""Folders that tests put on the path: their modules are imported by names that begin there."""
SKIPPED_BY_PYTEST = {"build", "dist", "venv"}
RECORDED = ("tests/toolchains/vitis/golden/",)
SHOWN = 8


def tracked(root: Path) -> list[str]:
    """Files of the project, relative to its root."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return sorted({name for name in done.stdout.split("\0") if name and (root / name).is_file()})


def classes(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Lines and name of each class of a Python file."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.ClassDef):
            yield (node.end_lineno or node.lineno) - node.lineno + 1, node.name
        # A statement is never within an expression, and most of a tree are expressions.
        pending += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr)]


def module_name(file: str) -> str:
    """The name under which other files import a Python file of the project."""
    inside = next((file.removeprefix(root) for root in ROOTS_OF_TESTS if file.startswith(root)), file)
    return inside.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports(file: str, tree: ast.Module, modules: set[str]) -> set[str]:
    """The project's modules that a module imports when it is loaded, except those for type checking."""
    found: set[str] = set()
    module = module_name(file)
    package = module if file.endswith("__init__.py") else module.rpartition(".")[0]
    pending: list[ast.stmt] = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            start = parts[: len(parts) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            names = {f"{base}.{alias.name}" for alias in node.names}
            found.update(names & modules or {base})
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            pending += node.orelse
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            pending += [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
    return (found & modules) - {module}


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import each other, by Tarjan's algorithm on a stack of its own."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []
    for start in sorted(graph):
        work = [(start, iter(sorted(graph[start])))] if start not in index else []
        while work:
            node, following = work[-1]
            if node not in index:
                index[node] = low[node] = len(index)
                stack.append(node)
            following_node = next((each for each in following if each not in index or each in stack), None)
            if following_node is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    at = stack.index(node)
                    group = stack[at:]
                    del stack[at:]
                    if len(group) > 1:
                        found.append(sorted(group))
            elif following_node not in index:
                work.append((following_node, iter(sorted(graph[following_node]))))
            else:
                low[node] = min(low[node], index[following_node])
    return found


def above(title: str, sizes: Iterable[tuple[int, str]], limit: int) -> list[str]:
    """Print the largest, and return those above the limit."""
    ranked = sorted(sizes, reverse=True)
    print(f"{title} (at most {limit})")
    for size, name in ranked[:SHOWN]:
        print(f"  {size:>5}  {name}")
    return [f"{name}: {size}, at most {limit}" for size, name in ranked if size > limit]


def main(root: Path = ROOT) -> int:
    """Print the figures. Returns 0, or 1 if a limit is exceeded."""
    files = [name for name in tracked(root) if not name.startswith(RECORDED)]
    folders = Counter(Path(name).parent.as_posix() for name in files)
    wrong = above("files a folder", [(count, name) for name, count in folders.items() if name != "."], FILES_A_FOLDER)
    code = [name for name in files if name.endswith(CODE)]
    lines = [(len((root / name).read_bytes().splitlines()), name) for name in code]
    wrong += above("lines a file", lines, LINES_A_FILE)
    modules = {name: module_name(name) for name in code if name.endswith(".py")}
    known = set(modules.values())
    sizes: list[tuple[int, str]] = []
    graph: dict[str, set[str]] = {}
    for file, module in modules.items():
        tree = ast.parse((root / file).read_text("utf-8"))
        sizes += [(size, f"{file}: {name}") for size, name in classes(tree)]
        graph[module] = imports(file, tree, known)
    wrong += above("lines a class", sizes, LINES_A_CLASS)
    skipped = {part for name in folders for part in Path(name).parts if part in SKIPPED_BY_PYTEST}
    wrong += [f"a folder is called {name}: pytest skips it without a word" for name in sorted(skipped)]
    wrong += [f"circle of imports: {' <-> '.join(group)}" for group in circles(graph)]
    print("\n".join(f"TOO FULL  {each}" for each in wrong) or "all within their limits, no circle of imports")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
