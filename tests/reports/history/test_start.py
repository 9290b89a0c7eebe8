"""What `doit history` and `doit diff` need before they answer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_an_answer_imports_no_parser_of_reports_and_no_fit() -> None:
    code = (
        "import sys, toolchains.questions, reports.history.command\n"
        "heavy = ('reports.summary.build', 'reports.summary.page', 'reports.registry', 'integration.fit.command')\n"
        "print([name for name in sys.modules if name.startswith(heavy)])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"
