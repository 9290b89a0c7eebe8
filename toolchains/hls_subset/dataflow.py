"""Rules for streams between calls: one producer, one consumer, called in the order in which data flows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tree_sitter import Node

from toolchains.hls_subset.syntax import (
    SCOPES,
    Call,
    Function,
    ancestor,
    below,
    declared_name,
    is_hidden,
    is_stream,
    source,
)

IN, OUT = "reads", "writes"
_METHODS = {"read": IN, "read_nb": IN, "write": OUT, "write_nb": OUT, ">>": IN, "<<": OUT}
_OUTPUTS = {"duplicate": 2}
"""Arguments of an operator are its inputs, parameters, then outputs. Most have one output; these have more."""

_ALLOWED = frozenset({"declaration", "expression_statement", "preproc_call", "comment", "{", "}", ";"})


@dataclass(frozen=True)
class _Use:
    node: Node
    by: str
    direction: str | None
    """None if unknown, because the function called is in another file."""


def stream_findings(known: tuple[Function, ...]) -> Iterator[tuple[Node, str, str, str]]:
    """Yield (node, rule, what is wrong, remedy) for the streams of all functions of a file."""
    by_name = {function.name: function for function in known}
    for function in known:
        yield from _parameters(function)
        yield from _canonical(function)
        for name, node, scope in _local_streams(function):
            yield from _ends(name, node, tuple(_uses(function, name, scope, by_name)))


def _parameters(function: Function) -> Iterator[tuple[Node, str, str, str]]:
    """Find stream parameters that are both read and written: one process would hold both ends."""
    for name, kind in function.parameters:
        if is_stream(kind) and _own_directions(function, name) == {IN, OUT}:
            what = f"{function.name} reads and writes stream {name}"
            yield function.node, "stream-ends", what, "give it one stream to read and another to write"


def _canonical(function: Function) -> Iterator[tuple[Node, str, str, str]]:
    """Find statements in a dataflow function other than declarations of streams and calls."""
    if not any(text.upper().split()[:2] == ["HLS", "DATAFLOW"] for _, text in function.pragmas()):
        return
    for node in function.body.children:
        if node.type not in _ALLOWED:
            what = f"a {node.type.replace('_', ' ')} in the dataflow function {function.name}"
            yield node, "dataflow", what, "move it into a function that is called here"


def _local_streams(function: Function) -> Iterator[tuple[str, Node, Node]]:
    """Name, declaration and scope of the streams that a function declares, in nested blocks too."""
    for node in below(function.body, "declaration"):
        scope = ancestor(node, *SCOPES)
        # `functions` lists the methods of a local struct on their own.
        if scope is None or ancestor(node, "function_definition") != function.node:
            continue
        if is_stream(node.child_by_field_name("type")):
            for declarator in node.children_by_field_name("declarator"):
                yield declared_name(declarator), node, scope


def _own_uses(function: Function, name: str, scope: Node) -> Iterator[tuple[Node, str]]:
    """Places where the function itself reads or writes `name` of `scope`, with the direction."""
    for node, thing, method in function.method_calls(frozenset(_METHODS)):
        if thing == name and _is_seen(node, name, scope):
            yield node, _METHODS[method]


def _is_seen(node: Node, name: str, scope: Node) -> bool:
    """Whether `name` at `node` is the one of `scope`: blocks beside or inside each other may reuse a name."""
    return scope.start_byte <= node.start_byte < scope.end_byte and not is_hidden(node, name, scope)


def _own_directions(function: Function, name: str) -> set[str]:
    return {direction for _, direction in _own_uses(function, name, function.body)}


def _uses(function: Function, name: str, scope: Node, by_name: Mapping[str, Function]) -> Iterator[_Use]:
    for node, direction in _own_uses(function, name, scope):
        yield _Use(node, f"{function.name} itself", direction)
    for call in function.calls():
        for at, argument in enumerate(call.arguments):
            if argument == name and _is_seen(call.node, name, scope):
                yield _Use(call.node, call.name, _direction(call, at, by_name, frozenset()))


def _direction(call: Call, at: int, by_name: Mapping[str, Function], seen: frozenset[str]) -> str | None:
    """Whether a call reads or writes argument `at`, by the function's body or by the argument order of operators."""
    function = by_name.get(call.name)
    if function is None or call.name in seen or at >= len(function.parameters):
        if not source(call.node.child_by_field_name("function")).startswith("farm::"):
            return None
        return OUT if at >= len(call.arguments) - _OUTPUTS.get(call.name, 1) else IN
    name = function.parameters[at][0]
    found: set[str | None] = {*_own_directions(function, name)}
    for inner in function.calls():
        for place, argument in enumerate(inner.arguments):
            if argument == name and _is_seen(inner.node, name, function.body):
                found.add(_direction(inner, place, by_name, seen | {call.name}))
    return found.pop() if len(found) == 1 else None


def _ends(name: str, node: Node, uses: tuple[_Use, ...]) -> Iterator[tuple[Node, str, str, str]]:
    writers = [use for use in uses if use.direction == OUT]
    readers = [use for use in uses if use.direction == IN]
    rule, remedy = "stream-ends", "a stream has one producer and one consumer: use farm::duplicate to read it twice"
    for word, ends in (("written", writers), ("read", readers)):
        if len(ends) > 1:
            places = " and ".join(use.by for use in ends)
            yield ends[1].node, rule, f"stream {name} is {word} by {places}", remedy
    if len(writers) > 1 or len(readers) > 1:
        return
    if len(uses) > 2:
        places = ", ".join(use.by for use in uses)
        yield uses[2].node, rule, f"stream {name} has {len(uses)} ends: {places}", remedy
    elif not uses:
        yield node, rule, f"stream {name} is never used", "remove it"
    elif len(uses) == 1:
        missing = "a producer" if uses[0].direction == IN else "a consumer" if uses[0].direction == OUT else "an end"
        yield uses[0].node, rule, f"stream {name} lacks {missing}: only {uses[0].by} uses it", remedy
    elif writers and readers and readers[0].node.start_byte < writers[0].node.start_byte:
        what = f"stream {name} is read by {readers[0].by} before {writers[0].by} writes it"
        yield readers[0].node, "stream-order", what, "call the producer first: simulation runs calls one by one"
