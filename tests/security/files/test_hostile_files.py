"""A hostile file ends in a named error or a value, and takes at most four times its size and 64 MB.

All files of a group are read in one other process, whose memory is measured; `python -m benchmarks.hostile` has a
process for each.
"""

from __future__ import annotations

import pytest
from everyday import only

from benchmarks.hostile.__main__ import fault, made
from benchmarks.hostile.kinds import ARCHIVES, ARRAYS, PICTURES, SPECIAL, TEXTS, XCLBINS
from benchmarks.hostile.measure import measured

#: What these may end with, where another error would hide that the check is gone.
WORDS = {
    "13,000 sections of the same bytes": "at most 1024",
    "500 sections of the same 5 MB": "overlaps",
    "copies of registers": "16,000,000 registers",
    "entities": "document type",
    "members of the same 1 MB": "overlaps",
    "the same behind the manifest": "overlaps",
    "256 MB of zeros": ("at most", "a value", "compressed"),
    "members of the same bytes": ("overlaps", "a value"),
    "quoted members": ("overlaps", "compressed", "a value"),
    "200,000 members": ("table of contents", "a value"),
    "npy: terabytes": "needs 1,099,511,627,776 bytes, 100 are there",
    "npy: objects": "not numbers",
    "a line of 60 MB": "characters",
    "three million labels": "more than 250,000 labels",
    "missing rows": "rows are missing",
    "no rows": "rows are missing",
    "a pipe": ("not a regular file", "a value", "cannot be read"),
    "an endless device": ("not a regular file", "a value", "cannot be read"),
    "a sound file of 40 MB": "a value",
    "a sound bitstream of 40 MB": "a value",
    "11 megapixels of colour": "a value",
    "comments": "a value",
    "200,000 labels": "a value",
}
GROUPS = {
    "xclbin": XCLBINS, "archives": ARCHIVES, "arrays": ARRAYS, "pictures": PICTURES, "texts": TEXTS, "special": SPECIAL,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("group", only(GROUPS, ("xclbin", "special")))
def test_within_the_budget_and_by_its_own_error(group, tmp_path):
    files = [made(kind, tmp_path / str(number)) for number, kind in enumerate(GROUPS[group])]
    costs = measured(*[(kind.reader, path) for kind, (path, _) in zip(GROUPS[group], files, strict=True)])
    faults = []
    for kind, (_, size), cost in zip(GROUPS[group], files, costs, strict=True):
        words = WORDS.get(kind.name, "")
        expected = any(word in cost.outcome for word in ((words,) if isinstance(words, str) else words))
        what = fault(cost, size) or ("" if expected else f"not {words!r}: {cost.outcome}")
        if what:
            faults.append(f"{kind.reader}: {kind.name}: {what}")
    assert not faults, "\n".join(faults)
