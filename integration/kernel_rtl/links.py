"""All that stands between the blocks of a network in one module: they are synthesised together.

Most of the time that one link takes goes into starting the synthesiser, so one run synthesises all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from blocks.core.ports import InterfacePort
from blocks.core.rtl import PARTS, RtlView, data_bits, render
from integration.design import Link
from integration.kernel_rtl.link import LinkModule, SliceModule, converter_core

_PINS = tuple(f"T{part.upper()}" for part in PARTS)
Modules = Sequence[LinkModule | SliceModule]


def links_view(name: str, links: Iterable[Link]) -> RtlView:
    """The module, which nothing instantiates. It has each shape of a link and of a register slice once.

    They keep their hierarchy. All their ports are ports of the module: synthesis sees none that is constant or unused.
    """
    given = list(links)
    modules: Modules = [*dict.fromkeys(map(LinkModule.of, given)), *dict.fromkeys(map(SliceModule.behind, given))]
    files = tuple(dict.fromkeys(file for module in modules for file in module.files))
    return RtlView(name, lambda: _text(name, given, modules), files, ())


def _text(name: str, links: Iterable[Link], modules: Modules) -> str:
    converters = {core.name: core for link in links if (core := converter_core(link))}
    # What is one module in each text alone, two links may share: a converter.
    texts = [render(core).top for core in converters.values()]
    shapes = {LinkModule.of(link): converter_core(link) for link in links}
    texts += [
        module.text_alone(shapes[module]) if isinstance(module, LinkModule) else module.text() for module in modules
    ]
    return "\n".join([*texts, *_top(name, modules)]) + "\n"


def _top(name: str, modules: Modules) -> Iterator[str]:
    pins = [pin for module in modules for port in module.ports for pin in _pins(module.name, port)]
    yield f"module {name} ("
    yield ",\n".join(["    input wire ap_clk", "    input wire ap_rst_n", *pins])
    yield ");"
    for module in modules:
        ends = [f"{port.name}_{pin}" for port in module.ports for pin in _PINS]
        joined = ", ".join(f".{end}({module.name}_{end})" for end in ends)
        yield f"    (* keep_hierarchy *) {module.name} {module.name}_ (.ap_clk(ap_clk), .ap_rst_n(ap_rst_n), {joined});"
    yield "endmodule"


def _pins(module: str, port: InterfacePort) -> Iterator[str]:
    to, back = ("input", "output") if port.direction == "in" else ("output", "input")
    for pin, way, bits in zip(_PINS, (to, to, back), (data_bits(port.width_bits), 1, 1), strict=True):
        yield f"    {way} wire [{bits - 1}:0] {module}_{port.name}_{pin}"
