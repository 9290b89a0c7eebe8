"""The HLS C++ view of a core: a body over streams of lanes, and a top with wide axis ports around it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import singledispatch

from blocks.core.base import Core
from blocks.core.graph import GraphCore
from blocks.core.ports import InterfacePort, ParameterPort
from blocks.dma import DmaCore
from blocks.dma.cache import WeightsCache
from blocks.dma.rtl import reader
from blocks.operators.base import ParameterStream, Stream
from config.frozen import dataclass

STREAM_DEPTH = 2
"""Depth of a stream that is not a FIFO: one beat being written while another is read."""


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
    return HlsView(core.name, _joined(_graph_body(core)), _joined(_graph_top(core)), core.headers(), core.ports())


def _graph_body(core: GraphCore) -> Iterator[str]:
    graph, ports, depths = core.graph, core.parameter_ports(), core.fifo_depths()
    kinds = [f"Parameters{i}" for i in range(len(ports))]
    outside = {port.name for port in (*graph.inputs, *graph.outputs)}
    yield from _include(core.headers())
    yield ""
    if kinds:
        yield f"template <{', '.join(f'class {kind}' for kind in kinds)}>"
    yield f"void {core.name}_body("
    yield from _arguments(
        [
            *(f"farm::stream<{port.stream.cpp_type} >& {port.name}" for port in graph.inputs),
            *(f"{kind}& {port.name}" for kind, port in zip(kinds, ports, strict=True)),
            *(f"farm::stream<{port.stream.cpp_type} >& {port.name}" for port in graph.outputs),
        ]
    )
    yield "#pragma HLS INLINE"
    for name, stream in graph.streams().items():
        if name not in outside:
            yield from _stream(name, stream, depths.get(name, STREAM_DEPTH))
    for parameter, (whole, parts) in graph.divided_parameters().items():
        yield from _join(parameter, whole, parts)
    for node in graph.nodes:
        yield f"    {node.operator.cpp_function}({', '.join((*node.inputs, *node.parameters, *node.outputs))});"
    yield "}"


def _join(parameter: str, whole: ParameterStream, parts: Sequence[ParameterPort]) -> Iterator[str]:
    """One process for each port but the first: it puts the port's lanes behind those that are joined already."""
    before, lanes = parts[0].name, parts[0].stream.lanes
    for at, part in enumerate(parts[1:], 1):
        lanes += part.stream.lanes
        joined = parameter if at == len(parts) - 1 else f"{parameter}_0_to_{at}"
        yield from _stream(joined, replace(whole, lanes=lanes))
        yield f"    farm::join_beats<{whole.depth * part.reads}>({before}, {part.name}, {joined});"
        before = joined


def _graph_top(core: GraphCore) -> Iterator[str]:
    """The top. Between each port and the body is a stream of beats."""
    graph, ports = core.graph, core.ports()
    streams: dict[str, Stream | ParameterStream] = {
        **{port.name: port.stream for port in graph.inputs},
        **{port.name: port.stream for port in core.parameter_ports()},
        **{port.name: port.stream for port in graph.outputs},
    }
    beats = core.port_beats()
    yield f'#include "{core.name}.hpp"'
    yield ""
    yield f"void {core.name}("
    yield from _arguments([f"farm::stream<ap_uint<{port.width_bits}> >& {port.name}" for port in ports])
    yield from (f"#pragma HLS INTERFACE axis port={port.name}" for port in ports)
    yield "#pragma HLS INTERFACE ap_ctrl_none port=return"
    yield "#pragma HLS DATAFLOW"
    for name, stream in streams.items():
        yield from _stream(f"{name}_beats", stream)
    for port in ports:
        if port.direction == "in":
            yield f"    farm::unpack_port<{beats[port.stream]}>({port.name}, {port.stream}_beats);"
    yield f"    {core.name}_body({', '.join(f'{name}_beats' for name in streams)});"
    for port in ports:
        if port.direction == "out":
            yield f"    farm::pack_port<{beats[port.stream]}>({port.stream}_beats, {port.name});"
    yield "}"


def _arguments(arguments: Sequence[str]) -> Iterator[str]:
    for position, argument in enumerate(arguments, 1):
        yield f"    {argument}{',' if position < len(arguments) else ') {'}"


def _stream(name: str, stream: Stream | ParameterStream, depth: int = STREAM_DEPTH) -> Iterator[str]:
    yield f'    farm::stream<{stream.cpp_type} > {name}("{name}");'
    yield f"#pragma HLS STREAM variable={name} depth={depth}"


@render.register
def _(core: DmaCore) -> HlsView:
    name, headers = core.name, core.headers()
    image, weights, result = core.image, core.weights, core.result
    body = [
        *_include(headers),
        "",
        f"typedef farm::memory_word<{core.image_word_bytes}> {name}_image_word;",
        *([f"typedef farm::memory_word<{core.weights_word_bytes}> {name}_weights_word;"] if weights else []),
        "",
        f"inline void {name}_body(",
        f"    const {name}_image_word::type* in_r,",
        "    farm::uint_t<32>* out_r,",
        *([f"    const {name}_weights_word::type* weightsmem,"] if weights else []),
        "    unsigned int numReps,",
        f"    farm::stream<{image.cpp_type} >& image,",
        *([f"    farm::stream<{weights.cpp_type} >& weights,"] if weights else []),
        f"    farm::stream<{result.cpp_type} >& result) {{",
        "#pragma HLS INLINE",
        *_dma_read("image", core.image_word_bytes, image, ("in_r", "image")),
        *_dma_read_weights(core),
        f"    farm::write_results<{result.beats}>(result, numReps, out_r);",
        "}",
    ]
    streams = core.streams()
    memories = ("in_r", "out_r", *(["weightsmem"] if weights else []))
    top = [
        f'#include "{name}.hpp"',
        "",
        f"void {name}(",
        f"    const ap_uint<{core.image_word_bytes * 8}>* in_r,",
        "    ap_uint<32>* out_r,",
        *([f"    const ap_uint<{core.weights_word_bytes * 8}>* weightsmem,"] if weights else []),
        "    unsigned int numReps,",
        f"    farm::stream<ap_uint<{image.width_bits}> >& image,",
        *([f"    farm::stream<ap_uint<{weights.width_bits}> >& weights,"] if weights else []),
        f"    farm::stream<ap_uint<{result.width_bits}> >& result) {{",
        f"#pragma HLS INTERFACE m_axi port=in_r offset=slave bundle=gmem0 {_bursts(core.image_word_bytes, image)}",
        "#pragma HLS INTERFACE m_axi port=out_r offset=slave bundle=gmem1",
        *(
            [
                "#pragma HLS INTERFACE m_axi port=weightsmem offset=slave bundle=gmem2"
                f" {_bursts(core.weights_word_bytes, weights)}"
            ]
            if weights
            else []
        ),
        *(f"#pragma HLS INTERFACE s_axilite port={port} bundle=control" for port in (*memories, "numReps", "return")),
        *(f"#pragma HLS INTERFACE axis port={port}" for port in streams),
        "#pragma HLS DATAFLOW",
    ]
    for port, stream in streams.items():
        top += _stream(f"{port}_beats", stream)
    top += [
        f"    farm::unpack_repeated<{result.beats}>(result, numReps, result_beats);",
        f"    {name}_body({', '.join((*memories, 'numReps', *(f'{port}_beats' for port in streams)))});",
        f"    farm::pack_repeated<{image.beats}>(image_beats, numReps, image);",
        *([f"    farm::pack_repeated<{weights.beats}>(weights_beats, numReps, weights);"] if weights else []),
        "}",
    ]
    return HlsView(name, _joined(body), _joined(top), headers, core.ports())


def _dma_read(what: str, word_bytes: int, stream: Stream, arguments: tuple[str, str]) -> tuple[str, ...]:
    """The calls that read `what` ("image" or "weight") from memory into a stream; `arguments` are (memory, stream)."""
    memory, out = arguments
    words = f"{what}_words"
    return (
        f'    farm::stream<farm::memory_word<{word_bytes}>::type> {words}("{words}");',
        f"#pragma HLS STREAM variable={words} depth={STREAM_DEPTH}",
        f"    farm::read_{words}<{word_bytes}, {stream.elements // word_bytes}>({memory}, numReps, {words});",
        f"    farm::words_to_beats<{word_bytes}, {stream.lanes}, {stream.elements}>({words}, numReps, {out});",
    )


def _dma_read_weights(core: DmaCore) -> Iterator[str]:
    """The calls that read the weights, if they are streamed."""
    if core.cache:
        yield from _dma_read_once(core.cache)
    elif core.weights:
        yield from _dma_read("weight", core.weights_word_bytes, core.weights, ("weightsmem", "weights"))


def _dma_read_once(cache: WeightsCache) -> Iterator[str]:
    """The calls that read the weights once per call and send them for each image."""
    words, word = "weight_words", f"farm::memory_word<{cache.word_bytes}>::type"
    shape = f"{cache.word_bytes}, {cache.stream.lanes}, {cache.stream.elements}"
    between, unit = ("weight_beats", cache.stream.cpp_type) if cache.holds_beats else ("weight_words_again", word)
    for name, type_ in ((words, word), (between, unit)):
        yield f'    farm::stream<{type_} > {name}("{name}");'
        yield f"#pragma HLS STREAM variable={name} depth={STREAM_DEPTH}"
    size = cache.stream.elements // cache.word_bytes
    yield f"    farm::read_weight_words_once<{cache.word_bytes}, {size}>(weightsmem, numReps, {words});"
    if cache.holds_beats:
        yield f"    farm::words_to_beats_once<{shape}>({words}, numReps, {between});"
        yield f"    farm::replay_beats<{cache.depth}>({between}, numReps, weights);"
    else:
        yield f"    farm::replay_words<{cache.depth}>({words}, numReps, {between});"
        yield f"    farm::words_to_beats<{shape}>({between}, numReps, weights);"


def _bursts(word_bytes: int, stream: Stream) -> str:
    """Options that make a reading port's adapter buffer as much as the core's SystemVerilog does."""
    buffer = reader(word_bytes, stream.lanes)
    return f"max_read_burst_length={buffer.burst} num_read_outstanding={buffer.places // buffer.burst}"


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"
