"""The JSON schema of the output of `python -m reports --json`, made from the types of the values.

`python -m reports --schema` prints it, and a test compares that text with `docs/reports-schema.json`. Each definition
is on a line of its own, so a diff shows exactly the values that have changed. Fields are never left out; one without a
value is null.
"""

from __future__ import annotations

import json
import types
import typing
from dataclasses import fields, is_dataclass
from typing import Any

from reports.reading.note import Note
from reports.reading.number import Below
from reports.registry import KINDS
from reports.summary.hls_solutions import Solution
from reports.summary.rollup import RollUp

VERSION = 1
"""Incremented when readers of the JSON must change; not for new kinds and new fields."""

_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    # JSON has no infinity, so it is written as text, like the tools print it.
    float: {"anyOf": [{"type": "number"}, {"enum": ["inf", "-inf", "nan"]}]},
    Below: {"type": "string", "pattern": "^<[0-9.e+-]+$"},
    Any: {},
}


def schema() -> dict[str, Any]:
    """Return the schema of the whole output."""
    definitions: dict[str, Any] = {}
    for kind in KINDS:
        value = typing.get_type_hints(kind.parse)["return"]
        definitions[f"kind.{kind.name}"] = _object(
            {
                "file": {"type": "string"},
                "kind": {"const": kind.name},
                "value": _of(value, definitions),
                "line": {"type": "integer", "minimum": 1},
                "stand_in": {"type": "boolean"},
            }
        )
    reports = [{"$ref": f"#/$defs/kind.{kind.name}"} for kind in KINDS]
    text = {"type": "string"}
    error = _object(
        {
            "file": text,
            "line": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]},
            "error": text,
            "what": text,
            "expected": text,
        }
    )
    designs = _of(RollUp, definitions)
    folders = _of(Solution, definitions)
    whole = _object(
        {
            "schema": {"const": VERSION},
            "reports": {"type": "array", "items": {"oneOf": reports}},
            "errors": {"type": "array", "items": error},
            "designs": {"type": "array", "items": designs},
            "hls_solutions": {"type": "array", "items": folders},
            "missing": {"type": "array", "items": text},
            "notes": {"type": "array", "items": _of(Note, definitions)},
        }
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Reports of FPGA tools as values",
        **whole,
        "$defs": dict(sorted(definitions.items())),
    }


def text() -> str:
    """Return the schema as JSON with a line for each member and each definition."""
    whole = schema()
    definitions = ",\n".join(_lines(whole.pop("$defs")))
    return "{\n" + ",\n".join([*_lines(whole), f'"$defs": {{\n{definitions}\n}}']) + "\n}\n"


def _lines(members: dict[str, Any]) -> list[str]:
    return [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in members.items()]


def _object(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties) if required is None else required,
        "additionalProperties": False,
    }


def _of(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_of(argument, definitions) for argument in arguments]}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return {"type": "array", "items": _of(arguments[0], definitions)}
    if origin is tuple:
        items = [_of(argument, definitions) for argument in arguments]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if origin in (dict, typing.get_origin(typing.Mapping[str, int])):
        return {"type": "object", "additionalProperties": _of(arguments[1], definitions)}
    if is_dataclass(hint) and isinstance(hint, type):
        return _reference(hint, definitions)
    raise TypeError(f"a report's value has a field of type {hint}, which has no JSON form")


def _reference(value: type, definitions: dict[str, Any]) -> dict[str, Any]:
    name = f"{value.__module__.removeprefix('reports.')}.{value.__name__}"
    if name not in definitions:
        definitions[name] = {}  # set before the fields are visited, because a type may contain itself
        hints = typing.get_type_hints(value)
        definitions[name] = _object({field.name: _of(hints[field.name], definitions) for field in fields(value)})
        summary = (value.__doc__ or "").split("\n\n")[0].replace("\n", " ").strip()
        definitions[name]["description"] = " ".join(summary.split())
    return {"$ref": f"#/$defs/{name}"}
