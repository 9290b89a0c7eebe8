"""Writes the page of a build into its folder: `page.html`, and `page.json` with the same values."""

from __future__ import annotations

import json
import os
from pathlib import Path

from reports.page.content import content_of
from reports.page.render import html
from reports.summary.build_report import BuildReport

HTML_FILE, JSON_FILE = "page.html", "page.json"


def write_page(root: Path, folder: str, report: BuildReport, into: Path | None = None) -> Path:
    """Write the page of a build, return its path; `into` is the checkout to write to, if not `root`. Raises OSError."""
    content = content_of(into or root, folder, report)
    place = (into or root) / folder
    _write(place / JSON_FILE, json.dumps(content, indent=1, allow_nan=False) + "\n")
    _write(place / HTML_FILE, html(report, content))
    return place / HTML_FILE


def _write(path: Path, text: str) -> None:
    """Write a file under another name first: a reader sees the old page or the new one, and a link is replaced."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.unlink(missing_ok=True)
        with temporary.open("x", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
