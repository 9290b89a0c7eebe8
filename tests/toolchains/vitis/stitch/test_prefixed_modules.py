"""Modules of cores that were not prefixed are refused where the cores meet: by the netlist's report by hierarchy."""

from __future__ import annotations

import re

import pytest

from reports.vivado.header import Header
from reports.vivado.hierarchy import Hierarchy, Instance
from toolchains.vitis.stitch.run_netlist import refuse_bare_modules
from toolchains.vitis.tools.tool import ToolError


def report(*rows: tuple[str, str]) -> Hierarchy:
    header = Header("Vivado", "2022.2", None, None, None, None, None, None)
    return Hierarchy(
        header, (), tuple(Instance(path.rpartition("/")[2], path, module, path.count("/"), ()) for path, module in rows)
    )


OTHER = (("top/res2a/inst", "core_a"), ("top/res2a/inst/fifo", "core_a_fifo"))


@pytest.mark.parametrize(
    ("rows", "refused"),
    [
        ((("top/res2b/inst", "core_b"), ("top/res2b/inst/fifo", "core_b_fifo")), False),
        ((("top/res2b/inst", "core_b"), ("top/res2b/inst/fifo", "fifo")), True),
        # Another core's prefix is none of its own.
        ((("top/res2b/inst", "core_b"), ("top/res2b/inst/fifo", "core_a_fifo")), True),
        # rename_ref passes over some modules.
        ((("top/res2b/inst", "core_b"), ("top/res2b/inst/a", "core_b_a"), ("top/res2b/inst/b", "xpm_b")), False),
        # A core of one module.
        ((("top/res2b/inst", "core_b"), ("top/res2b/inst/(inst)", "core_b")), False),
        # What stands beside a core is not in it.
        ((("top/res2b/inst", "core_b"), ("top/res2b/inst2/fifo", "fifo")), False),
    ],
)
def test_modules_without_the_prefix_of_their_core(rows: tuple[tuple[str, str], ...], refused: bool) -> None:
    found = report(*OTHER, *rows)
    if refused:
        with pytest.raises(ToolError, match=re.escape("no module below top/res2b/inst begins with core_b_")):
            refuse_bare_modules(found, ("core_a", "core_b"))
    else:
        refuse_bare_modules(found, ("core_a", "core_b"))
