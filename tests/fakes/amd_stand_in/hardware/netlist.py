"""A synthesised netlist and its checkpoint: modules with sizes, instances, ports, clocks and state."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from amd_stand_in.errors import ToolError
from amd_stand_in.hardware import verilog
from amd_stand_in.hardware.component import Port
from amd_stand_in.hardware.verilog import Size

STATES = ("Synthesized", "Optimized", "Placed", "Physopt postPlace", "Routed")
MEMBER = "stand_in.json"
PRIMITIVE = "primitive"
"""Origin of the device's own cells, like a BUFGCE: all netlists share them and they are never renamed."""
BUFFERS = {"BUFGCE": ("I", "CE", "O")}
"""Clock buffers and their pins."""
PRIMITIVES = {
    "BUFG": ("BUFGCE", Size()),
    "BUFGCE": ("BUFGCE", Size()),
    "LUT5": ("LUT5", Size(lut=1)),
    "LUT6": ("LUT6", Size(lut=1)),
    "RAMB18E2": ("RAMB18E2", Size(bram18=1)),
    "RAMB36E2": ("RAMB36E2", Size(bram18=2)),
}
"""Primitives that a netlist counts, with the UltraScale+ primitive that each becomes. Others are not counted."""


@dataclass
class Cell:
    """A module of the netlist: own size, and its instances (name, module). `origin` tells checkpoints apart."""

    size: Size
    instances: list[tuple[str, str]] = field(default_factory=list)
    origin: str = ""


@dataclass
class Netlist:
    """A design. `modules` holds every module but black boxes, `contents` the properties set on cells, by path."""

    top: str
    part: str
    ports: list[Port]
    modules: dict[str, Cell]
    clocks: dict[str, tuple[float, str]] = field(default_factory=dict)
    black_boxes: list[str] = field(default_factory=list)
    state: str = "Synthesized"
    out_of_context: bool = False
    release: str = ""
    contents: dict[str, dict[str, str]] = field(default_factory=dict)

    def size(self, module: str | None = None, known: dict[str, Size] | None = None) -> Size:
        """The size of a module with everything in it; `known` caches sums."""
        name, known = module or self.top, {} if known is None else known
        if name not in known:
            cell = self.modules.get(name)
            total = Size() if cell is None else cell.size
            # Nearly all instances are primitives of a few kinds.
            kinds = Counter(inner for _, inner in (() if cell is None else cell.instances))
            for inner, count in kinds.items():
                total = total + self.size(inner, known) * count
            known[name] = total
        return known[name]

    def rename(self, prefix: str) -> None:
        """`rename_ref -prefix_all`: every module but the top gets the prefix."""
        kept = {name for name, cell in self.modules.items() if name == self.top or cell.origin == PRIMITIVE}
        names = {name: name if name in kept else prefix + name for name in self.modules}
        self.modules = {
            names[name]: Cell(cell.size, [(i, names.get(m, m)) for i, m in cell.instances], cell.origin)
            for name, cell in self.modules.items()
        }

    def paths(self, module: str | None = None, at: str = "") -> Iterator[tuple[str, str]]:
        """Instance path and module of everything below a module."""
        for name, inner in self.modules[module or self.top].instances:
            path = f"{at}{name}"
            yield path, inner
            if inner in self.modules:
                yield from self.paths(inner, path + "/")

    def join(self, other: Netlist) -> None:
        """Add another netlist's modules, without the contents of its memories, because no report shows them.

        Raises ToolError if two modules of different content share a name.
        """
        mark = other.digest()
        for name, cell in other.modules.items():
            origin = cell.origin or mark
            known = self.modules.get(name)
            if known is not None and known.origin != origin:
                raise ToolError(
                    "Stand-in 1-4",
                    f"module '{name}' comes from two netlists of different content: rename_ref -prefix_all before write_checkpoint",
                )
            self.modules[name] = Cell(cell.size, cell.instances, origin)
        self.black_boxes += [name for name in other.black_boxes if name not in self.black_boxes]

    def digest(self) -> str:
        """Digest of everything in the netlist."""
        return hashlib.sha256(self.text().encode()).hexdigest()[:16]

    def text(self) -> str:
        """As JSON."""
        ports = [vars(port) for port in self.ports]
        modules = {name: {**vars(cell), "size": vars(cell.size)} for name, cell in self.modules.items()}
        kept = {**vars(self), "ports": ports, "modules": modules}
        return json.dumps({"stand_in": "no netlist: a test's record of what would be one", **kept}, sort_keys=True)

    def write(self, path: Path, *, force: bool) -> None:
        """Write the checkpoint (a zip, like a real one). Raises ToolError if it exists."""
        if path.exists() and not force:
            raise ToolError(
                "Common 17-176",
                f"Overwrite of existing file isn't enabled.  Please specify -force to overwrite file [{path}]",
            )
        draft = path.with_name(f".{path.name}.draft")
        with zipfile.ZipFile(draft, "w") as out:
            out.writestr(zipfile.ZipInfo(MEMBER, (1980, 1, 1, 0, 0, 0)), self.text())
        draft.replace(path)


def read(path: Path, release: str) -> Netlist:
    """Read a checkpoint. Raises ToolError."""
    if not path.is_file():
        raise ToolError("Common 17-354", f"Could not open '{path}' for reading.")
    try:
        with zipfile.ZipFile(path) as archive:
            values = json.loads(archive.read(MEMBER))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise ToolError("Project 1-11", f"'{path}' is no valid checkpoint: {error}") from error
    from amd_stand_in.release import order

    if order(values["release"]) > order(release):
        raise ToolError(
            "Project 1-589",
            f"Checkpoint '{path}' was written by Vivado {values['release']}, which is newer than {release}.",
        )
    return Netlist(
        values["top"], values["part"], [Port(**port) for port in values["ports"]],
        {n: Cell(Size(**c["size"]), [(i, m) for i, m in c["instances"]], c["origin"]) for n, c in values["modules"].items()},
        {n: (p, s) for n, (p, s) in values["clocks"].items()}, values["black_boxes"], values["state"],
        values["out_of_context"], values["release"], values["contents"],
    )  # fmt: skip


def elaborate(
    sources: Mapping[str, verilog.Module], top: str, part: str, release: str, known: Mapping[str, Netlist] | None = None
) -> Netlist:
    """Make the netlist of a top from sources; `known` are netlists that replace modules. Raises ToolError."""
    if top not in sources:
        raise ToolError(
            "Synth 8-439",
            f"module '{top}' not found",
            also=(
                (
                    "Common 17-69",
                    "Command failed: Synthesis failed - please see the console or run log file for details",
                ),
            ),
        )
    netlist = Netlist(top, part, sources[top].ports({}), {}, release=release)
    _add(netlist, sources, sources[top], {}, known or {}, top)
    return netlist


def _add(
    netlist: Netlist,
    sources: Mapping[str, verilog.Module],
    module: verilog.Module,
    values: dict[str, int],
    known: Mapping[str, Netlist],
    name: str,
    above: frozenset[str] = frozenset(),
) -> None:
    environment = module.environment(values)
    cell = Cell(verilog.own_size(module, environment))
    netlist.modules[name] = cell
    # Only a generate condition ends a recursive module (a tree). Conditions are not evaluated, so it counts once.
    for kind, instance, overrides in () if module.name in above else module.instances:
        if kind in known:
            netlist.join(known[kind])
            cell.instances.append((instance, kind))
            continue
        inner = sources.get(kind)
        if inner is not None and inner.black_box:
            netlist.black_boxes += [kind] if kind not in netlist.black_boxes else []
            cell.instances.append((instance, kind))
            continue
        if inner is None and kind in PRIMITIVES:
            made, size = PRIMITIVES[kind]
            netlist.modules.setdefault(made, Cell(size, origin=PRIMITIVE))
            cell.instances.append((instance, made))
            continue
        if inner is None:
            if kind.startswith(("xpm_", "BUFG", "RAMB", "FDRE", "LUT", "DSP48", "URAM", "SRL", "CARRY")):
                continue
            if kind.endswith("_was_not_made"):
                # The generate branch for sizes that a generator left out. Conditions are not evaluated here, so whether
                # it is chosen is for Yosys and Verilator to find.
                continue
            raise ToolError(
                "Synth 8-439",
                f"module '{kind}' not found [{module.file}]",
                also=(
                    (
                        "Common 17-69",
                        "Command failed: Synthesis failed - please see the console or run log file for details",
                    ),
                ),
            )
        unknown = set(overrides) - {p for p, _ in inner.parameters}
        if unknown:
            raise ToolError(
                "Synth 8-3438", f"module '{kind}' declared in '{inner.file}' has no parameter '{sorted(unknown)[0]}'"
            )
        given = {p: v for p, text in overrides.items() if (v := verilog.evaluate(text, environment)) is not None}
        # Vivado names each parameterisation: <module>__parameterized<n>; equal ones share a module.
        tag = hashlib.sha256(json.dumps(sorted(given.items())).encode()).hexdigest()[:6]
        inner_name = kind if not given else f"{kind}__parameterized_{tag}"
        if inner_name not in netlist.modules:
            _add(netlist, sources, inner, given, known, inner_name, above | {module.name})
        cell.instances.append((instance, inner_name))
