"""A build/ that cannot be written: each command says what, where and what to do. No traceback."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.fault_storm import small_disk
from config.whole_file import write_whole


@pytest.fixture
def disk(chain) -> Iterator[Path]:  # type: ignore[no-untyped-def]
    """The build folder of the chain, a small file system of its own."""
    with small_disk(chain.folder / "build") as folder:
        if folder is None:
            pytest.skip("no small file system can be mounted here")
        yield folder


def fill(disk: Path) -> None:
    free = os.statvfs(disk)
    (disk / "filler").write_bytes(b"\0" * (free.f_bavail * free.f_frsize))


def with_stdout(chain, place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [chain.python, "-m", "doit", *words]
    with place.open("a") as said:
        return subprocess.run(
            argv, cwd=chain.folder, env=chain.environment, stdout=said, stderr=subprocess.PIPE, text=True, check=False
        )


@pytest.mark.slow
def test_a_full_disk(chain, disk: Path) -> None:
    fill(disk)
    for words in (("build",), ("-n", "1", "up:a")):
        output = chain.doit(*words, status=3)
        assert "Traceback" not in output
        assert "No space left on device" in output
        assert "make room" in output
        # Whatever is full, it is not where stdout goes.
        assert "cannot be written to stdout" not in output
    # Stdout is a file on another disk, with room, or no file that could be full.
    for place in (chain.folder / "said", Path(os.devnull)):
        for words in (("build",), ("-n", "1", "up:a")):
            done = with_stdout(chain, place, *words)
            assert (done.returncode, done.stderr.count("\n")) == (3, 1), (place, done.stderr)
            assert "No space left on device; make room" in done.stderr
    assert "2 would run" in chain.doit("plan")
    (disk / "filler").unlink()
    assert "3 run" in chain.doit("build")
    assert chain.read("build/joined") == "A\nB\n"


def test_a_disk_that_cannot_be_written(chain, disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    output = chain.doit("build", status=3)
    assert output.startswith(f"ERROR: {disk}/.farm: Read-only file system; make it writable for this user")
    assert output.count("\n") == 1
    assert "2 would run" in chain.doit("plan")


def test_a_file_in_place_of_the_folder(chain) -> None:
    chain.write("build", "")
    where = chain.folder / "build"
    assert chain.doit("build", status=3) == f"ERROR: {where}: Not a directory; move away what stands there\n"


def test_a_file_that_cannot_be_written_whole_is_named_as_the_caller_knows_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file/page.json", tmp_path / "absent/page.json", Path("/dev/full/page.json")):
        with pytest.raises(OSError) as caught:
            write_whole(path, "text")
        assert caught.value.filename == str(path)
