"""Generate the C++ that wraps a core in the C interface of `core_abi.hpp`."""

from __future__ import annotations

import math
from functools import singledispatch

from blocks.core.base import Core
from blocks.core.graph import GraphCore
from blocks.core.ports import ParameterPort
from blocks.dma import DmaCore
from blocks.operators.base import ParameterStream, Stream


def element_bytes(bits: int) -> int:
    """Bytes of one unpacked element of `bits` bits on the C interface."""
    return 1 if bits <= 8 else 2 if bits <= 16 else 4


def _wide(stream: Stream) -> str:
    return "int64_t" if stream.signed else "uint64_t"


def _fill(name: str, stream: Stream, source: str, to: str) -> str:
    beat = stream.cpp_type
    return f"farm_abi::fill<{beat}, {stream.lanes}, {stream.bits}>({to}, {source}, {stream.beats});  // {name}"


def _drain(name: str, stream: Stream, source: str, to: str) -> str:
    lanes = f"{stream.lanes}, {stream.bits}, {_wide(stream)}"
    return f"farm_abi::drain<{lanes}>({source}, {to}, {stream.beats});  // {name}"


def _load(port: ParameterPort) -> str:
    stream = port.stream
    shape = f"{stream.cpp_type}, {stream.lanes}, {stream.bits}, {'true' if stream.signed else 'false'}"
    return f'farm_abi::beats_of<{shape}>(self->{port.name}, image, left, {stream.depth}, "{port.name}");'


@singledispatch
def host_entry(core: Core, *, top: bool) -> str:
    """Generate the source of a shared object with the C interface around a core's body, or around its top.

    The emulation runs the body, which reads its parameters from arrays, over and over. The top reads them from
    streams of wide words, as the synthesised core does; it only runs in the comparison with the model.
    """
    raise TypeError(f"{core.name}: no C interface is registered for {type(core).__name__}")


@host_entry.register
def _(core: GraphCore, *, top: bool) -> str:
    graph, name = core.graph, core.name
    ports = graph.parameter_ports()
    view = "top" if top else "body"
    lines = [f'#include "{name}_top.cpp"' if top else f'#include "{name}.hpp"', '#include "core_abi.hpp"', ""]
    lines += ["namespace {", "", "struct instance {"]
    lines += [f"    farm_abi::array<{port.stream.cpp_type} > {port.name};" for port in ports]
    lines += ["};", ""]
    lines += ["void run(const instance& self, const void* const* inputs, void* const* outputs) {"]
    if not ports:
        lines.append("    (void)self;")
    names = []
    for i, port in enumerate(graph.inputs):
        lines.append(f'    farm::stream<{port.stream.cpp_type} > {port.name}_elements("{port.name}");')
        lines.append(f"    {_fill(port.name, port.stream, f'inputs[{i}]', f'{port.name}_elements')}")
        lines += _to_wire(port.name, port.stream, port.stream.beats) if top else []
        names.append(f"{port.name}_wire" if top else f"{port.name}_elements")
    for parameter in ports:
        lines += _parameter_source(parameter, top=top)
        names.append(f"{parameter.name}_{'wire' if top else 'memory'}")
    for port in graph.outputs:
        beat = f"ap_uint<{port.stream.width_bits}>" if top else port.stream.cpp_type
        lines.append(f'    farm::stream<{beat} > {port.name}_{"wire" if top else "elements"}("{port.name}");')
        names.append(f"{port.name}_{'wire' if top else 'elements'}")
    lines.append(f"    {name}{'' if top else '_body'}({', '.join(names)});")
    for i, port in enumerate(graph.outputs):
        lines += _from_wire(port.name, port.stream, port.stream.beats) if top else []
        lines.append(f"    {_drain(port.name, port.stream, f'{port.name}_elements', f'outputs[{i}]')}")
    lines += ["}", "", "}  // namespace", "", 'extern "C" {', ""]
    lines += [
        f"void* {name}_{view}_new(const uint8_t* image, uint64_t left, char* error, uint64_t error_bytes) {{",
        "    instance* self = new instance;",
        "    try {",
        *(f"        {_load(port)}" for port in ports),
        '        if (left) throw std::runtime_error("the memory images are longer than the core\'s memories");',
        "        (void)image;",
        "        return self;",
        "    } catch (const std::exception& wrong) {",
        "        delete self;",
        "        farm_abi::failed(wrong, error, error_bytes);",
        "        return nullptr;",
        "    }",
        "}",
        "",
        f"void {name}_{view}_delete(void* self) {{ delete static_cast<instance*>(self); }}",
        "",
        f"int {name}_{view}_run(const void* self, const void* const* inputs, void* const* outputs, char* error,",
        "    uint64_t error_bytes) {",
        "    try {",
        "        run(*static_cast<const instance*>(self), inputs, outputs);",
        "        return 0;",
        "    } catch (const std::exception& wrong) {",
        "        return farm_abi::failed(wrong, error, error_bytes);",
        "    }",
        "}",
        "",
        '}  // extern "C"',
    ]
    return "\n".join(lines) + "\n"


def _parameter_source(port: ParameterPort, *, top: bool) -> list[str]:
    stream: ParameterStream = port.stream
    if not top:
        memory = f"{port.name}_memory(self.{port.name}.data(), self.{port.name}.size())"
        return [f"    farm::cyclic<{stream.cpp_type} > {memory};"]
    # Pack each beat once and send it many times: packing 2,000 bits takes longer than the core's work on them.
    word, size = f"ap_uint<{stream.width_bits}>", f"self.{port.name}.size()"
    return [
        f"    farm_abi::array<{word} > {port.name}_words({size});",
        f"    for (size_t i = 0; i < {size}; i++) {port.name}_words[i] = farm::pack(self.{port.name}[i]);",
        f'    farm::stream<{word} > {port.name}_wire("{port.name}_wire");',
        f"    for (int pass = 0; pass < {port.reads}; pass++)",
        f"        for (size_t i = 0; i < {size}; i++) {port.name}_wire.write({port.name}_words[i]);",
    ]


def _to_wire(name: str, stream: Stream, beats: int) -> list[str]:
    return [
        f'    farm::stream<ap_uint<{stream.width_bits}> > {name}_wire("{name}_wire");',
        f"    farm::pack_port<{beats}>({name}_elements, {name}_wire);",
    ]


def _from_wire(name: str, stream: Stream, beats: int) -> list[str]:
    return [
        f'    farm::stream<{stream.cpp_type} > {name}_elements("{name}_elements");',
        f"    farm::unpack_port<{beats}>({name}_wire, {name}_elements);",
    ]


PART_BYTES = 1 << 16
"""The host converts card memory in parts of at most this size: queues that grow to megabytes are slower."""


def _dma_read(what: str, word_bytes: int, stream: Stream, arguments: tuple[str, str]) -> list[str]:
    """Generate the loop that converts one image's memory words to beats, in parts of whole words and whole beats."""
    memory, out = arguments
    blocks = stream.elements // math.lcm(word_bytes, stream.lanes)
    parts = next(
        n for n in range(1, blocks + 1) if blocks % n == 0 and (stream.elements // n <= PART_BYTES or n == blocks)
    )
    size, type_ = stream.elements // parts, f"farm::memory_word<{word_bytes}>::type"
    return [
        f'        farm::stream<{type_}> {what}_words("{what}_words");',
        f"        for (int part = 0; part < {parts}; part++) {{",
        f"            farm::read_{what}_words<{word_bytes}, {size // word_bytes}>(",
        f"                reinterpret_cast<const {type_}*>({memory} + part * {size}), 1, {what}_words);",
        f"            farm::words_to_beats<{word_bytes}, {stream.lanes}, {size}>({what}_words, 1, {out});",
        "        }",
    ]


def _only(there: object, name: str) -> str:
    """The name of an argument; without one it is not used."""
    return name if there else ""


def _dma_weight_words(core: DmaCore) -> list[str]:
    """The weights as words of the top's memory port, if there is one."""
    if not core.weights:
        return []
    size = core.weights_word_bytes
    return [
        f"    farm_abi::array<ap_uint<{size * 8}> > rows({core.weights.elements // size});",
        f"    for (size_t i = 0; i < rows.size(); i++) for (int j = 0; j < {size}; j++)",
        f"        rows[i].range(j * 8 + 7, j * 8) = weightsmem[i * {size} + j];",
    ]


def _dma_weight_beats(core: DmaCore) -> list[str]:
    """The beats of weights that the top has sent."""
    weights = core.weights
    if not weights:
        return []
    return [
        f'    farm::stream<{weights.cpp_type} > weights_beats("weights_beats");',
        f"    farm::unpack_repeated<{weights.beats}>(weights_wire, images, weights_beats);",
        f"    farm_abi::drain<{weights.lanes}, 8, int64_t>(weights_beats, weight_elements, images * {weights.beats});",
    ]


@host_entry.register
def _(core: DmaCore, *, top: bool) -> str:
    name = core.name
    image, weights, result = core.image, core.weights, core.result
    lines = [f'#include "{name}_top.cpp"' if top else f'#include "{name}.hpp"', '#include "core_abi.hpp"', ""]
    lines += ['extern "C" {', ""]
    if top:
        rows = ["rows.data()"] if weights else []
        passed = ["words.data()", "answers.data()", *rows, "images", *(f"{port}_wire" for port in core.streams())]
        # One call does everything, like the synthesised kernel; the result indices are queued before it starts.
        lines += [
            f"int {name}_top_run(const uint8_t* in_r, const uint8_t* {_only(weights, 'weightsmem')}, uint32_t* out_r,",
            "    unsigned int images,",
            f"    const void* indices, void* image_elements, void* {_only(weights, 'weight_elements')}) {{",
            f"    farm_abi::array<ap_uint<{core.image_word_bytes * 8}> > words(images * {core.image.elements} /"
            f" {core.image_word_bytes});",
            f"    for (size_t i = 0; i < words.size(); i++) for (int j = 0; j < {core.image_word_bytes}; j++)",
            f"        words[i].range(j * 8 + 7, j * 8) = in_r[i * {core.image_word_bytes} + j];",
            *_dma_weight_words(core),
            f"    farm_abi::array<ap_uint<32> > answers(images * {result.beats});",
            f'    farm::stream<ap_uint<{image.width_bits}> > image_wire("image");',
            *([f'    farm::stream<ap_uint<{weights.width_bits}> > weights_wire("weights");'] if weights else []),
            f'    farm::stream<ap_uint<{result.width_bits}> > result_wire("result");',
            f'    farm::stream<{result.cpp_type} > result_elements("result_elements");',
            f"    farm_abi::fill<{result.cpp_type}, 1, 32>(result_elements, indices, images * {result.beats});",
            f"    farm::pack_repeated<{result.beats}>(result_elements, images, result_wire);",
            f"    {name}({', '.join(passed)});",
            f'    farm::stream<{image.cpp_type} > image_beats("image_beats");',
            f"    farm::unpack_repeated<{image.beats}>(image_wire, images, image_beats);",
            f"    farm_abi::drain<{image.lanes}, 8, uint64_t>(image_beats, image_elements, images * {image.beats});",
            *_dma_weight_beats(core),
            "    for (size_t i = 0; i < answers.size(); i++) out_r[i] = answers[i].to_uint();",
            "    return 0;",
            "}",
        ]
    else:
        lines += [
            f"int {name}_body_read(const uint8_t* image, const uint8_t* {_only(weights, 'weights')},"
            " void* const* outputs, char* error,",
            "    uint64_t error_bytes) {",
            "    try {",
            f'        farm::stream<{image.cpp_type} > pixels("image");',
            *([f'        farm::stream<{weights.cpp_type} > rows("weights");'] if weights else []),
            *_dma_read("image", core.image_word_bytes, image, ("image", "pixels")),
            *(_dma_read("weight", core.weights_word_bytes, weights, ("weights", "rows")) if weights else []),
            f"        {_drain('image', image, 'pixels', 'outputs[0]')}",
            *([f"        {_drain('weights', weights, 'rows', 'outputs[1]')}"] if weights else []),
            "        return 0;",
            "    } catch (const std::exception& wrong) {",
            "        return farm_abi::failed(wrong, error, error_bytes);",
            "    }",
            "}",
            "",
            f"int {name}_body_write(const void* indices, uint8_t* memory, char* error, uint64_t error_bytes) {{",
            "    try {",
            f'        farm::stream<{result.cpp_type} > beats("result");',
            f"        {_fill('result', result, 'indices', 'beats')}",
            f"        uint32_t words[{result.beats}];",
            f"        farm::write_results<{result.beats}>(beats, 1, words);",
            "        std::memcpy(memory, words, sizeof words);",
            "        return 0;",
            "    } catch (const std::exception& wrong) {",
            "        return farm_abi::failed(wrong, error, error_bytes);",
            "    }",
            "}",
        ]
    lines += ["", '}  // extern "C"']
    return "\n".join(lines) + "\n"
