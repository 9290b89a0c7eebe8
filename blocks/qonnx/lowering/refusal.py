"""What a file has that no layer does. Everything that is refused is collected and shown together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from blocks.qonnx.file import Node, OnnxError

_MISFITS = (ValueError, TypeError, IndexError, KeyError, AttributeError, ArithmeticError, MemoryError)


class RefusedError(Exception):
    """Why a node is not converted, and the nearest thing that would be."""

    def __init__(self, what: str, nearest: str) -> None:
        super().__init__(f"{what}; the nearest that works: {nearest}")


class UnknownError(Exception):
    """A node reads what a refused node gives: there is nothing to say about it."""


class Refusals:
    """Collects why nodes are not converted."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    @contextmanager
    def of(self, node: Node) -> Iterator[None]:
        """Work on a node: a refusal is noted, and the work goes on behind the block."""
        try:
            yield
        except RefusedError as refused:
            self.faults.append(f"{node}: {refused}")
        except _MISFITS as error:
            # What its author never meant, such as a text in place of a number, ends in one of these.
            what = f"attributes or inputs that do not fit the operator ({str(error)[:100]})"
            self.faults.append(f"{node}: {what}; the nearest that works: a file that onnx.checker accepts")
        except UnknownError:
            pass

    def raise_if_any(self) -> None:
        """Raise OnnxError with all of them, if there are any."""
        if self.faults:
            raise OnnxError("\n".join(dict.fromkeys(self.faults)))
