"""Sections of an xclbin have the names of XRT's own header."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from runtime.formats.header import kind_name

HEADER = Path("/usr/include/xrt/xclbin.h")


@pytest.mark.skipif(not HEADER.is_file(), reason="XRT's header is not here: apt-get install libxrt-dev")
def test_the_names_of_xrts_header() -> None:
    text = HEADER.read_text(encoding="utf-8", errors="replace")
    body = text[text.index("enum axlf_section_kind") :]
    names = re.findall(r"\b([A-Z][A-Z_]+) *= *([0-9]+)", body[: body.index("}")])
    assert len(names) >= 30
    for name, number in names:
        # xclbinutil and the recorded files call the groups without the prefix.
        assert kind_name(int(number)) == name.replace("ASK_GROUP_", "GROUP_")


def test_a_kind_that_nobody_knows_has_its_number() -> None:
    assert kind_name(4711) == "KIND_4711"
