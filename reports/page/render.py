"""The page as HTML. Whatever is shown is escaped by Jinja2, and its control characters are written out."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from config.fpga_resources import LABELS
from config.output import clean
from reports.page.course import course_of
from reports.page.curve import curves_of
from reports.page.device import device_of
from reports.page.pipeline import pipeline_of
from reports.reading.plain import rounded
from reports.summary.build_report import BuildReport

_HERE = Path(__file__).resolve().parent


def html(report: BuildReport, content: Mapping[str, Any]) -> str:
    """Return the page of a report; `content` is what it carries as JSON, see `reports.page.content`."""
    style, script = (_HERE / "page.css").read_text("utf-8"), (_HERE / "page.js").read_text("utf-8")
    shown = {
        "title": content["title"],
        "report": content["report"],
        "build": content["build"],
        "kernel": content["kernel"],
        "device": device_of(report),
        "pipeline": pipeline_of(report, content["kernel"]),
        "course": course_of(content["build"]),
        "curves": curves_of(content["trends"]),
        "labels": LABELS,
    }
    return _template().render(
        **{name: _cleaned(value) for name, value in shown.items()},
        policy=_policy(style, script),
        style=Markup(style),  # noqa: S704 - our own files, and no text of anybody else is in them
        script=Markup(script),  # noqa: S704
        data=Markup(_embedded(content)),  # noqa: S704
    )


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["amount"] = amount
    environment.filters["about"] = about
    environment.filters["seconds"] = lambda value: f"{value:,.1f} s" if value < 120 else f"{value / 60:,.1f} min"
    return environment.get_template("page.html")


def amount(value: object) -> str:
    """Return a value of a cell for people: `-` for none."""
    if value is None:
        return "-"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return f"{rounded(float(value)):,}"


def about(value: object) -> str:
    """Return a value of a headline: from 100 on without a fraction."""
    return amount(round(value) if isinstance(value, float) and abs(value) >= 100 else value)


def _policy(style: str, script: str) -> str:
    """Return the Content-Security-Policy: nothing is loaded; only our own style and script count, by their digests."""
    own = f"style-src {_digest(style)}; script-src {_digest(script)}"
    return f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'"


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _embedded(content: Mapping[str, Any]) -> str:
    r"""Return JSON that no HTML parser takes for markup: `<`, `>` and `&` as \u003c and so on, the rest in ASCII."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _cleaned(value: Any) -> Any:
    """Return values with the control characters of their texts written out, in keys too."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {_cleaned(key): _cleaned(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_cleaned(each) for each in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _cleaned(getattr(value, field.name)) for field in fields(value)}
    return value
