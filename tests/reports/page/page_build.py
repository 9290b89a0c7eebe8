"""A build whose names are the test's: its files, its history, and the page made of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reports.history.folder import History
from reports.history.revision import project_of
from reports.page.write import write_page
from reports.summary.build import read_build
from reports.summary.gates import parse_gate

FOLDER = "build/n/open-hw_emu"
#: Texts that an HTML parser, a template or a terminal would obey.
HOSTILE = (
    "</script><script>window.hacked=1</script>", '"><img src=x onerror="window.hacked=1">',
    "' onmouseover='hacked=1' '",
    "<!--<script>", "]]><svg onload=hacked=1>", "{{ 7 * 7 }}{% raw %}", "\x1b[31mred\x1b]0;title\x07", "\u202egnp.exe",
    "</title></style></svg>", "&lt;b&gt;", "javascript:hacked=1", "a\x00b\r\x9b31m",
)  # fmt: skip


def estimate(names: list[str]) -> dict[str, Any]:
    area = {"luts": 100.5, "registers": None, "bram_tiles": 2.0, "urams": 0, "dsps": 0}
    budget = {"luts": 1000, "registers": 2000, "bram_tiles": 40, "urams": 8, "dsps": 10}
    blocks = [
        {
            "block": name, "core": f"core {name}", "kind": "residual", "interval_cycles": 4000 + 10 * number,
            "bottleneck": f"conv {name}", "area": area, "parameter_bits": 512,
        }
        for number, name in enumerate(names)
    ]  # fmt: skip
    return {
        "format": 1, "network": f"net {names[0]}", "toolchain": "open", "target": "hw_emu", "clock_mhz": 200.0,
        "platform": {"name": "u250", "part": f"part {names[0]}"}, "formula_note": f"note {names[0]}",
        "budget": {"total": budget, "slrs": {"SLR0": budget, "SLR1": budget}}, "blocks": blocks,
    }  # fmt: skip


def fit(names: list[str]) -> dict[str, Any]:
    placed = {name: ["SLR0" if number % 2 else "SLR1"] for number, name in enumerate(names)}
    used = {"luts": 500, "bram_tiles": 50, "urams": 0, "dsps": 0}
    return {
        "fits": True, "source": f"formula {names[0]}", "better": "", "blocks": placed,
        "slrs": {"SLR0": {"used": used}, "SLR1": {"used": used}}, "boundaries_crossed": 3,
        "boundaries": [{"below": "SLR0", "above": "SLR1", "used": 1234, "slls": 23040}], "says": [],
    }  # fmt: skip


def entry(names: list[str], began_s: float) -> dict[str, Any]:
    runs = [
        {
            "name": f"hls:{name}",
            "begun_s": number // 2 * 10.0,
            "took_s": 9.0 + number % 2,
            "how": how,
            "why": f"{name} changed",
        }
        for number, (name, how) in enumerate(zip(names, ["finished", "restored", "failed"] * len(names), strict=False))
    ]
    return {
        "format": 1, "folder": FOLDER, "began_s": began_s, "wall_s": 61.0, "outcome": "failed",
        "tasks": {"ran": len(names), "restored": 0, "current": 3, "failed": 1}, "runs": runs,
        "bound": {"critical_s": 40.0, "work_s": 55.0, "path": [f"hls:{names[0]}"], "slots": 2},
        "machine": {"system": "Linux x86_64", "cpu": f"cpu {names[0]}", "cores": 2, "memory_gib": 8, "python": "3.11"},
        "tools": {f"tool {names[0]}": f"1.0 {names[0]}"}, "revision": {"commit": "a" * 40, "dirty": True},
        "values": {"formula": {"luts": began_s % 97, "fps": 3}, "": {"ii_cycles": 5}},
        "marks": {"formula": {"luts": "~"}},
    }  # fmt: skip


def make(root: Path, names: list[str]) -> Path:
    """Write a build with blocks of these names into a checkout, enter it into the history, and make its page."""
    place = root / FOLDER
    (place / "kernel").mkdir(parents=True, exist_ok=True)
    (place / "estimate.json").write_text(json.dumps(estimate(names)))
    (place / "fit.json").write_text(json.dumps(fit(names)))
    blocks = [{"name": name, "busy": 60, "starved": 30, "blocked": 10} for name in names]
    kernel = {
        "format": 1, "interval_cycles": 4100, "latency_cycles": 9000, "clock_mhz": 200, "blocks": blocks,
        "cores": {name: f"core {name}" for name in names[1:]}, "tool": f"V {names[0]}",
    }  # fmt: skip
    (place / "kernel" / "values.json").write_text(json.dumps(kernel))
    history = History.of(project_of(root))
    for number in range(3):
        history.add(entry(names, 1e9 + number))
    return write_page(root, FOLDER, read_build(root, FOLDER, [parse_gate("fps >= 99999")]))
