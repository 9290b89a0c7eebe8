"""The error that ends a command, with the tool's message id."""

from __future__ import annotations


class ToolError(Exception):
    """A message `ERROR: [id] text`. `before` and `also` are messages before and after it."""

    def __init__(
        self, code: str, text: str, *, also: tuple[tuple[str, str], ...] = (), before: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.also = also
        self.before = before

    def lines(self) -> list[str]:
        """The messages, the cause first."""
        return [f"ERROR: [{code}] {text}" for code, text in (*self.before, (self.code, self.text), *self.also)]
