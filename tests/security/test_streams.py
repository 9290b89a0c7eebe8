"""A build that cannot print, open files or lock ends or goes on in words. No traceback, and no file is harmed."""

from __future__ import annotations

import os
import subprocess

import pytest

TWO = """
BUILD = ["one", "two"]
def task_one():
    yield task(copy("one", "a", "build/one"), doc="x")
def task_two():
    yield task(python("two", "print('said'); open('out', 'w').write('2')"), doc="x")
"""


@pytest.fixture
def two(ordinary, checkout):
    checkout.write("a", "A")
    checkout.dodo(TWO)
    ordinary.give(checkout.folder)
    return checkout


def shell(ordinary, checkout, command: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run doit below a shell, which changes what doit inherits; `command` ends with "$@"."""
    argv = ["sh", "-c", command, "sh", checkout.python, "-m", "doit", *words]
    return ordinary.run(*argv, cwd=checkout.folder, env=checkout.environment)


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams(ordinary, two, closed: str) -> None:
    done = shell(ordinary, two, f'"$@" {closed}')
    assert done.returncode == 0, done
    assert "Traceback" not in done.stderr + done.stdout
    # With descriptor 1 free, the next file that the engine opens would get what is printed.
    assert (two.read("build/one"), two.read("build/out"), two.read("build/two.log")) == ("A", "2", "said\n")


@pytest.mark.parametrize("words", [("run",), ("list", "--all"), ("plan",), ("help",), ("version",), ("cache", "stats")])
def test_a_full_disk_below_stdout(ordinary, two, words: tuple[str, ...]) -> None:
    done = shell(ordinary, two, '"$@" > /dev/full', *words)
    assert done.returncode == 2
    assert done.stderr == "ERROR: what is to be said cannot be written to stdout (No space left on device)\n"


@pytest.mark.parametrize("number", [6, 8, 16, 24])
@pytest.mark.parametrize("words", [("-n", "1"), ("plan",)])
def test_few_descriptors(ordinary, two, number: int, words: tuple[str, ...]) -> None:
    done = shell(ordinary, two, f'ulimit -n {number}; "$@"', *words)
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    if done.returncode:
        assert done.returncode == 3
        assert "ulimit -n 1024" in said


def test_a_soft_limit_is_raised(ordinary, two) -> None:
    done = shell(ordinary, two, 'ulimit -S -n 16; "$@"')
    assert done.returncode == 0, done


NO_LOCKS = """
import errno, fcntl, os
def flock(descriptor, kind):
    raise OSError(errno.{error}, os.strerror(errno.{error}))
fcntl.flock = flock
"""


@pytest.mark.parametrize("error", ["ENOLCK", "EOPNOTSUPP", "ENOSYS"])
def test_a_file_system_without_locks(ordinary, two, error: str) -> None:
    patches = ordinary.folder / "patches"
    patches.mkdir()
    (patches / "sitecustomize.py").write_text(NO_LOCKS.format(error=error))
    two.environment["PYTHONPATH"] += f":{patches}"
    output = two.doit()
    assert "a file system without locks: start no second build in it" in output
    assert "2 run" in output
    assert "Traceback" not in output


@pytest.mark.slow
def test_paths_that_are_not_utf_8(ordinary, two) -> None:
    folder = os.fsdecode(os.fsencode(ordinary.folder) + b"/caf\xe9")
    two.folder.rename(folder)
    store = os.fsdecode(os.fsencode(ordinary.folder) + b"/st\xf6re")
    environment = {**two.environment, "XDG_CACHE_HOME": store}
    for words in (["run"], ["plan"], ["forget"], ["run"], ["list", "-s"], ["trace"], ["clean"], ["cache", "verify"]):
        argv = [two.python, "-m", "doit", *words]
        done = subprocess.run(argv, cwd=folder, env=environment, check=False, capture_output=True, **ordinary.as_user)
        assert b"Traceback" not in done.stdout + done.stderr, done
        assert done.returncode == 0, (words, done)
