"""The outputs of HLS: estimates from the source, Verilog with the true interface, and the packaged IP core."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from amd_stand_in.errors import ToolError
from amd_stand_in.hardware import component
from amd_stand_in.hardware.component import Component, Port
from amd_stand_in.hardware.memory_map import MemoryMap, Register
from amd_stand_in.hls import cpp
from amd_stand_in.hls.reports import Estimate, Setting
from amd_stand_in.release import order

if TYPE_CHECKING:
    from amd_stand_in.hls.solution import Solution
    from amd_stand_in.run import Run


def estimates(top: cpp.Top, setting: Setting, prefix: str) -> list[Estimate]:
    """The top and its processes. Cycles and area of a process come from the integers in its template arguments."""
    found: dict[str, Estimate] = {}
    slow = setting.period_ns * 0.7
    queue = [(name, numbers) for name, numbers in cpp.processes(top.body)]
    bodies = {name for name, _ in cpp.calls(top.body)}
    for name in bodies:
        inner = cpp.definition(top.text, name)
        if inner is not None and name.endswith("_body"):
            queue += cpp.processes(inner[1])
    for name, numbers in queue:
        function = prefix + "_".join([name, *map(str, numbers), "s"])
        interval = max([number for number in numbers if number > 1] or [1])
        seed = int(hashlib.sha256(function.encode()).hexdigest()[:6], 16)
        bits = sum(numbers)
        found[function] = Estimate(
            function, interval + 8 + seed % 24, interval, slow, bits // 18432, 0, 40 + bits % 5000, 30 + bits % 7000, 0
        )
    parts = list(found.values())
    width = sum(argument.width for argument in top.arguments)
    interval = max([part.interval for part in parts] or [1])
    total = Estimate(
        top.name,
        interval + sum(part.latency - part.interval for part in parts),
        interval,
        slow,
        sum(part.bram18 for part in parts),
        0,
        2 * width + sum(part.ff for part in parts),
        width + sum(part.lut for part in parts),
        0,
    )
    return [total, *parts]


def write_rtl(folder: Path, top: cpp.Top, solution: Solution, prefix: str) -> None:
    """`syn/verilog/*.v`: a module for the top and one for each process, with its resources as an attribute."""
    out = folder / "syn/verilog"
    out.mkdir(parents=True, exist_ok=True)
    assert solution.interface is not None
    total, *parts = solution.estimates
    inner = [part.function for part in parts] + [f"{prefix}regslice_both"]
    lines = [f"// {top.name}: interface only, written by a stand-in of HLS."]
    lines += module(solution.rtl_top, solution.interface.ports, total, inner)
    (out / f"{solution.rtl_top}.v").write_text("\n".join(lines))
    for part in parts:
        (out / f"{part.function}.v").write_text("\n".join(module(part.function, [Port("ap_clk", "in", 1)], part, [])))
    slice_ = Estimate(f"{prefix}regslice_both", 1, 1, 0.5, 0, 0, 8, 4, 0)
    (out / f"{prefix}regslice_both.v").write_text(
        "\n".join(module(slice_.function, [Port("ap_clk", "in", 1)], slice_, []))
    )


def module(name: str, ports: list[Port], own: Estimate, inner: list[str]) -> list[str]:
    """A Verilog module with its own resources as an attribute, without those of the modules in it."""
    a = own.amounts if not inner else {**own.amounts, "LUT": 16, "FF": 32, "BRAM_18K": 0}
    lines = [
        f'(* stand_in = "LUT={a["LUT"]} FF={a["FF"]} BRAM18={a["BRAM_18K"]} URAM={a["URAM"]} DSP={a["DSP"]}" *)',
        f"module {name} (",
    ]
    kinds = {"in": "input wire", "out": "output wire"}
    for at, port in enumerate(ports):
        vector = f" [{port.width - 1}:0]" if port.width > 1 else ""
        lines.append(f"    {kinds[port.direction]}{vector} {port.name}{'' if at + 1 == len(ports) else ','}")
    lines.append(");")
    lines += [f"    {child} u{at} (.ap_clk(ap_clk));" for at, child in enumerate(inner)]
    return [*lines, "endmodule", ""]


def export(folder: Path, solution: Solution, settings: dict[str, str], run: Run) -> list[Path]:
    """The IP core in `impl/ip`, its zip, and the file named by `-output`."""
    assert solution.interface is not None and solution.top is not None
    kind = settings.get("format", "ip_catalog" if solution.flow == "vivado" else "xo")
    if kind not in ("ip_catalog", "xo"):
        raise ToolError("Stand-in 1-2", f"export_design -format {kind} is not modelled.")
    version = settings.get("version") or "1.0"
    core = Component(
        settings.get("vendor") or "xilinx.com", settings.get("library") or "hls", settings.get("ipname") or solution.top.name,
        ".".join(version.split(".")[:2]), solution.rtl_top, solution.interface.ports, component.infer(solution.interface.ports),
    )  # fmt: skip
    busses = [bus.name for bus in core.buses if bus.kind in ("axis", "aximm")]
    for bus in core.buses:
        if bus.kind == "clock":
            bus.parameters = {"ASSOCIATED_BUSIF": ":".join(busses), "ASSOCIATED_RESET": "ap_rst_n"}
    for bus in core.buses:
        if bus.kind == "aximm" and bus.mode == "slave" and solution.interface.registers:
            bus.memory_map = bus.name
            core.maps = [
                MemoryMap(bus.name, "Reg", registers=[Register(*each) for each in solution.interface.registers])
            ]
    core.parameters["protocol"] = solution.interface.protocol
    ip = folder / "impl/ip"
    (ip / "hdl/verilog").mkdir(parents=True, exist_ok=True)
    (ip / "constraints").mkdir(exist_ok=True)
    names = []
    for source in sorted((folder / "syn/verilog").glob("*.v")):
        (ip / "hdl/verilog" / source.name).write_text(source.read_text())
        names.append(f"hdl/verilog/{source.name}")
    constraint = f"constraints/{core.top}_ooc.xdc"
    (ip / constraint).write_text(f"create_clock -name ap_clk -period {solution.period_ns:.3f} [get_ports ap_clk]\n")
    core.files = {"xilinx_anylanguagesynthesis": names, "xilinx_synthesisconstraints": [constraint]}
    component.write(core, ip / "component.xml")
    (ip / "vivado.log").write_text("stand-in\nINFO: [Common 17-206] Exiting Vivado at never...\n")
    archive = ip / ("_".join((core.vendor, core.library, core.name, core.version)).replace(".", "_") + ".zip")
    pack(archive, ip)
    written = [ip / "component.xml", archive]
    if order(run.release) >= (2020, 1):
        pack(folder / "impl/export.zip", ip)
        written.append(folder / "impl/export.zip")
    if settings.get("output"):
        target = Path(settings["output"])
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(archive.read_bytes())
        written.append(target)
    return written


def pack(archive: Path, folder: Path, only: list[str] | None = None) -> None:
    """A reproducible zip of a folder."""
    draft = archive.with_name(f".{archive.name}.draft")
    with zipfile.ZipFile(draft, "w") as out:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and file.suffix != ".zip" and file != draft and (only is None or file.name in only):
                out.writestr(zipfile.ZipInfo(str(file.relative_to(folder)), (1980, 1, 1, 0, 0, 0)), file.read_bytes())
    draft.replace(archive)
