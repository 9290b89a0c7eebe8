"""What goes wrong around a host program of XRT: one clear error, nothing left, and the next program works."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile

import pytest
from xrt_hosts import ends, error_of, processes

from runtime.errors import XrtError
from runtime.formats import xclbin
from runtime.formats.xclbin import Kind
from runtime.xrt import control, installation, launcher, run_folder

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("nothing_is_left")]
OTHER_SHELL = "xilinx_u280_xdma_201920_3"


@pytest.fixture()
def marked(build, native, launch, given):
    """A run of the C++ program that waits for the card, and how to find its processes."""
    mark = f"OF_TEST={native.stat().st_ino}-{id(build)}"
    run = launch("--", native, build(), *given, OF_TEST=mark.partition("=")[2])

    def kill(word: bytes, start: bytes = b"") -> None:
        deadline = time.monotonic() + 60
        while not (found := processes(word, mark.encode(), start)) and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(found[0], signal.SIGKILL)

    return run, kill


def test_no_such_program(launch):
    assert "there is no such program" in error_of(launch("--", "/no/such/program"))


def test_the_exit_status_is_the_program_s(launch):
    ends(launch("--", "sh", "-c", "exit 7"), 7)
    ends(launch("--", "sh", "-c", "kill -9 $$"), 128 + 9)
    ends(launch("--", "false"), 1)


def test_xrt_without_its_plug_in(launch, tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "libxrt_coreutil.so.2").touch()
    error = error_of(launch("--", "true", XILINX_XRT=str(tmp_path)))
    assert "without its hw_emu plug-in" in error
    assert "libxrt1" in error
    assert "there is no XRT" in error_of(launch("--", "true", XILINX_XRT=str(tmp_path / "lib")))


@pytest.mark.parametrize(("name", "version"), [("2.13.0", (2, 13)), ("2.19.194", (2, 19))])
def test_the_version_is_that_of_the_library(tmp_path, monkeypatch, name, version):
    (tmp_path / "lib").mkdir()
    for library in ("libxrt_coreutil.so", "libxrt_hwemu.so"):
        (tmp_path / "lib" / f"{library}.{name}").touch()
        (tmp_path / "lib" / f"{library}.2").symlink_to(f"{library}.{name}")
    monkeypatch.setenv("XILINX_XRT", str(tmp_path))
    assert installation.find().version == version


def test_no_place_for_the_folder_of_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr(run_folder, "_XRT_SOCKETS", tmp_path / "absent")
    found = installation.Installation(tmp_path, (2, 13))
    with (
        pytest.raises(XrtError, match="the folder of the run cannot be made"),
        run_folder.run_folder(found, OTHER_SHELL),
    ):
        pass


def test_the_folder_of_a_killed_launcher_goes_with_the_next_run(tmp_path, monkeypatch):
    """Its lock is held by the program that goes on; then by nobody."""
    monkeypatch.setattr(run_folder, "_XRT_SOCKETS", tmp_path)
    monkeypatch.setattr(run_folder, "_NEW_S", -1.0)
    found = installation.Installation(tmp_path, (2, 13))
    with run_folder.run_folder(found, OTHER_SHELL) as (folder, _, lock):
        program = subprocess.Popen(["sleep", "60"], pass_fds=[lock])
        left = shutil.copytree(folder, tmp_path / "elsewhere", symlinks=True)
        folder.rename(tmp_path / f"{run_folder.PREFIX}running")
    left.rename(tmp_path / f"{run_folder.PREFIX}ended")
    (tmp_path / f"{run_folder.PREFIX}foreign").mkdir()
    with run_folder.run_folder(found, OTHER_SHELL) as (folder, _, _):
        there = {path.name.removeprefix(run_folder.PREFIX) for path in tmp_path.iterdir()}
        assert there == {"running", "foreign", folder.name.removeprefix(run_folder.PREFIX)}
    program.kill()
    program.wait()
    with run_folder.run_folder(found, OTHER_SHELL):
        assert not (tmp_path / f"{run_folder.PREFIX}running").exists()


def test_an_untrusted_payload(build, native, launch, given):
    """Named on the command line it is refused before the program starts; else when XRT loads it."""
    file = build(trusted=False)
    error = error_of(launch("--", native, file, *given))
    assert "not trusted and was not run" in error
    assert f"python -m runtime trust {file}" in error
    hidden = shutil.copy(file, file.with_suffix(".bin"))
    error = error_of(launch("--", native, hidden, *given))
    assert "not trusted and was not run" in error


def test_nothing_of_a_foreign_file_runs(build, native, launch, given, tmp_path):
    """Its BITSTREAM and its EMULATION_DATA both hold scripts under every name that XRT would start."""
    marker = tmp_path / "marker"
    script = f"#!/bin/sh\ntouch {marker}\n"

    def archive(*names: str) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as made:
            for name in names:
                entry = zipfile.ZipInfo(name)
                entry.create_system, entry.external_attr = 3, 0o100755 << 16
                made.writestr(entry, script)
        return buffer.getvalue()

    names = ("simulate.sh", "launch_hw_emu.sh")
    folder = "behav_waveform/xsim"
    file = xclbin.parse(build().read_bytes())
    foreign = xclbin.extend(
        # Without a manifest of ours, so that our own tools let the archive pass.
        file,
        {Kind.BITSTREAM: archive(*(f"{folder}/{name}" for name in names))},
    )
    kept = [section for section in foreign.sections if section.kind not in (Kind.USER_METADATA, Kind.EMULATION_DATA)]
    foreign = xclbin.Xclbin(foreign.header, tuple(kept))
    foreign = xclbin.extend(foreign, {Kind.EMULATION_DATA: archive(*names, f"{folder}/simulate.sh", "../escaped")})
    path = tmp_path / "foreign.xclbin"
    xclbin.write(foreign, path)
    assert "the loaded xclbin" in error_of(launch("--", native, path, *given))
    assert not marker.exists()


def test_a_file_of_an_earlier_build(build, native, launch, given, tmp_path):
    file = xclbin.parse(build().read_bytes())
    parts = {name: file.emulation[name] for name in ("payload", "memories")}
    old = xclbin.extend(file, xclbin.carried(file.manifest_json, parts))
    path = tmp_path / "old.xclbin"
    xclbin.write(old, path)
    error = error_of(launch("--", native, path, *given))
    assert "built before files could run through XRT" in error
    assert "rebuild" in error


def test_a_file_for_another_shell(build, native, launch, given):
    error = error_of(launch("--platform", OTHER_SHELL, "--", native, build(), *given))
    assert "shell does not match" in error
    assert "--platform xilinx_u250_xdma_201830_2" in error


def test_a_device_process_that_is_killed(marked):
    run, kill = marked
    kill(b"xrt.device")
    assert "the device process of the emulated card was killed" in error_of(run)


def test_a_host_that_is_killed(marked, native):
    run, kill = marked
    kill(b"", str(native).encode())
    _, errors = ends(run, 128 + 9)
    assert "error" not in errors


def test_a_signal_reaches_the_host(launch):
    program = (
        "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(5)); print(1, flush=True); time.sleep(60)"
    )
    run = launch("--", sys.executable, "-c", program)
    assert run.stdout.readline() == "1\n"
    run.send_signal(signal.SIGTERM)
    ends(run, 5)


def test_a_signal_right_after_the_start_reaches_the_host(monkeypatch, tmp_path):
    """One that ended the launcher alone would leave the host and the run's folder."""
    plain, ours = subprocess.Popen, []

    def popen(*words, **more):
        child = plain(*words, **more)
        os.kill(os.getpid(), signal.SIGTERM)
        return child

    before = signal.signal(signal.SIGTERM, lambda number, _: ours.append(number))
    try:
        with contextlib.closing(control.Ear(tmp_path / "control")) as ear:
            monkeypatch.setattr(subprocess, "Popen", popen)
            host = launcher._Host([sys.executable, "-c", "import time; time.sleep(20)"], dict(os.environ), ear, [])
            assert host.run() == 128 + signal.SIGTERM
    finally:
        signal.signal(signal.SIGTERM, before)
    assert ours == []
