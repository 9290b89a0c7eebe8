"""Vivado's `report_accelerator_utilization`, which v++ writes as `kernel_util_*.rpt`: platform, budget, kernels.

A cell is a count and its share, `1879 [  0.18%]`. Resources differ by device and release (no URAM on small parts; the
Versal report of 2023.1 begins with REG and has no DSP), so columns are found by their heads. Compute units are indented
under their kernel. Layouts from public reports of 2019.2 to 2023.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from config.fpga_resources import Resources
from reports.reading.errors import UnknownLayoutError
from reports.reading.kind import Kind, Precedence
from reports.reading.number import Bounded, bounded
from reports.vivado.header import HEADS, Header, begins, read_header
from reports.vivado.table import Lines, Row, sections

TITLE = "Accelerator Utilization Design Information"
SECTION = "System Utilization"

COLUMNS = {"LUT": "luts", "REG": "registers", "BRAM": "bram_tiles", "URAM": "urams", "DSP": "dsps"}
"""Heads of columns by resource. Reports have further columns, such as LUTAsMem."""

# "Unused Resources" is negative if the kernels need more than the budget.
_CELL = re.compile(r"(-?[0-9]{1,15}) *\[ *(<?-?[0-9.]{1,10}) *%\]")


@dataclass(frozen=True)
class Amount:
    """The amount of a resource and its share: of the device for the platform, of the budget otherwise."""

    resource: str
    used: int
    share_percent: Bounded


@dataclass(frozen=True)
class ComputeUnit:
    """One instance of a kernel."""

    name: str
    amounts: tuple[Amount, ...]


@dataclass(frozen=True)
class KernelUse:
    """A kernel: the sum of its compute units, and each of them."""

    name: str
    amounts: tuple[Amount, ...]
    compute_units: tuple[ComputeUnit, ...]


@dataclass(frozen=True)
class AcceleratorUtilization:
    """The use of the platform, the rest for the user (budget), and the use of the kernels."""

    header: Header
    resources: tuple[str, ...]
    platform: tuple[Amount, ...]
    budget: tuple[Amount, ...]
    used: tuple[Amount, ...]
    unused: tuple[Amount, ...]
    kernels: tuple[KernelUse, ...]

    @property
    def used_resources(self) -> Resources:
        """The total use of the kernels; None for resources without a column."""
        return Resources(**{COLUMNS[each.resource]: each.used for each in self.used if each.resource in COLUMNS})


def matches(head: str) -> bool:
    """Whether a text begins like a kernel utilization report."""
    return begins(head, TITLE)


def parse(text: str, file: str = "") -> AcceleratorUtilization:
    """Return the value of a kernel utilization report. Raises ReportError."""
    lines = Lines(text, file)
    header = read_header(lines, TITLE)
    section = next((part for part in sections(lines) if part.title == SECTION), None)
    if section is None:
        raise UnknownLayoutError(file, len(lines), f"no section '{SECTION}'", "expected it after the head")
    table = section.table("Name")
    resources = tuple(name for name in table.columns if name != "Name")
    totals: dict[str, tuple[Amount, ...]] = {}
    kernels: list[KernelUse] = []
    wanted = ("Platform", "User Budget", "Used Resources", "Unused Resources")
    for row in table.rows:
        amounts = tuple(_amount(row, name) for name in resources)
        name = row.cells[table.columns.index("Name")]
        # A kernel could have the name of a total, so only the first four rows count as totals.
        if len(totals) < len(wanted) and name in wanted and name not in totals:
            totals[name] = amounts
        elif row.depth_spaces == 0:
            kernels.append(KernelUse(name, amounts, ()))
        elif not kernels:
            raise UnknownLayoutError(file, row.line, f"'{name[:60]}' belongs to no kernel", "expected one before it")
        else:
            last = kernels[-1]
            kernels[-1] = KernelUse(last.name, last.amounts, (*last.compute_units, ComputeUnit(name, amounts)))
    missing = [name for name in wanted if name not in totals]
    if missing:
        raise UnknownLayoutError(file, table.line, f"no row '{missing[0]}'", f"expected {', '.join(wanted)}")
    platform, budget, used, unused = (totals[name] for name in wanted)
    return AcceleratorUtilization(header, resources, platform, budget, used, unused, tuple(kernels))


def _amount(row: Row, resource: str) -> Amount:
    cell = row.text(resource) or ""
    match = _CELL.fullmatch(cell)
    share = bounded(match[2]) if match else None
    if match is None or share is None:
        raise row.unreadable(resource, "'count [ share%]'")
    return Amount(resource, int(match[1]), share)


KIND = Kind("vitis_kernel_utilization", Precedence.TITLE, matches, parse, heads=HEADS)
