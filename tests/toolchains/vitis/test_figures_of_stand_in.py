"""What a build on the stand-in shows: every figure of it is marked as invented, and no gate passes on one."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys

FOLDER = "build/digits/vitis-hw"
VIVADO = "Vivado 2022.2 (stand-in)"
GATE = "gates: ['wns_ns >= -99', 'res2a.luts <= 999999', 'slr0.lut <= 100 %']\n"


def test_reports(built) -> None:  # type: ignore[no-untyped-def]
    text = built.doit("reports", "network=digits", "target=hw")
    assert f"STAND-IN: figures with ! are invented by {VIVADO}, v++ 2022.2 (stand-in)" in text
    assert f"source: view rtl, {VIVADO}" in text
    linked = json.loads((built.checkout / FOLDER / "link" / "values.json").read_text())
    total = f"{linked['total']['luts']:,.0f}"
    # In the total and in the SLR that holds the kernel, which is what v++ has left.
    assert re.findall(rf"\S?\b{total} \(", text) == [f"!{total} ("] * 2
    assert re.search(rf"Timing: wns_ns !{re.escape(format(linked['wns_ns'], '.6g'))}; whs_ns !", text)
    for file in (built.checkout / FOLDER / "ooc").glob("*/values.json"):
        luts = f"{json.loads(file.read_text())['luts']:,.0f}"
        found = re.findall(rf"(\S*)\b{luts} ", text)
        assert found
        assert set(found) == {"!"}, luts
    rows = list(csv.DictReader((built.checkout / FOLDER / "report.csv").open()))
    assert {(row["synthesis_tool"], row["view"], row["slr_fit"]) for row in rows} == {(VIVADO, "rtl", "slr0")}
    assert json.loads((built.checkout / FOLDER / "report.json").read_text())["stand_ins"][0] == VIVADO


def test_no_gate_passes(built) -> None:  # type: ignore[no-untyped-def]
    file = built.checkout / "farm.yaml"
    before = file.read_text()
    file.write_text(before + GATE)
    try:
        text = built.doit("reports", "network=digits", "target=hw", status=1)
    finally:
        file.write_text(before)
    for gate in ("wns_ns >= -99", "res2a.luts <= 999999", "slr0.lut <= 100 %"):
        line = next(line for line in text.splitlines() if line.startswith(f"{gate}: "))
        assert line.startswith(f"{gate}: failed, ")
        assert line.endswith("only the tool itself can pass it")


def test_fit(built) -> None:  # type: ignore[no-untyped-def]
    """The synthesis of the toolchain that is linked is the default, since all cores have it, and says whose it is."""
    text = built.doit("fit", "network=digits", "target=hw")
    lines = text.splitlines()
    assert lines[0].endswith(" with vitis")
    assert lines[1].startswith("STAND-IN: figures with ! are invented")
    assert VIVADO in lines[2]
    assert sum("!" in line for line in lines) == 1 + 7 + 1  # what ! is, blocks, the SLR
    placed = (built.checkout / FOLDER / "stitch" / "fit.log").read_text()
    assert "STAND-IN: figures with ! are invented" in placed


def test_the_reports_themselves(built) -> None:  # type: ignore[no-untyped-def]
    def read(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "reports", *words],
            cwd=built.checkout, env=built.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    found = json.loads(read(FOLDER, "--json"))
    assert len(found["reports"]) > 20
    assert [
        report["file"] for report in found["reports"] if not report["stand_in"] and "fit" not in report["file"]
    ] == []
    assert all(design["stand_in"] for design in found["designs"])
    text = read(FOLDER)
    assert "STAND-IN: no tool has written this; all figures are invented (! marks them)" in text
    core = next((built.checkout / FOLDER / "ooc").glob("residual_*/utilization.rpt"))
    assert "STAND-IN: no tool has written this" in read(str(core.relative_to(built.checkout)))
