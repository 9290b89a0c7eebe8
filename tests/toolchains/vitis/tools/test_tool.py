"""A run counts only if status, log, last words and files all say so; each is taken away once here."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from toolchains.vitis.tools import tool

Start = Callable[[str], str]

GOOD = """\
echo "INFO: [Common 17-206] Exiting"
echo 'puts "ERROR: no such thing"'
echo done > out.dcp
echo "farm done: it"
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Run a shell script as if it were Vivado."""

    def start(script: str) -> str:
        path = tmp_path / "bin" / "vivado"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}")
        path.chmod(0o755)
        monkeypatch.setenv(f"{tool.VARIABLE}VIVADO", str(path))
        work = tmp_path / "work"
        work.mkdir(exist_ok=True)
        return tool.run("VIVADO", (), folder=work, says="farm done: it", writes=["out.dcp"])

    return start


def test_a_good_run(run: Start) -> None:
    assert "Exiting" in run(GOOD)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (GOOD + "exit 3", "status 3"),
        (GOOD + "kill -SEGV $$", "signal 11"),
        (GOOD + 'echo "ERROR: [BD 41-758] not connected"', "status 0 after 1 error lines"),
        ('echo ok > out.dcp; echo "the end"', "without saying 'farm done: it'"),
        ('echo "farm done: it"', "out.dcp is not there"),
        ('echo "farm done: it"; : > out.dcp', "out.dcp is empty"),
        ("exit 1", "printed nothing"),
        ("echo hello; exit 1", "no error line: it crashed"),
        ('echo "wrong # args"; echo "    while executing"; exit 1', "an error of the script"),
    ],
)
def test_success_is_never_only_the_exit_status(run: Start, script: str, said: str) -> None:
    with pytest.raises(tool.ToolError, match=said.replace("(", r"\(")):
        run(script)


def test_a_file_from_before_is_no_result(run: Start, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "out.dcp").write_text("old")
    with pytest.raises(tool.ToolError, match="exists before the run"):
        run(GOOD)


def test_each_process_has_a_home_of_its_own_and_the_licence(
    run: Start,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XILINXD_LICENSE_FILE", "2100@server")
    monkeypatch.setenv(f"{tool.VARIABLE}BIN", "/opt/tools/bin")
    script = 'echo "$HOME|$XILINX_LOCAL_USER_DATA|$XILINXD_LICENSE_FILE|$PATH"; ls "$HOME" | wc -l\n' + GOOD
    first = run(script).splitlines()
    (tmp_path / "work" / "out.dcp").unlink()
    second = run(script).splitlines()
    home, user_data, licence, path = first[0].split("|")
    assert home not in (second[0].split("|")[0], os.environ["HOME"])
    assert (user_data, licence) == ("no", "2100@server")
    assert path.startswith("/opt/tools/bin:")
    assert first[1].strip() == "0"
    assert not Path(home).exists()


def test_the_locale_is_one_that_every_system_has(run: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    # What the engine gives every step.
    monkeypatch.setenv("LANG", "C.UTF-8")
    assert "|C|" in run('echo "|$LC_ALL|"\n' + GOOD)


def test_a_home_that_cannot_be_removed_fails_no_run(
    run: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(path: object, **more: object) -> None:
        raise OSError(errno.ENOTEMPTY, "Directory not empty", str(path))

    monkeypatch.setattr(os, "rmdir", busy)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert "Exiting" in run('touch "$HOME/late"\n' + GOOD)


def test_what_is_missing_is_said_before_any_tool_starts(
    run: Start,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(f"{tool.VARIABLE}MISSING", "there is no licence")
    with pytest.raises(tool.ToolError, match="there is no licence"):
        run("touch started\n" + GOOD)
    assert not (tmp_path / "work" / "started").exists()
