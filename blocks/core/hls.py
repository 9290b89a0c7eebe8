"""The HLS C++ view of a core: a body over streams of lanes, and a top with wide axis ports around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import singledispatch

from blocks.core.base import Core
from blocks.core.graph import GraphCore
from blocks.core.ports import InterfacePort
from blocks.dma import DmaCore
from blocks.dma.rtl import reader
from blocks.operators.base import ParameterStream, Stream

STREAM_DEPTH = 2
"""Depth of a stream that is no FIFO: one beat being written while another is read."""


@dataclass(frozen=True)
class HlsView:
    """The sources of one core. `headers` are the operators' headers, relative to `blocks/`."""

    name: str
    body: str
    top: str
    headers: tuple[str, ...]
    ports: tuple[InterfacePort, ...]


@singledispatch
def render(core: Core) -> HlsView:
    """The C++ view of a core."""
    raise TypeError(f"{core.name}: no C++ view is registered for {type(core).__name__}")


def _include(headers: tuple[str, ...]) -> Iterator[str]:
    yield "#pragma once"
    yield '#include "operators/farm_hls.hpp"'
    for header in headers:
        yield f'#include "{header}"'


@render.register
def _(core: GraphCore) -> HlsView:
    graph, name, headers = core.graph, core.name, core.headers()
    ports = graph.parameter_ports()
    kinds = [f"Parameters{i}" for i in range(len(ports))]
    arguments = [
        *(f"farm::stream<{port.stream.cpp_type} >& {port.name}" for port in graph.inputs),
        *(f"{kind}& {port.name}" for kind, port in zip(kinds, ports, strict=True)),
        *(f"farm::stream<{port.stream.cpp_type} >& {port.name}" for port in graph.outputs),
    ]
    outside = {port.name for port in (*graph.inputs, *graph.outputs)}
    depths = core.fifo_depths()
    body = [*_include(headers), ""]
    if kinds:
        body.append(f"template <{', '.join(f'class {kind}' for kind in kinds)}>")
    body.append(f"void {name}_body(")
    body += [f"    {argument}{',' if i + 1 < len(arguments) else ') {'}" for i, argument in enumerate(arguments)]
    body.append("#pragma HLS INLINE")
    for stream, shape in graph.streams().items():
        if stream not in outside:
            body.append(f'    farm::stream<{shape.cpp_type} > {stream}("{stream}");')
            body.append(f"#pragma HLS STREAM variable={stream} depth={depths.get(stream, STREAM_DEPTH)}")
    for node in graph.nodes:
        body.append(f"    {node.operator.cpp_function}({', '.join((*node.inputs, *node.parameters, *node.outputs))});")
    body.append("}")
    interface = core.ports()
    outside_name = {port.stream: port.name for port in interface}
    inward: list[tuple[str, Stream | ParameterStream, int]] = [
        *((port.name, port.stream, port.stream.beats) for port in graph.inputs),
        *((port.name, port.stream, port.stream.depth * port.reads) for port in ports),
    ]
    outward = [(port.name, port.stream, port.stream.beats) for port in graph.outputs]
    top = [f'#include "{name}.hpp"', "", f"void {name}("]
    top += [
        f"    farm::stream<ap_uint<{port.width_bits}> >& {port.name}{',' if i + 1 < len(interface) else ') {'}"
        for i, port in enumerate(interface)
    ]
    top += [f"#pragma HLS INTERFACE axis port={port.name}" for port in interface]
    top += ["#pragma HLS INTERFACE ap_ctrl_none port=return", "#pragma HLS DATAFLOW"]
    for stream, wire, _ in (*inward, *outward):
        top.append(f'    farm::stream<{wire.cpp_type} > {stream}_beats("{stream}_beats");')
        top.append(f"#pragma HLS STREAM variable={stream}_beats depth={STREAM_DEPTH}")
    for stream, _, beats in inward:
        top.append(f"    farm::unpack_port<{beats}>({outside_name[stream]}, {stream}_beats);")
    beat_names = [f"{stream}_beats" for stream, _, _ in (*inward, *outward)]
    top.append(f"    {name}_body({', '.join(beat_names)});")
    for stream, _, beats in outward:
        top.append(f"    farm::pack_port<{beats}>({stream}_beats, {outside_name[stream]});")
    top.append("}")
    return HlsView(name, _joined(body), _joined(top), headers, interface)


@render.register
def _(core: DmaCore) -> HlsView:
    name, headers = core.name, core.headers()
    image, weights, result = core.image, core.weights, core.result
    body = [
        *_include(headers),
        "",
        f"typedef farm::memory_word<{core.image_word_bytes}> {name}_image_word;",
        f"typedef farm::memory_word<{core.weights_word_bytes}> {name}_weights_word;",
        "",
        f"inline void {name}_body(",
        f"    const {name}_image_word::type* in_r,",
        "    farm::uint_t<32>* out_r,",
        f"    const {name}_weights_word::type* weightsmem,",
        "    unsigned int numReps,",
        f"    farm::stream<{image.cpp_type} >& image,",
        f"    farm::stream<{weights.cpp_type} >& weights,",
        f"    farm::stream<{result.cpp_type} >& result) {{",
        "#pragma HLS INLINE",
        *_dma_read("image", core.image_word_bytes, image, ("in_r", "image")),
        *_dma_read("weight", core.weights_word_bytes, weights, ("weightsmem", "weights")),
        f"    farm::write_results<{result.beats}>(result, numReps, out_r);",
        "}",
    ]
    streams = (("image", image), ("weights", weights), ("result", result))
    top = [
        f'#include "{name}.hpp"',
        "",
        f"void {name}(",
        f"    const ap_uint<{core.image_word_bytes * 8}>* in_r,",
        "    ap_uint<32>* out_r,",
        f"    const ap_uint<{core.weights_word_bytes * 8}>* weightsmem,",
        "    unsigned int numReps,",
        f"    farm::stream<ap_uint<{image.width_bits}> >& image,",
        f"    farm::stream<ap_uint<{weights.width_bits}> >& weights,",
        f"    farm::stream<ap_uint<{result.width_bits}> >& result) {{",
        f"#pragma HLS INTERFACE m_axi port=in_r offset=slave bundle=gmem0 {_bursts(core.image_word_bytes, image)}",
        "#pragma HLS INTERFACE m_axi port=out_r offset=slave bundle=gmem1",
        "#pragma HLS INTERFACE m_axi port=weightsmem offset=slave bundle=gmem2"
        f" {_bursts(core.weights_word_bytes, weights)}",
        *(
            f"#pragma HLS INTERFACE s_axilite port={port} bundle=control"
            for port in ("in_r", "out_r", "weightsmem", "numReps", "return")
        ),
        *(f"#pragma HLS INTERFACE axis port={port}" for port, _ in streams),
        "#pragma HLS DATAFLOW",
    ]
    for stream, wire in streams:
        top.append(f'    farm::stream<{wire.cpp_type} > {stream}_beats("{stream}_beats");')
        top.append(f"#pragma HLS STREAM variable={stream}_beats depth={STREAM_DEPTH}")
    top += [
        f"    farm::unpack_repeated<{result.beats}>(result, numReps, result_beats);",
        f"    {name}_body(in_r, out_r, weightsmem, numReps, image_beats, weights_beats, result_beats);",
        f"    farm::pack_repeated<{image.beats}>(image_beats, numReps, image);",
        f"    farm::pack_repeated<{weights.beats}>(weights_beats, numReps, weights);",
        "}",
    ]
    return HlsView(name, _joined(body), _joined(top), headers, core.ports())


def _dma_read(what: str, word_bytes: int, stream: Stream, arguments: tuple[str, str]) -> tuple[str, ...]:
    """The calls that bring "image" or "weight" from memory into a stream; the arguments are memory and stream."""
    memory, out = arguments
    words = f"{what}_words"
    return (
        f'    farm::stream<farm::memory_word<{word_bytes}>::type> {words}("{words}");',
        f"#pragma HLS STREAM variable={words} depth={STREAM_DEPTH}",
        f"    farm::read_{words}<{word_bytes}, {stream.elements // word_bytes}>({memory}, numReps, {words});",
        f"    farm::words_to_beats<{word_bytes}, {stream.lanes}, {stream.elements}>({words}, numReps, {out});",
    )


def _bursts(word_bytes: int, stream: Stream) -> str:
    """The buffer of a reading port's adapter, as deep as that of the core's SystemVerilog."""
    buffer = reader(word_bytes, stream.lanes)
    return f"max_read_burst_length={buffer.burst} num_read_outstanding={buffer.places // buffer.burst}"


def _joined(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
