"""Check C++ against the subset that Vitis HLS and Vivado HLS accept: `python -m toolchains.hls_subset.lint FILE...`.

`docs/hls_subset.md` explains the subset. The rules read the syntax tree, so formatting does not matter.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tree_sitter import Node

from toolchains.hls_subset.dataflow import stream_findings
from toolchains.hls_subset.pragmas import objections
from toolchains.hls_subset.release import release_order
from toolchains.hls_subset.syntax import (
    LOOPS,
    Function,
    ancestor,
    declared_name,
    function_of,
    functions,
    is_stream,
    line,
    parse,
    source,
    template,
    walk,
)

MAX_PORT_BITS = 4096
HEADERS = frozenset({"ap_int.h", "hls_stream.h"})
"""System headers that synthesised code may include."""

_HEAP = frozenset({"malloc", "calloc", "realloc", "free", "alloca"})
_CONSTANT = frozenset({"const", "constexpr"})
_AROUND = frozenset({"stream", "axis"})
_WORDS = frozenset({"ap_uint", "ap_int", "uint_t", "int_t", "ap_axiu", "ap_axis"})
"""Templates with the width of their data, in bits, as first argument."""
_LANES = frozenset({"lanes", "slanes"})
_PRODUCT = re.compile(r"\d+(\s*\*\s*\d+)*")


@dataclass(frozen=True, order=True)
class Finding:
    """A place in a file that breaks a rule of the subset."""

    file: str
    line: int
    rule: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {self.what}; {self.remedy}"


_Found = tuple[Node, str, str, str]


def lint(text: str, file: str, release: str | None = None) -> list[Finding]:
    """Return all findings in a C++ source, sorted by line. They name the source `file`.

    Every release must know the pragmas; with `release`, only that one (for a generated farm_release.hpp).
    """
    root = parse(text)
    found: list[_Found] = []
    known = functions(root)
    host_functions = set()
    for node, host in walk(root):
        if host:
            host_functions.add(node.id)
        found += _syntax(node)
        found += _statics(node)
        found += _pragmas(node, release)
        if not host:
            for rule in _DEVICE_RULES:
                found += rule(node)
    device = tuple(function for function in known if function.node.id not in host_functions)
    for function in device:
        found += _ports(function)
    found += _recursion(device)
    found += stream_findings(device)
    return sorted({Finding(file, line(node), rule, what, remedy) for node, rule, what, remedy in found})


def _syntax(node: Node) -> Iterator[_Found]:
    if node.type == "ERROR" or node.is_missing:
        yield (
            node,
            "syntax",
            f"syntax error near {source(node)[:30]!r}, or C++ that the linter does not know",
            "correct it, or write it more simply",
        )


def _statics(node: Node) -> Iterator[_Found]:
    """Find state that outlives a call: two instances would share it, and the second image would start from it."""
    if node.type not in {"declaration", "field_declaration"}:
        return
    words = {source(child) for child in node.children if child.type in {"storage_class_specifier", "type_qualifier"}}
    declarator = node.child_by_field_name("declarator")
    if words & _CONSTANT or declarator is None or function_of(declarator) is not None:
        return
    name = declared_name(declarator)
    if words & {"static", "thread_local"}:
        yield node, "mutable-static", f"{name} is a static that can change", "make it const, or a local variable"
    elif node.type == "declaration" and ancestor(node, "function_definition", "lambda_expression") is None:
        yield node, "mutable-static", f"{name} is a global that can change", "make it const, or pass it as an argument"


def _pragmas(node: Node, release: str | None) -> Iterator[_Found]:
    texts: list[str] = []
    if node.type == "preproc_call" and source(node.child_by_field_name("directive")) == "#pragma":
        texts = [source(node.child_by_field_name("argument"))]
    elif node.type in {"preproc_def", "preproc_function_def"}:
        texts = re.findall(r"FARM_PRAGMA\((HLS\b.*)\)", source(node.child_by_field_name("value")))
    elif node.type == "call_expression" and source(node.child_by_field_name("function")) == "_Pragma":
        texts = [source(node.child_by_field_name("arguments")).strip('()" ')]
    for text in texts:
        for objection in objections(text.partition("//")[0], release):
            yield node, "pragma", objection.what, objection.remedy
    for text in texts:
        function = ancestor(node, "function_definition")
        if re.match(r"HLS\s+DATAFLOW\b", text.strip(), re.IGNORECASE) and (
            function is None or node.parent != function.child_by_field_name("body")
        ):
            yield node, "dataflow", "DATAFLOW inside a loop or a branch", "put it at the start of the top's body"


def _loops(node: Node) -> Iterator[_Found]:
    """Find loops without a label: reports, directives and co-simulation know a loop by its label only."""
    if node.type in LOOPS and (node.parent is None or node.parent.type != "labeled_statement"):
        yield node, "loop-label", "a loop without a label", "write `name: for (...)`"


def _streams(node: Node) -> Iterator[_Found]:
    """Find streams without a name: errors and FIFO reports could not tell them apart."""
    if node.type != "declaration" or not is_stream(node.child_by_field_name("type")):
        return
    for declarator in node.children_by_field_name("declarator"):
        if function_of(declarator) is not None and '"' not in source(declarator):
            continue
        if not re.search(r"[({]\s*\"[^\"]+\"\s*[)}]", source(declarator)):
            name = declared_name(declarator)
            yield node, "stream-name", f"stream {name} is declared without a name", f'write {name}("{name}")'


def _memory(node: Node) -> Iterator[_Found]:
    called = source(node.child_by_field_name("function")) if node.type == "call_expression" else ""
    if node.type in {"new_expression", "delete_expression"} or called.removeprefix("std::") in _HEAP:
        what = called or node.type.removesuffix("_expression")
        yield node, "dynamic-memory", f"{what} allocates memory at run time", "use an array of constant size"


def _virtual(node: Node) -> Iterator[_Found]:
    if node.type == "virtual":
        yield node, "virtual", "a virtual function is chosen at run time", "use a template parameter"


def _exceptions(node: Node) -> Iterator[_Found]:
    if node.type in {"throw_statement", "try_statement"}:
        yield node, "exceptions", "hardware has no exceptions", "put it inside #ifdef FARM_HOST"


def _jumps(node: Node) -> Iterator[_Found]:
    if node.type == "goto_statement":
        yield node, "goto", "a loop made of goto has no bounds, so it cannot be scheduled", "write a labelled loop"


def _library(node: Node) -> Iterator[_Found]:
    if node.type == "preproc_include":
        path = source(node.child_by_field_name("path"))
        if path.startswith("<") and path.strip("<>") not in HEADERS:
            legal = ", ".join(sorted(HEADERS))
            yield node, "library", f"{path} is not for synthesis", f"use {legal}, or put it inside #ifdef FARM_HOST"
    elif node.type == "qualified_identifier" and source(node.child_by_field_name("scope")) == "std":
        what = f"{source(node).partition('<')[0]} is not for synthesis"
        yield node, "library", what, "use plain arrays and integers, or put it inside #ifdef FARM_HOST"


_DEVICE_RULES: tuple[Callable[[Node], Iterator[_Found]], ...] = (
    _loops,
    _streams,
    _memory,
    _virtual,
    _exceptions,
    _jumps,
    _library,
)


def _ports(function: Function) -> Iterator[_Found]:
    types = dict(function.parameters)
    for node, text in function.pragmas():
        words = re.sub(r"\s*=\s*", "=", text.partition("//")[0]).split()
        lowered = [word.lower() for word in words]
        if lowered[:2] != ["hls", "interface"] or "axis" not in lowered:
            continue
        name = next((word.partition("=")[2] for word in words if word.lower().startswith("port=")), "")
        if name not in types:
            legal = ", ".join(types) or "none"
            yield node, "port-name", f"no parameter {name} of {function.name}", f"its parameters are: {legal}"
            continue
        width = _bits(types[name])
        if width is None:
            what = f"the width of axis port {name} cannot be derived from {' '.join(source(types[name]).split())}"
            yield node, "port-width", what, "write the width as a number: ap_uint<64>"
        elif width > MAX_PORT_BITS:
            what = f"axis port {name} is {width} bits wide"
            yield node, "port-width", what, f"AXI4-Stream data has at most {MAX_PORT_BITS} bits: fold more"


def _bits(kind: Node) -> int | None:
    """Data bits of a port's type if it states them as numbers or products of numbers; None if it uses names."""
    name, arguments = template(kind)
    if name in _AROUND and arguments:
        return _bits(arguments[0])
    count = 1 if name in _WORDS else 2 if name in _LANES else 0
    factors = [source(argument).strip() for argument in arguments[:count]]
    if not count or len(factors) < count or not all(map(_PRODUCT.fullmatch, factors)):
        return None
    return math.prod(int(factor) for text in factors for factor in text.split("*"))


def _recursion(known: tuple[Function, ...]) -> Iterator[_Found]:
    calls = {function.name: {call.name for call in function.calls()} for function in known}
    for function in known:
        reached: set[str] = set()
        todo = [function.name]
        while todo:
            for name in calls.get(todo.pop(), ()):
                if name not in reached:
                    reached.add(name)
                    todo.append(name)
        if function.name in reached:
            what = f"{function.name} calls itself, directly or through others"
            yield function.node, "recursion", what, "write a loop; hardware has no call stack"


def _release(text: str) -> str:
    try:
        release_order(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def main(arguments: list[str] | None = None) -> int:
    """Lint files. Returns 0 if all are clean, 1 with findings; exits with 2 if a file cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m toolchains.hls_subset.lint", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--release", type=_release, help="check pragmas for one release (default: for all)")
    given = parser.parse_args(arguments)
    try:
        texts = {str(file): file.read_text(encoding="utf-8") for file in given.files}
    except (OSError, UnicodeDecodeError) as error:
        parser.error(f"cannot be read: {error}")
    findings = [finding for file, text in texts.items() for finding in lint(text, file, given.release)]
    for finding in findings:
        sys.stdout.write(f"{finding}\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
