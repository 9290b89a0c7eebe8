"""The two copies of the reader of archives and arrays. What they refuse is tested in tests/security."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(path.name for path in (ROOT / "config/bounded").glob("*.py"))


def test_the_runtime_has_the_same_files():
    assert sorted(path.name for path in (ROOT / "runtime/bounded").glob("*.py")) == FILES
    assert len(FILES) > 1


@pytest.mark.parametrize("name", FILES)
def test_the_runtimes_copy_is_the_same(name):
    assert (ROOT / "runtime/bounded" / name).read_bytes() == (ROOT / "config/bounded" / name).read_bytes()
