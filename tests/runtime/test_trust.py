from __future__ import annotations

import multiprocessing
import os

import pytest

from runtime import installed, trust
from runtime.errors import TrustError

A, B = "a" * 64, "b" * 64


def test_added_once_with_its_note():
    assert not trust.trusted(A)
    assert trust.trust(A, "one\nnote")
    assert not trust.trust(A, "again")
    assert trust.trusted(A)
    assert not trust.trusted(B)
    path = trust.list_file()
    assert path.read_text() == f"{A}  one note\n"
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600


def test_place(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "x"))
    assert trust.list_file() == tmp_path / "x" / "dataflow-farm" / "trusted-payloads"
    for value in ("", "relative"):
        monkeypatch.setenv("XDG_DATA_HOME", value)
        monkeypatch.setenv("HOME", str(tmp_path))
        assert trust.list_file() == tmp_path / ".local" / "share" / "dataflow-farm" / "trusted-payloads"


def test_a_torn_last_line_harms_nothing():
    trust.trust(A, "note")
    path = trust.list_file()
    path.write_text(f"# comment\n{A}  note\n{B[:20]}")
    assert trust.trust(B, "note")
    assert trust.trusted(A)
    assert trust.trusted(B)


@pytest.mark.parametrize("digest", ["", "a" * 63, "A" * 64, "a" * 64 + "\n"])
def test_no_digest(digest):
    with pytest.raises(TrustError, match="SHA-256"):
        trust.trust(digest, "note")


def test_a_list_that_others_can_write_is_not_believed():
    trust.trust(A, "note")
    trust.list_file().chmod(0o666)
    with pytest.raises(TrustError, match="chmod"):
        trust.trusted(A)


def test_wheels_vouch_by_the_name_of_an_entry_point(monkeypatch, tmp_path):
    """Where they count is in tests/security/files/test_trust_planted.py."""
    info = tmp_path / "some_data-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some-data\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[dataflow_farm.payloads]\n{B} = module_that_is_not_there\n")
    assert not trust.trusted(B)
    monkeypatch.setattr(installed, "site_packages", lambda: [str(tmp_path)])
    assert trust.trusted(B)


def _add(number):
    for n in range(20):
        trust.trust(f"{n:064x}", f"process {number}")


def test_builds_at_the_same_time_add_each_line_once():
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_add, args=(n,)) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    lines = trust.list_file().read_text().splitlines()
    assert sorted(line.split()[0] for line in lines) == [f"{n:064x}" for n in range(20)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(monkeypatch, tmp_path):
    tmp_path.chmod(0o500)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with pytest.raises(TrustError, match="XDG_DATA_HOME"):
        trust.trust(A, "note")


def test_a_file_without_a_payload_has_nothing_to_trust(build):
    """What real tools have linked: it ends the build like any other."""
    assert trust.trust_payload(build("real.xclbin", trusted=False, emulation={}), "built here") is False
    assert not trust.list_file().exists()
    assert trust.trust_payload(build("emulated.xclbin", trusted=False), "built here") is True


def test_how_to_trust_what_was_restored(build):
    path = build("emulated.xclbin", trusted=False)
    assert f"python -m runtime trust {path}" in trust.how_to_trust(path)
    trust.trust_payload(path, "linked here")
    assert trust.how_to_trust(path) == ""
    assert trust.how_to_trust(build("real.xclbin", trusted=False, emulation={})) == ""
