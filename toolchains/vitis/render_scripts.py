"""Render all scripts and options of a build for AMD's tools into files: `python -m toolchains.vitis.render_scripts`.

It needs no tool. The tests' golden files are rendered by this module, too (see CONTRIBUTING).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from blocks.network import Network, find_network
from blocks.views import VIEWS
from config.settings import Settings
from farm.step import Step, Text
from integration.fit.problem import problem_of
from integration.platform import find_platform
from toolchains.toolchain import Toolchain
from toolchains.vitis.build import VitisBuild
from toolchains.vitis.link.config import link_config, link_words
from toolchains.vitis.settings import VitisSettings
from toolchains.vitis.stages.cosim import cosim
from toolchains.vitis.stages.hls import hls
from toolchains.vitis.stages.link import link_job
from toolchains.vitis.stages.ooc import ooc
from toolchains.vitis.stitch.block_design import design_script
from toolchains.vitis.stitch.contents import contents_script
from toolchains.vitis.stitch.packaging import kernel_script, packaging_script
from toolchains.vitis.toolchain import toolchain_of
from toolchains.vitis.tools.discovery import Tools
from toolchains.vitis.tools.releases import Release

ROOT = Path(__file__).resolve().parents[2]
_SUFFIXES = (".tcl", ".xdc")


def build_for(
    network: Network, release: str, view: str | None, clock_mhz: float | None = None, style: str = "ipi"
) -> VitisBuild:
    """Make a build for hw with the project's defaults, as on a machine without tools."""
    defaults = Settings.defaults()
    platform = find_platform(defaults.platform)
    problem = problem_of(network, platform, defaults)
    vitis = VitisSettings(view=view, release=release, stitch_style=style)
    clock_mhz = clock_mhz or defaults.clock_mhz
    return VitisBuild("vitis", ROOT, network, platform, "hw", clock_mhz, defaults, vitis, Tools(), problem)


def toolchain_for(network: Network, release: str, view: str | None, style: str = "ipi") -> Toolchain:
    """Make the toolchain of a build from `build_for`."""
    return toolchain_of(build_for(network, release, view, style=style))


def scripts(network: Network, release: str, view: str | None, cores: Sequence[str] = ()) -> dict[str, str]:
    """Return all rendered texts by path. `cores` limits them to the cores of these blocks, without the kernel."""
    return dict(_scripts(build_for(network, release, view), cores))


def _scripts(build: VitisBuild, blocks: Sequence[str]) -> Iterator[tuple[str, str]]:
    cores = build.network.cores()
    wanted = {core.name: core for block, core in cores.items() if not blocks or block in blocks}
    users = {block.core().name: block for block in build.network.blocks}
    for name, core in wanted.items():
        if build.view(core) == "hls":
            yield from _rendered(f"hls/{name}", hls(build, core))
            if name in users:
                yield from _rendered(f"cosim/{name}", cosim(build, users[name]))
        yield from _rendered(f"ooc/{name}", ooc(build, core))
    if blocks:
        return
    job, link = build.job, link_job(build)
    yield "stitch/package.tcl", packaging_script(job)
    yield "stitch/design.tcl", design_script(job)
    yield "stitch/contents.tcl", contents_script(job)
    yield "stitch/kernel.tcl", kernel_script(job)
    yield "link/words.txt", "\n".join(("v++", *link_words(link))) + "\n"
    if link.has_file:
        yield "link/link.cfg", link_config(link)


def _rendered(folder: str, step: Step) -> Iterator[tuple[str, str]]:
    for item in step.inputs:
        if isinstance(item, Text) and item.path.endswith(_SUFFIXES):
            yield f"{folder}/{item.path}", item.content


def main() -> int:
    """Write the files. Returns 0, or 1 if the release is not supported."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--network", default="digits")
    parser.add_argument("--release", default="2022.2")
    parser.add_argument("--view", choices=VIEWS, help="view of all cores; default: as in the network's file")
    parser.add_argument("--block", action="append", default=[], help="only the core of this block; may repeat")
    given = parser.parse_args()
    release = Release.of(given.release)
    if release is None or not release.is_supported:
        print(f"ERROR: {given.release!r} is not a supported release; write it as 2022.2")
        return 1
    found = scripts(find_network(given.network), given.release, given.view, given.block)
    for path, text in found.items():
        place = given.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
    print(f"{given.folder}: {len(found)} files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
