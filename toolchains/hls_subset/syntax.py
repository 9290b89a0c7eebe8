"""Queries on the syntax tree of C++, for the HLS linter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import tree_sitter_cpp
from tree_sitter import Language, Node, Parser

LOOPS = frozenset({"for_statement", "while_statement", "do_statement", "for_range_loop"})
SCOPES = frozenset({*LOOPS, "compound_statement", "if_statement", "switch_statement", "lambda_expression"})
"""Nodes that limit the scope of names declared inside them."""

HOST_MACRO = "FARM_HOST"
_SHIFTS = frozenset({"<<", ">>"})
_STREAM = re.compile(r"^(const\s+)?((farm|hls)\s*::\s*)?stream\s*<")


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_cpp.language()))


def parse(text: str) -> Node:
    """Parse C++ and return the root of its tree."""
    return _parser().parse(text.encode()).root_node


def source(node: Node | None) -> str:
    """The text of a node; empty for None."""
    return "" if node is None or node.text is None else node.text.decode()


def line(node: Node) -> int:
    """The first line of a node, counted from 1."""
    return node.start_point[0] + 1


def walk(node: Node, host: bool = False) -> Iterator[tuple[Node, bool]]:
    """Yield `node` and all nodes below it, each with whether only the host's compiler sees it (`#ifdef FARM_HOST`)."""
    # With a list and no recursion: of a generator in another, each node would pass through all that are above it.
    pending = [(node, host)]
    while pending:
        each, hidden = pending.pop()
        yield each, hidden
        if not each.type.startswith("preproc_"):
            pending += [(child, hidden) for child in reversed(each.children)]
            continue
        then_host, else_host = _branches(each, hidden)
        alternative = each.child_by_field_name("alternative")
        for child in reversed(each.children):
            inside = else_host if alternative is not None and child.id == alternative.id else then_host
            pending.append((child, inside))


def _branches(node: Node, host: bool) -> tuple[bool, bool]:
    if host or node.type not in {"preproc_ifdef", "preproc_if"}:
        return host, host
    if node.type == "preproc_ifdef":
        if source(node.child_by_field_name("name")) != HOST_MACRO:
            return host, host
        positive = node.children[0].type == "#ifdef"
    else:
        condition = source(node.child_by_field_name("condition")).replace(" ", "")
        if condition not in {f"defined({HOST_MACRO})", f"!defined({HOST_MACRO})"}:
            return host, host
        positive = not condition.startswith("!")
    return positive, not positive


def below(node: Node, *types: str) -> Iterator[Node]:
    """Yield `node` and the nodes below it that have one of these types."""
    pending = [node]
    while pending:
        each = pending.pop()
        if each.type in types:
            yield each
        pending += reversed(each.children)


def ancestor(node: Node, *types: str) -> Node | None:
    """The nearest node above `node` that has one of these types."""
    above = node.parent
    while above is not None and above.type not in types:
        above = above.parent
    return above


def declared_name(declarator: Node | None) -> str:
    """The declared name, without pointers, references, array bounds and initial values around it."""
    while declarator is not None and declarator.type not in {"identifier", "field_identifier"}:
        inner = declarator.child_by_field_name("declarator")
        if inner is None:
            inner = next((c for c in declarator.named_children if c.type.endswith(("identifier", "declarator"))), None)
        declarator = inner
    return source(declarator)


def function_of(declarator: Node | None) -> Node | None:
    """The function declarator within a declarator, if there is one."""
    while declarator is not None and declarator.type != "function_declarator":
        declarator = declarator.child_by_field_name("declarator") or next(
            (c for c in declarator.named_children if c.type.endswith("declarator")), None
        )
    return declarator


def is_stream(type_node: Node | None) -> bool:
    """Whether a type is `stream<...>`, `farm::stream<...>` or `hls::stream<...>`."""
    return bool(_STREAM.match(source(type_node)))


def template(kind: Node | None) -> tuple[str, tuple[Node, ...]]:
    """Name and arguments of a template type: `f` for `f<...>` and `a::f<...>`; empty for any other type."""
    while kind is not None and kind.type in {"qualified_identifier", "type_descriptor"}:
        if kind.child_by_field_name("declarator") is not None:
            return "", ()
        kind = kind.child_by_field_name("name" if kind.type == "qualified_identifier" else "type")
    if kind is None or kind.type != "template_type":
        return "", ()
    given = kind.child_by_field_name("arguments")
    arguments = given.named_children if given is not None else []
    return source(kind.child_by_field_name("name")), tuple(each for each in arguments if each.type != "comment")


def bare(node: Node | None) -> Node | None:
    """An expression without the parentheses around it."""
    while node is not None and node.type == "parenthesized_expression":
        node = next((each for each in node.named_children if each.type != "comment"), None)
    return node


def is_hidden(node: Node, name: str, scope: Node) -> bool:
    """Whether a block between `node` and `scope` declares `name` again and so hides the `name` of `scope`."""
    inner = ancestor(node, *SCOPES)
    while inner is not None and inner != scope and inner.start_byte >= scope.start_byte:
        kinds = ("declaration", "parameter_declaration")[: 2 if inner.type == "lambda_expression" else 1]
        for each in below(inner, *kinds):
            names = map(declared_name, each.children_by_field_name("declarator"))
            if each.start_byte < node.start_byte and ancestor(each, *SCOPES) == inner and name in names:
                return True
        inner = ancestor(inner, *SCOPES)
    return False


def plain_name(callee: Node | None) -> str:
    """The function that a call names: `f` for `f`, `f<...>` and `farm::f<...>`; empty for a method of an object."""
    while callee is not None:
        if callee.type == "identifier":
            return source(callee)
        if callee.type not in {"qualified_identifier", "template_function", "dependent_name"}:
            return ""
        callee = callee.child_by_field_name("name")
    return ""


@dataclass(frozen=True)
class Call:
    """A call with the names of its arguments; "" stands for an argument that is not a plain name."""

    node: Node = field(repr=False)
    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Function:
    """A function that has a body. `parameters` holds name and type of each, as written."""

    node: Node = field(repr=False)
    body: Node = field(repr=False)
    name: str
    parameters: tuple[tuple[str, Node], ...] = field(repr=False)

    def calls(self) -> Iterator[Call]:
        """Yield the calls of functions in the body, in the order of the text, without calls of methods."""
        for node in below(self.body, "call_expression"):
            name = plain_name(node.child_by_field_name("function"))
            given = node.child_by_field_name("arguments")
            if name and given is not None:
                arguments = (bare(each) for each in given.named_children if each.type != "comment")
                names = (source(each) if each is not None and each.type == "identifier" else "" for each in arguments)
                yield Call(node, name, tuple(names))

    def method_calls(self, methods: frozenset[str]) -> Iterator[tuple[Node, str, str]]:
        """Yield node, object and method of calls such as `input.read()`. `output << x` counts as the method `<<`."""
        for node in below(self.body, "call_expression", "binary_expression"):
            if node.type == "binary_expression":
                method, thing = source(node.child_by_field_name("operator")), _shifted(node)
            else:
                callee = node.child_by_field_name("function")
                if callee is None or callee.type != "field_expression":
                    continue
                method, thing = source(callee.child_by_field_name("field")), callee.child_by_field_name("argument")
            if method in methods:
                yield node, source(bare(thing)), method

    def pragmas(self) -> Iterator[tuple[Node, str]]:
        """Yield node and text of each `#pragma` in the body."""
        for node in below(self.body, "preproc_call"):
            if source(node.child_by_field_name("directive")) == "#pragma":
                yield node, source(node.child_by_field_name("argument")).strip()


def _shifted(node: Node | None) -> Node | None:
    """The object of `<<` or `>>`: `a` in a chain `a << b << c`."""
    while node is not None and source(node.child_by_field_name("operator")) in _SHIFTS:
        node = bare(node.child_by_field_name("left"))
    return node


def functions(root: Node) -> tuple[Function, ...]:
    """List the functions of a file that have a body."""
    found = []
    for node in below(root, "function_definition"):
        declarator = function_of(node.child_by_field_name("declarator"))
        body = node.child_by_field_name("body")
        if declarator is None or body is None or body.type != "compound_statement":
            continue
        given = declarator.child_by_field_name("parameters")
        parameters = tuple(
            (declared_name(each.child_by_field_name("declarator")), kind)
            for each in (given.named_children if given is not None else ())
            if (kind := each.child_by_field_name("type")) is not None
        )
        name = declared_name(declarator.child_by_field_name("declarator"))
        found.append(Function(node, body, name, parameters))
    return tuple(found)
