from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from runtime import trust
from runtime.emulation.payload import Limits, Payload
from runtime.errors import PayloadError, TrustError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture()
def start(payload_program):
    """A payload in a mode of misbehaviour: images and weights of 4 bytes, 3 results, bias 10."""
    made = []

    def make(mode=0, trusted=True, program=None, **limits):
        program = payload_program if program is None else program
        if trusted:
            trust.trust(hashlib.sha256(program).hexdigest(), "test")
        payload = Payload(
            program,
            struct.pack("<5I", 4, 4, 3, 10, mode),
            where="x.xclbin",
            description="a test",
            limits=Limits(**({"call_timeout_s": 10.0, "image_timeout_s": 0.0} | limits)),
        )
        made.append(payload)
        return payload

    yield make
    for payload in made:
        payload.close()


def run(payload, images=2):
    return payload.run(images, [bytes(range(4 * images)), b"\x01\x01\xff\x01"], images * 12)


def gone(pid, within_s=3.0):
    """Whether no process of that group is left. One that only init has not collected yet is gone; some take seconds."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if not lives(pid):
            return True
        time.sleep(0.01)
    return False


def lives(group):
    """Whether a process of that group runs or could run."""
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # Behind the name, which is in parentheses and may hold anything: state, parent, group.
            state, _, of = place.read_text().rpartition(")")[2].split()[:3]
            if int(of) == group and state != "Z":
                return True
    return False


def test_results(start):
    # weights 1 + 1 - 1 + 1, bias 10; pixels 0..3 and 4..7
    payload = start()
    for _ in range(3):
        assert struct.unpack("<6I", run(payload)) == (18, 19, 20, 34, 35, 36)


def test_one_child_for_all_calls(start):
    payload = start()
    payload.load()
    pid = payload.pid
    run(payload)
    assert payload.pid == pid
    payload.close()
    assert gone(pid)
    with pytest.raises(PayloadError, match="freed"):
        run(payload)


def test_untrusted_is_not_run(start, payload_program):
    with pytest.raises(TrustError) as caught:
        start(trusted=False)
    text = str(caught.value)
    assert hashlib.sha256(payload_program).hexdigest() in text
    assert "a test" in text
    assert "python -m runtime trust x.xclbin" in text


def test_a_changed_program_is_not_trusted(start, payload_program):
    trust.trust(hashlib.sha256(payload_program).hexdigest(), "test")
    with pytest.raises(TrustError):
        start(trusted=False, program=payload_program + b"\0")


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (1, ["killed by SIGSEGV", "about to crash"]),
        (3, ["exit status 0"]),
        (4, ["18446744073709551615 bytes"]),
        (5, ["SIGXFSZ"]),
        (6, ["WHAT", "12 bytes"]),
        (7, ["refused RUN", "no such network"]),
        (8, ["SIGABRT", "line 99999"]),
        (10, ["out of memory", "SIGABRT"]),
        (15, ["exit status 7"]),
    ],
)
def test_misbehaviour_is_named_and_survived(start, forbidden_file, mode, words):
    payload = start(mode)
    for _ in range(2):
        with pytest.raises(PayloadError) as caught:
            run(payload)
        assert all(word in str(caught.value) for word in words), str(caught.value)
        assert str(caught.value).startswith("x.xclbin")
        assert caught.value.remedy
    assert len(str(caught.value)) < 1000
    assert not forbidden_file.exists() or not forbidden_file.stat().st_size


@pytest.mark.parametrize("mode", [2, 11, 14])
def test_hanging_is_ended(start, mode):
    payload = start(mode, call_timeout_s=0.5)
    payload.load()
    pid = payload.pid
    before = time.monotonic()
    with pytest.raises(PayloadError, match=r"within 0\.5 s"):
        run(payload)
    assert time.monotonic() - before < 3
    assert gone(pid)


def test_it_restarts_after_being_killed(start):
    payload = start()
    run(payload)
    os.kill(payload.pid, signal.SIGKILL)
    time.sleep(0.1)
    assert struct.unpack_from("<I", run(payload)) == (18,)


def test_bytes_that_nobody_asked_for_do_not_shift_the_next_answer(start):
    payload = start(17)
    for _ in range(3):
        assert struct.unpack("<6I", run(payload)) == (18, 19, 20, 34, 35, 36)
        time.sleep(0.05)


def test_refused_memories_are_refused_every_time(start):
    payload = start(12)
    for _ in range(2):
        with pytest.raises(PayloadError, match="refused LOAD: bad memories"):
            payload.load()


def test_surroundings_are_bare(start):
    payload = start(13)
    environment_and_folder_and_files, limits, own_session = struct.unpack("<3I", run(payload, images=1))
    assert (environment_and_folder_and_files, limits, own_session) == (0, 0, 1)
    status = Path(f"/proc/{payload.pid}/status").read_text()
    assert "NoNewPrivs:\t1" in status
    limits_text = Path(f"/proc/{payload.pid}/limits").read_text()
    row = {line[:26].strip(): line[26:].split()[0] for line in limits_text.splitlines()}
    assert row["Max address space"] == str(8 << 30)
    assert row["Max open files"] == "16"


def test_it_starts_no_process_but_threads(start):
    assert struct.unpack("<3I", run(start(18), images=1)) == (1, 1, 1)


def test_large_bodies_pass(start, payload_program):
    trust.trust(hashlib.sha256(payload_program).hexdigest(), "test")
    size = 3 << 20
    memories = struct.pack("<5I", size, 4, 3, 0, 0)
    payload = Payload(payload_program, memories, where="x", description="", limits=Limits())
    try:
        answer = payload.run(2, [memoryview(b"\x01" * size), b"\x02" * size, bytes(4)], 24)
        assert struct.unpack("<6I", answer) == (size, size + 1, size + 2, 2 * size, 2 * size + 1, 2 * size + 2)
    finally:
        payload.close()


def test_it_survives_the_thread_that_started_it(start):
    payload = start()
    thread = threading.Thread(target=payload.load)
    thread.start()
    thread.join()
    pid = payload.pid
    time.sleep(0.1)
    run(payload)
    assert payload.pid == pid


def test_not_a_program(start):
    payload = start(program=b"no program at all")
    with pytest.raises(PayloadError, match="Exec format error"):
        payload.load()


_HOST = """
import hashlib, os, struct, sys, time
sys.path.insert(0, {root!r})
from runtime.emulation.payload import Limits, Payload
program = open({program!r}, "rb").read()
payload = Payload(program, struct.pack("<5I", 4, 4, 3, 0, {mode}), where="x", description="", limits=Limits())
payload.load()
print(payload.pid, flush=True)
if {mode}:
    import threading
    threading.Thread(target=lambda: payload.run(1, [bytes(8)], 12), daemon=True).start()
    time.sleep(0.2)
{end}
time.sleep(60)
"""


@pytest.mark.parametrize("mode", [0, 2])
@pytest.mark.parametrize(
    ("end", "number"),
    [("", signal.SIGKILL), ("", signal.SIGTERM), ("os._exit(1)", None), ("sys.exit(0)", None), ("os.abort()", None)],
)
def test_nothing_survives_the_host_program(payload_program, tmp_path, mode, end, number):
    program = tmp_path / "payload"
    program.write_bytes(payload_program)
    trust.trust(hashlib.sha256(payload_program).hexdigest(), "test")
    code = _HOST.format(root=str(ROOT), program=str(program), mode=mode, end=end)
    host = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=tmp_path
    )
    try:
        pid = int(host.stdout.readline())
        if number is not None:
            host.send_signal(number)
        host.wait(10)
        assert gone(pid)
    finally:
        host.kill()
        host.wait()
        host.stdout.close()
