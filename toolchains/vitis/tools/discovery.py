"""Find AMD's tools on this machine. No program is started, because `doit list` must answer at once.

An installation folder holds products with their releases, `Vitis/2022.2/bin/v++` (up to 2024.2), or releases with their
products, `2025.1/Vitis/bin/v++` (newer installers). Search order: the setting `vitis.install`; XILINX_VITIS,
XILINX_VIVADO and XILINX_HLS, which settings64.sh sets; PATH; the usual places.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from pathlib import Path

from config.frozen import dataclass
from toolchains.vitis.tools.releases import Release

PRODUCTS = ("Vitis", "Vivado", "Vitis_HLS")
USUAL = ("/tools/Xilinx", "/opt/Xilinx", "/opt/xilinx/tools", "/opt/AMD", "/tools/AMD")
USUAL_PLATFORMS = "/opt/xilinx/platforms"
USUAL_XRT = "/opt/xilinx/xrt"
LICENCE_VARIABLES = ("XILINXD_LICENSE_FILE", "LM_LICENSE_FILE")
"""The variables that name licences, in the order in which the tools read them."""
STAND_IN = "STAND_IN"
"""A file of this name in a product's folder marks its programs as stand-ins of AMD's."""
_PROGRAMS = ("vivado", "v++", "vitis_hls", "vivado_hls", "vitis-run")


@dataclass(frozen=True)
class Installation:
    """One release of the tools on this machine. `programs` are names and absolute paths of the existing programs."""

    release: Release
    programs: tuple[tuple[str, str], ...]
    folders: tuple[tuple[str, str], ...]
    is_stand_in: bool = False

    def program(self, name: str) -> str | None:
        """The path of a program; None if this installation lacks it."""
        return dict(self.programs).get(name)

    def folder(self, product: str) -> str | None:
        """The folder of a product ("Vivado"); None if this installation lacks it."""
        return dict(self.folders).get(product)


@dataclass(frozen=True)
class Tools:
    """The tools found. `licences` are the variables that are set; `platforms` are names and files of platforms."""

    installations: tuple[Installation, ...] = ()
    too_old: tuple[str, ...] = ()
    platforms: tuple[tuple[str, str], ...] = ()
    xrt: str | None = None
    xrt_version: str | None = None
    licences: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    licence_files: tuple[str, ...] = ()

    def newest(self) -> Installation | None:
        """The newest release with Vivado; if none has it, the newest of all."""
        ordered = sorted(self.installations, key=lambda one: (one.program("vivado") is not None, one.release))
        return ordered[-1] if ordered else None

    def of(self, release: Release) -> Installation | None:
        """The installation of a release, or None."""
        return next((one for one in self.installations if one.release == release), None)

    def platform_file(self, vbnv: str) -> str | None:
        """The path of a platform's .xpfm, or None."""
        return dict(self.platforms).get(vbnv)


def find_tools(install: str | None, platforms: str | None, environment: Mapping[str, str] | None = None) -> Tools:
    """Look for tools, platforms, XRT and licences. `environment` defaults to that of the process."""
    variables = os.environ if environment is None else environment
    folders: dict[Release, dict[str, Path]] = {}
    too_old: list[str] = []
    for product, release, folder in _products(install, variables):
        if release.is_supported:
            folders.setdefault(release, {}).setdefault(product, folder)
        else:
            too_old.append(f"{product} {release} ({folder})")
    xrt = _xrt(variables)
    return Tools(
        installations=tuple(_installation(release, folders[release]) for release in sorted(folders)),
        too_old=tuple(dict.fromkeys(too_old)),
        platforms=tuple(sorted(_platforms(platforms, variables).items())),
        xrt=str(xrt) if xrt else None,
        xrt_version=_xrt_version(xrt) if xrt else None,
        licences=tuple((name, variables[name]) for name in LICENCE_VARIABLES if variables.get(name)),
        licence_files=tuple(str(path) for path in _licence_files(variables)),
    )


def _installation(release: Release, folders: Mapping[str, Path]) -> Installation:
    programs = {}
    for name in _PROGRAMS:
        for folder in folders.values():
            path = folder / "bin" / name
            if name not in programs and path.is_file() and os.access(path, os.X_OK):
                programs[name] = str(path)
    places = tuple((product, str(folder)) for product, folder in sorted(folders.items()))
    stand_in = any((folder / STAND_IN).is_file() for folder in folders.values())
    return Installation(release, tuple(sorted(programs.items())), places, stand_in)


def _products(install: str | None, variables: Mapping[str, str]) -> Iterator[tuple[str, Release, Path]]:
    """Yield all product folders, those with the highest precedence first."""
    if install:
        yield from _below(Path(install).expanduser())
        return  # a folder that the user names is the only one searched
    homes = [Path(variables[name]) for name in ("XILINX_VITIS", "XILINX_VIVADO", "XILINX_HLS") if variables.get(name)]
    # bin/v++ may be a link from elsewhere, such as a module system's folder.
    folders = [Path(word) for word in variables.get("PATH", "").split(os.pathsep) if word.startswith("/")]
    for name in _PROGRAMS:
        found = next((folder / name for folder in folders if (folder / name).is_file()), None)
        homes += [found.resolve().parent.parent] if found else []
    for home in homes:
        if described := _described(home):
            yield described
            # Other products of the same release are beside it.
            yield from _beside(home, described[1])
    for place in USUAL:
        yield from _below(Path(place))


def _described(folder: Path) -> tuple[str, Release, Path] | None:
    """Product and release of a folder, by its name and its parent's, in either order; None if it is no product."""
    for product, version in ((folder.parent.name, folder.name), (folder.name, folder.parent.name)):
        release = Release.of(version)
        if product in PRODUCTS and release and folder.is_dir():
            return product, release, folder
    return None


def _beside(folder: Path, release: Release) -> Iterator[tuple[str, Release, Path]]:
    for product in PRODUCTS:
        for other in (folder.parent.parent / product / folder.name, folder.parent / product):
            described = _described(other)
            if described and described[0] == product and described[1] == release:
                yield described


def _below(place: Path) -> Iterator[tuple[str, Release, Path]]:
    for first in _folders(place):
        for second in _folders(first):
            if described := _described(second):
                yield described


def _folders(place: Path) -> Iterable[Path]:
    try:
        return sorted(path for path in place.iterdir() if path.is_dir())
    except OSError:
        return ()


def _platforms(setting: str | None, variables: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    listed = [word for word in variables.get("PLATFORM_REPO_PATHS", "").split(":") if word]
    for repository in [setting] if setting else [*listed, USUAL_PLATFORMS]:
        place = Path(repository).expanduser()
        for folder in (place, *_folders(place)):
            file = folder / f"{folder.name}.xpfm"
            if file.is_file():
                found.setdefault(folder.name, str(file))
    return found


def _xrt(variables: Mapping[str, str]) -> Path | None:
    for word in (variables.get("XILINX_XRT"), USUAL_XRT):
        if word and (Path(word) / "bin" / "xclbinutil").is_file():
            return Path(word)
    return None


def _xrt_version(xrt: Path) -> str | None:
    """The version in XRT's version.json."""
    import json  # noqa: PLC0415  only where there is an XRT

    try:
        return str(json.loads((xrt / "version.json").read_text("utf-8"))["BUILD_VERSION"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _licence_files(variables: Mapping[str, str]) -> list[Path]:
    home = variables.get("HOME")
    try:
        return sorted((Path(home) / ".Xilinx").glob("*.lic")) if home else []
    except OSError:
        return []
