"""Values that the project's own dodo.py passes to the engine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CODE = """
import sys
sys.argv = ["doit", "list"]
import dodo

log = "USER=hannelore\\nLM_LICENSE_FILE=2100@lic.example.org\\n"
clean = dodo.DOIT_CONFIG["redaction"].clean
print(clean("ERROR: hannelore, 2100@lic.example.org, 10.0.0.7, /home/hannelore/a.v:3", log))
"""


def test_logs_are_redacted_by_the_reports_rules() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "ERROR: <redacted>, <licence server>, <address>, <home>/a.v:3\n"
