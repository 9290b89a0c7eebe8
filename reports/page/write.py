"""Writes the page of a build into its folder: `page.html`, and `page.json` with the same values."""

from __future__ import annotations

import json
from pathlib import Path

from config.whole_file import write_whole
from reports.page.content import content_of
from reports.page.render import html
from reports.summary.build_report import BuildReport

HTML_FILE, JSON_FILE = "page.html", "page.json"


def write_page(root: Path, folder: str, report: BuildReport, into: Path | None = None) -> Path:
    """Write the page of a build, return its path; `into` is the checkout to write to, if not `root`. Raises OSError."""
    content = content_of(into or root, folder, report)
    place = (into or root) / folder
    write_whole(place / JSON_FILE, json.dumps(content, indent=1, allow_nan=False) + "\n")
    write_whole(place / HTML_FILE, html(report, content))
    return place / HTML_FILE
