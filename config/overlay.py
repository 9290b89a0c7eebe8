"""A mapping from one file, with some of its values from another: each mistake names the file that the value is in."""

from __future__ import annotations

import yaml

from config.document import Section


class Overlaid(Section):
    """`base` with the values of `over` in place of its own, and those that only `over` has. Mappings are joined."""

    def __init__(self, base: Section, over: Section) -> None:
        super().__init__(base.file, base.node, base.problems, name=base.name)
        self._over = over
        self._under = dict(self.values)
        self.values.update(over.values)

    def file_of(self, key: str | None) -> str:
        """The file of the key; a problem with the section as a whole is one of what lies over it."""
        return self._over.file if key is None or self._over.has(key) else self.file

    def line(self, key: str | None = None) -> int:
        """The line of the key in its file."""
        return self._over.line() if key is None else super().line(key)

    def _subsection(self, key: str, node: yaml.Node) -> Section | None:
        over = self._over.values.get(key)
        if over is None:
            return super()._subsection(key, node)
        upper = self._over._subsection(key, over[1])
        under = self._under.get(key)
        if upper is None or under is None or not isinstance(under[1], yaml.MappingNode):
            return upper
        return Overlaid(Section(self.file, under[1], self.problems, name=key), upper)
