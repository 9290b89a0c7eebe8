"""What readers typed from the real reports, which lie in `../shared` beside the checkout and are not part of it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "reports_corpus"


@cache
def manifest() -> dict[str, Any]:
    """Counts and entries of the manifest, both empty where the corpus is not here. Nobody may change them."""
    path = CORPUS / "MANIFEST.yaml"
    if not path.exists():
        return {"counts": {}, "files": []}
    # The loader in C reads these 220 KB eight times as fast, and every process of a test run reads them.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return dict(yaml.load(path.read_text("utf-8"), Loader=loader))
