"""The test bench of a core's C++ top, for C simulation and co-simulation: it sends beats and compares beats.

Beats are in text files, one file per port, one hexadecimal beat per line. The integer model writes them, so the bench
knows only names and widths. vivado_hls 2019.2 can compile the C++, too.
"""

from __future__ import annotations

from collections.abc import Iterator

from blocks.core.base import Core
from config.frozen import dataclass

BENCH_OK = "farm: the top equals the model"


@dataclass(frozen=True)
class BenchPort:
    """A port of the top: `beats` is the number of beats in its file, `stream` its name in the graph."""

    name: str
    stream: str
    width_bits: int
    is_input: bool
    is_memory: bool
    beats: int

    @property
    def file(self) -> str:
        """The name of the file with the port's beats."""
        return f"{self.name}.txt"


def bench_ports(core: Core, images: int = 1) -> tuple[BenchPort, ...]:
    """The ports of a core's top, in the order of its arguments, with the beats of `images` images."""
    beats = {name: count * images for name, count in core.port_beats().items()}
    return tuple(
        BenchPort(
            port.name, port.stream, port.width_bits, port.direction == "in", port.role == "memory", beats[port.stream]
        )
        for port in core.ports()
    )


def bench_source(core: Core, images: int = 1) -> str:
    """Render the C++ of the bench, which calls the top once for each image."""
    return "\n".join(_bench(core, images)) + "\n"


def _bench(core: Core, images: int) -> Iterator[str]:
    name, ports = core.name, bench_ports(core, images)
    # The top of a core with memory ports has an argument for the number of images.
    counts_images = any(port.is_memory for port in ports)
    yield f'#include "{name}.hpp"'
    yield "#include <cstdio>"
    yield "#include <fstream>"
    yield "#include <string>"
    yield "#include <vector>"
    yield ""
    yield f"void {name}("
    arguments = [_argument(port) for port in ports]
    if counts_images:
        arguments.insert(sum(port.is_memory for port in ports), "unsigned int numReps")
    yield ",\n".join(f"    {argument}" for argument in arguments) + ");"
    yield ""
    yield "static std::vector<std::string> lines(const char* file) {"
    yield "    std::ifstream stream(file);"
    yield "    std::vector<std::string> found;"
    yield "    for (std::string line; std::getline(stream, line);) found.push_back(line);"
    yield "    return found;"
    yield "}"
    yield ""
    yield "int main() {"
    yield "    int wrong = 0;"
    for port in ports:
        kind = f"ap_uint<{port.width_bits}>"
        yield f'    const std::vector<std::string> {port.name}_lines = lines("{port.file}");'
        yield f"    if ({port.name}_lines.size() != {port.beats}) {{"
        yield f'        std::printf("{port.file}: %d beats, expected {port.beats}\\n", (int){port.name}_lines.size());'
        yield "        return 1;"
        yield "    }"
        if port.is_memory:
            yield f"    static {kind} {port.name}[{port.beats}];"
        else:
            yield f'    farm::stream<{kind} > {port.name}("{port.name}");'
        if port.is_input:
            value = f"{kind}({port.name}_lines[i].c_str(), 16)"
            store = f"{port.name}[i] = {value}" if port.is_memory else f"{port.name}.write({value})"
            yield f"    for (int i = 0; i < {port.beats}; i++) {store};"
    given = [port.name for port in ports]
    if counts_images:
        given.insert(sum(port.is_memory for port in ports), "1")
    loop = f"for (int image = 0; image < {images}; image++) " if images > 1 else ""
    yield f"    {loop}{name}({', '.join(given)});"
    for port in ports:
        if port.is_input:
            continue
        kind = f"ap_uint<{port.width_bits}>"
        read = f"{port.name}[i]" if port.is_memory else f"{port.name}.read()"
        if not port.is_memory:
            yield f"    if ({port.name}.size() != {port.beats}) {{"
            yield f'        std::printf("{port.name}: %d beats, expected {port.beats}\\n", (int){port.name}.size());'
            yield "        return 1;"
            yield "    }"
        yield f"    for (int i = 0; i < {port.beats}; i++) {{"
        yield f"        const {kind} beat = {read};"
        yield f"        if (beat != {kind}({port.name}_lines[i].c_str(), 16)) {{"
        yield f'            if (!wrong) std::printf("beat %d of {port.name} differs from the model\\n", i);'
        yield "            wrong++;"
        yield "        }"
        yield "    }"
    yield f'    if (!wrong) std::printf("{BENCH_OK}\\n");'
    yield "    return wrong ? 1 : 0;"
    yield "}"


def _argument(port: BenchPort) -> str:
    kind = f"ap_uint<{port.width_bits}>"
    if port.is_memory:
        return f"{'const ' if port.is_input else ''}{kind}* {port.name}"
    return f"farm::stream<{kind} >& {port.name}"
