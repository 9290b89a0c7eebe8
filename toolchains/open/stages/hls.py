"""Compile the C++ view of a core; compare body and top with the integer model."""

from __future__ import annotations

from blocks.core.base import Core
from farm.step import PYTHON, Facts, File, Inputs, Output, Resources, Step, Text
from toolchains.common.build import Build
from toolchains.common.core_file import core_text
from toolchains.common.failures import signatures
from toolchains.common.modules import modules_of
from toolchains.common.programs import ERROR_LINES, compiler, interpreter
from toolchains.common.stage import Per, Stage
from toolchains.hls_subset.release import release_header

PROGRAM = "toolchains.open.emulation.compile_core"
HLS_RELEASE = "2022.2"
"""The top is compiled as for this release of Vitis HLS, against the open headers."""
# A stream only warns if it is read while empty or left with beats, as the open header does; hardware would hang.
STREAM_WARNING = "^WARNING: Hls::stream "


def hls(build: Build, core: Core) -> Step:
    """The step that compiles and checks a core."""
    place = f"{build.folder}/hls/{core.name}"
    headers = ("operators/farm_hls.hpp", *core.headers())
    return Step(
        name=f"hls:{core.name}",
        argv=(PYTHON, "-m", PROGRAM, "--core", "core.json"),
        inputs=Inputs(
            modules_of(build.root, PROGRAM, core),
            *(File(header, f"blocks/{header}") for header in headers),
            File("core_abi.hpp", "toolchains/open/emulation/core_abi.hpp"),
            File("docs/hls_pragmas.yaml", "docs/hls_pragmas.yaml"),
            Text("host/farm_release.hpp", release_header("host")),
            Text("release/farm_release.hpp", release_header(HLS_RELEASE)),
            File("release/hls_stream.h", "toolchains/open/emulation/hls_stream.h"),
            Text("core.json", lambda: core_text(core)),
        ),
        outputs=tuple(Output(name, f"{place}/{name}") for name in ("core.o", "interface.json", "csim.json")),
        log=f"{place}/hls.log",
        tools=(compiler(), *interpreter("numpy", "hls4ml", "tree-sitter", "tree-sitter-cpp")),
        facts=Facts(core.facts),
        resources=Resources(memory_gib=1.5),
        error_lines=(*ERROR_LINES, STREAM_WARNING),
        signatures=signatures("open"),
    )


STAGE = Stage("hls", Per.CORE, hls, "core of")
