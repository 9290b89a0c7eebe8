"""The journal under the name that pyproject.toml declares.

Only doit imports this module, before it loads a dodo.py. So its being loaded tells that pyproject.toml was read, which
doit does in the current folder only.
"""

from __future__ import annotations

from farm.results.journal import Journal

__all__ = ["Journal"]
