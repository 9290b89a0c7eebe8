"""The action key: a digest of all that can change a step's outputs. Equal key, no run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from config.frozen import dataclass
from farm.results import schema
from farm.step import File, Step, Text

#: Changes when the engine itself runs steps differently, to keep earlier results from being taken for today's.
FORMAT = 1


@dataclass(frozen=True)
class Parts:
    """The parts of a key, kept beside it to compare two keys part by part."""

    argv: tuple[str, ...]
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[str, ...]
    tools: tuple[tuple[str, str], ...]
    environment: tuple[tuple[str, str], ...]

    @property
    def key(self) -> str:
        """SHA-256 over the canonical JSON of all parts."""
        text = json.dumps({"format": FORMAT, **self.document()}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def document(self) -> dict[str, Any]:
        """Return the parts as plain JSON values."""
        return {
            "argv": list(self.argv),
            "inputs": dict(self.inputs),
            "outputs": list(self.outputs),
            "tools": dict(self.tools),
            "environment": dict(self.environment),
        }

    @staticmethod
    def of_document(value: Any) -> Parts:
        """Read what `document` returned. Raises SchemaError (a ValueError) for anything else."""
        document = schema.fields(value, "argv", "inputs", "outputs", "tools", "environment")
        return Parts(
            argv=schema.texts(document["argv"]),
            inputs=_rows(document["inputs"]),
            outputs=schema.texts(document["outputs"]),
            tools=_rows(document["tools"]),
            environment=_rows(document["environment"]),
        )


def parts_of(step: Step, meaning_of: Callable[[File], str]) -> Parts:
    """Digest the inputs of a step. Names, facts, resources and where files lie in the checkout are not among them."""
    inputs = {item.path: _text_meaning(item) if isinstance(item, Text) else meaning_of(item) for item in step.inputs}
    return Parts(
        argv=step.argv,
        inputs=tuple(sorted(inputs.items())),
        outputs=tuple(sorted(output.path for output in step.outputs)),
        tools=tuple(sorted((tool.name, tool.version) for tool in step.tools)),
        environment=tuple(sorted(step.environment)),
    )


def action_key(step: Step, meaning_of: Callable[[File], str]) -> str:
    """Return the action key: `meaning_of` gives the meaning digest of an input's bytes."""
    return parts_of(step, meaning_of).key


def _rows(value: Any) -> tuple[tuple[str, str], ...]:
    return tuple(schema.words(value).items())


def _text_meaning(item: Text) -> str:
    return hashlib.sha256(item.content.encode()).hexdigest()
